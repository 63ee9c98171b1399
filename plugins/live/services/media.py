"""Which connection two people have. Every pair in a room has its own, numbered by the session's `epoch`.

Whoever joins anew gets the next number, and so does each of their pairs; a repair gives one pair a number of its own.
The number of a pair is the highest that concerns it. Both sides drop what belongs to a lower one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from kernel import compare_and_set, unit_of_work

from ..access import channel
from ..models import LiveSession, Presence
from .life import hub


def key(one: UUID, other: UUID) -> str:
    return "|".join(sorted((str(one), str(other))))


def number(pairs: Mapping[str, int], one: tuple[UUID, int], other: tuple[UUID, int]) -> int:
    """Of the connection between two people, each with the epoch of when they joined."""
    return max(pairs.get(key(one[0], other[0]), 0), one[1], other[1])


def without(pairs: Mapping[str, int], person_id: UUID) -> dict[str, int]:
    """Repairs that still count after somebody joined anew."""
    return {pair: epoch for pair, epoch in pairs.items() if str(person_id) not in pair}


async def rebuild(session_id: UUID, me: UUID, other: UUID, epoch: int) -> None:
    """Two people make a new connection, if the broken one is still the current one; else hear which one is."""
    async with unit_of_work():
        session = await LiveSession.filter(id=session_id).select_for_update().get()
        here: dict[UUID, int] = dict(
            await Presence.filter(
                session_id=session_id, account_id__in=[me, other], left_at=None, lobby=False
            ).values_list("account_id", "epoch")
        )
        if len(here) < 2 or me == other:
            return
        current = number(session.pairs, (me, here[me]), (other, here[other]))
        if current <= epoch:
            current = session.epoch + 1
            await compare_and_set(session, epoch=current, pairs={**session.pairs, key(me, other): current})
    told: dict[str, Any] = {"t": "epoch", "epoch": current}
    await hub.post(channel(session_id), {**told, "who": other}, account=me)
    await hub.post(channel(session_id), {**told, "who": me}, account=other)
