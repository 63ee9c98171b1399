"""Who takes a session when "any suitable interviewer" will do: by priority and weight, with a share for new people.

`choose_interviewer(kind, start, candidate_id=..., duration=..., among=..., leaving_out=..., ignore=...)` gives the
card of the interviewer to hold the time with, or None when nobody who fits is free. Call it right before `hold`; when
the hold collides, call it again with that interviewer in `leaving_out`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from kernel import current_tenant, now, services, setting, sql
from plugins.users.api import InterviewerCard, Interviewers

from ..availability import ask_many
from ..models import InterviewType

#: Sessions are shared by weight over this long.
SHARE_DAYS = 30
#: Whoever has taken fewer sessions than this is new.
NEWCOMER = 5


@dataclass(frozen=True, slots=True)
class Share:
    """What counts in taking turns: `recent` sessions of the last SHARE_DAYS, `total` and `last` of all time.

    `missed`: how many sessions the others had in the last SHARE_DAYS before this one offered the type.
    """

    account_id: UUID
    priority: int
    weight: int
    recent: int
    total: int
    missed: int
    last: datetime | None

    @property
    def new(self) -> bool:
        return self.total < NEWCOMER


async def choose_interviewer(
    kind: InterviewType,
    start: datetime,
    *,
    candidate_id: UUID | None = None,
    duration: int | None = None,
    among: Collection[UUID] | None = None,
    leaving_out: Collection[UUID] = (),
    ignore: UUID | None = None,
) -> InterviewerCard | None:
    """The interviewer whose turn it is among those who offer `kind`, take bookings and are free at `start`.

    `among` narrows the choice (a search by skill or language); `duration` in minutes when not the type's own;
    `ignore` is a booking that does not count, for moving and handing over.
    """
    cards = await suitable(kind, among=among, leaving_out={*leaving_out, *((candidate_id,) if candidate_id else ())})
    free = await ask_many(kind, list(cards), candidate_id=candidate_id, duration=duration, ignore=ignore)
    able = [account_id for account_id, answer in free.items() if not answer.refusal(start)]
    if not able:
        return None
    return cards[turns(list((await shares(kind.id, able)).values()), await floor_owed(kind.id))[0]]


async def suitable(
    kind: InterviewType, *, among: Collection[UUID] | None = None, leaving_out: Collection[UUID] = ()
) -> dict[UUID, InterviewerCard]:
    """Published interviewers who offer `kind` and take new bookings."""
    rows = await sql(
        "SELECT account_id FROM scheduling_offer WHERE tenant_id = $1 AND type_id = $2", current_tenant().id, kind.id
    )
    wanted = {row.account_id for row in rows} - set(leaving_out)
    if among is not None:
        wanted &= set(among)
    cards = await services.need(Interviewers).cards(wanted)
    return {account_id: card for account_id, card in cards.items() if card.published and card.accepting}


async def shares(type_id: UUID, ids: Collection[UUID]) -> dict[UUID, Share]:
    """How the sessions of a type were shared so far; one query."""
    rows = await sql(
        """
        SELECT o.account_id, o.priority, o.weight, o.offered_at, count(b.id) AS total, max(b.created_at) AS last,
               count(b.id) FILTER (WHERE b.created_at > $4) AS recent,
               (SELECT count(*) FROM scheduling_booking x WHERE x.tenant_id = o.tenant_id AND x.type_id = o.type_id
                  AND x.created_at > $4 AND x.created_at < o.offered_at AND x.interviewer_id = ANY($3::uuid[])
                  AND x.interviewer_id <> o.account_id AND x.status NOT IN ('expired', 'rejected')) AS missed
        FROM scheduling_offer o LEFT JOIN scheduling_booking b ON b.tenant_id = o.tenant_id
          AND b.interviewer_id = o.account_id AND b.type_id = o.type_id AND b.status NOT IN ('expired', 'rejected')
        WHERE o.tenant_id = $1 AND o.type_id = $2 AND o.account_id = ANY($3::uuid[])
        GROUP BY o.tenant_id, o.type_id, o.account_id, o.priority, o.weight, o.offered_at
        """,
        current_tenant().id,
        type_id,
        list(ids),
        now() - timedelta(days=SHARE_DAYS),
    )
    return {
        row.account_id: Share(
            row.account_id, row.priority, max(row.weight, 1), row.recent, row.total, row.missed, row.last
        )
        for row in rows
    }  # fmt: skip


async def floor_owed(type_id: UUID) -> bool:
    """Whether new interviewers got less than their floor among the last twenty sessions of the type."""
    percent = int(setting("scheduling.newcomer_share"))
    if not percent:
        return False
    rows = await sql(
        """
        SELECT b.interviewer_id, (SELECT count(*) FROM scheduling_booking x WHERE x.tenant_id = $1
            AND x.interviewer_id = b.interviewer_id AND x.type_id = $2 AND x.created_at < b.created_at
            AND x.status NOT IN ('expired', 'rejected')) AS before
        FROM scheduling_booking b WHERE b.tenant_id = $1 AND b.type_id = $2 AND b.interviewer_id IS NOT NULL
          AND b.status NOT IN ('expired', 'rejected')
        ORDER BY b.created_at DESC LIMIT 20
        """,
        current_tenant().id,
        type_id,
    )
    return bool(rows) and sum(row.before < NEWCOMER for row in rows) * 100 < percent * len(rows)


def turns(people: Collection[Share], owed: bool = False) -> list[UUID]:
    """Account ids, the one whose turn it is first.

    The highest priority goes first; among equals whoever has had least for their weight. Somebody who offers the type
    only lately is counted as if they had taken, before, what the others took on average: they neither wait nor get
    everything. While the floor is `owed`, new people of any priority come before the others.
    """
    weights: dict[int, int] = {}
    for one in people:
        weights[one.priority] = weights.get(one.priority, 0) + one.weight

    def key(one: Share) -> tuple[bool, int, float, float, str]:
        others = weights[one.priority] - one.weight
        caught_up = one.recent / one.weight + (one.missed / others if others else 0.0)
        last = one.last.timestamp() if one.last else 0.0
        return not (owed and one.new), -one.priority, caught_up, last, str(one.account_id)

    return [one.account_id for one in sorted(people, key=key)]
