"""Whose turn it is when "any suitable interviewer" will do: each one's priority and weight for a type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kernel import _, audit, errors, services, unit_of_work
from plugins.users.api import InterviewerCard, Interviewers

from ..models import InterviewType, Offer
from .assignment import shares

#: The highest priority among the free ones goes first.
PRIORITIES: Final = (0, 1, 2, 3, 4)
WEIGHTS: Final = range(1, 1001)


@dataclass(frozen=True, slots=True)
class Turn:
    """An interviewer's place in taking turns; `recent` are their sessions of the type in the last 30 days."""

    account_id: UUID
    card: InterviewerCard | None
    priority: int
    weight: int
    recent: int


async def turns_of(type_id: UUID) -> list[Turn]:
    """Everybody who offers the type, the highest priority first."""
    offers = await Offer.filter(type_id=type_id)
    ids = [offer.account_id for offer in offers]
    cards, had = await services.need(Interviewers).cards(ids), await shares(type_id, ids)
    found = [
        Turn(o.account_id, cards.get(o.account_id), o.priority, o.weight, had[o.account_id].recent)
        for o in offers
        if o.account_id in had
    ]
    return sorted(found, key=lambda t: (-t.priority, t.card.name if t.card else "", str(t.account_id)))


async def set_turns(kind: InterviewType, wanted: Mapping[UUID, tuple[int, int]]) -> None:
    """Priority and weight by interviewer; whoever is not named stays. All or nothing, told to the audit.

    Raises Invalid with `priority` or `weight`, NotFound for somebody who does not offer the type.
    """
    for priority, weight in wanted.values():
        if priority not in PRIORITIES:
            raise errors.Invalid({"priority": _("Choose one of the options.")})
        if weight not in WEIGHTS:
            raise errors.Invalid({"weight": _("Choose a weight from 1 to 1,000.")})
    async with unit_of_work():
        rows = {o.account_id: o for o in await Offer.filter(type_id=kind.id).order_by("id").select_for_update()}
        if wanted.keys() - rows.keys():
            raise errors.NotFound()
        before, after = {}, {}
        for account_id, turn in wanted.items():
            row = rows[account_id]
            if (row.priority, row.weight) == turn:
                continue
            before[str(account_id)] = {"priority": row.priority, "weight": row.weight}
            row.priority, row.weight = turn
            await row.save(update_fields=["priority", "weight"])
            after[str(account_id)] = {"priority": row.priority, "weight": row.weight}
        if after:
            await audit.record(
                "scheduling.turns_changed",
                subject="interview_type",
                subject_id=str(kind.id),
                before=before,
                after=after,
            )
