"""Who could hold a session instead, whose turn it would be, and how much longer it could last."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel import current_tenant, now, services, sql_one
from plugins.users.api import InterviewerCard, Interviewers

from . import availability, queries
from .availability import LIVE_SQL, PASSING_SQL
from .models import Booking, InterviewType
from .refusals import words
from .services import assignment
from .services.requests import at_once


@dataclass(frozen=True, slots=True)
class Able:
    """Somebody who is free and fits. `recent`: sessions of this type in the last weeks."""

    card: InterviewerCard
    recent: int
    new: bool


async def able_to_take_over(booking: Booking) -> tuple[list[Able], list[tuple[InterviewerCard, str]]]:
    """Interviewers who can hold the session at its time, in turn; and those who offer it but cannot, with why."""
    kind = await InterviewType.filter(id=booking.type_id).first()
    if kind is None:
        return [], []
    mine = {i for i in (booking.interviewer_id, booking.second_id, booking.candidate_id) if i is not None}
    cards = await services.need(Interviewers).cards(await queries.hosts_of(booking.type_id) - mine)
    minutes = round((booking.ends_at - booking.starts_at).total_seconds() / 60)
    asked = at_once(kind)
    asked.duration_minutes = minutes
    free = await availability.ask_many(asked, list(cards), ignore=booking.id, at=now())
    able: list[UUID] = []
    busy: list[tuple[InterviewerCard, str]] = []
    for account_id, card in cards.items():
        no = free[account_id].refusal(booking.starts_at)
        if not no:
            able.append(account_id)
        else:
            busy.append((card, words(no)))
    found = await assignment.shares(booking.type_id, able)
    order = assignment.turns(list(found.values()))
    return [Able(cards[i], found[i].recent, found[i].new) for i in order], sorted(busy, key=lambda b: b[0].name)


async def longest_extension(booking: Booking, most: int) -> int:
    """Minutes until the next thing in the calendar of anybody in the session, at most `most`."""
    row = await sql_one(
        f"""
        SELECT min(CASE WHEN n.interviewer_id = ANY($3::uuid[]) OR n.second_id = ANY($3::uuid[])
            THEN n.guard_from - $5::bigint ELSE n.from_minute - $6::bigint END) AS room
        FROM scheduling_booking n WHERE n.tenant_id = $1 AND n.id <> $2 AND n.status IN ({LIVE_SQL})
          AND (n.status NOT IN ({PASSING_SQL}) OR n.hold_until > $7) AND n.starts_at >= $8
          AND (n.interviewer_id = ANY($3::uuid[]) OR n.second_id = ANY($3::uuid[]) OR n.candidate_id = $4)
        """,  # noqa: S608 - constants
        current_tenant().id,
        booking.id,
        [i for i in (booking.interviewer_id, booking.second_id) if i is not None],
        booking.candidate_id,
        booking.guard_to,
        booking.to_minute,
        now(),
        booking.starts_at,
    )
    room = most if row is None or row.room is None else int(row.room)
    return max(0, min(room, most))
