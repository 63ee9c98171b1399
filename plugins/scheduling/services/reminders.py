"""Reminders and follow-ups: planned when a booking stands or moves, checked again when their moment comes.

A row is one message to one person. All rows of a tenant that are due in the same minute share one job, which claims
them by hundreds, joined with their bookings: what was cancelled, moved or is over falls out in the same statement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import (
    NoticeSink,
    account_setting,
    current_tenant,
    enqueue,
    execute,
    get_logger,
    new_id,
    now,
    services,
    set_account_setting,
    setting,
    sql,
    unit_of_work,
)

from .. import reminders as plans
from ..models import Booking, InterviewType, Reminder
from ..reminders import AFTER, BEFORE, Due
from ..settings import OWN_REMINDERS, reminder_rules

log = get_logger(__name__)

JOB: Final = "scheduling.remind"
#: How many are claimed, checked and delivered in one transaction.
BATCH: Final = 1000
#: How long a message is known to have been sent.
KEPT: Final = timedelta(days=60)


# --- planning -----------------------------------------------------------------------------------------------------


async def plan(booking: Booking) -> None:
    """Plan what is to be said about an accepted booking, instead of what was planned before. Joins the transaction."""
    await unplan(booking)
    if booking.kind != "human":
        return
    people = people_of(booking)
    own = {account_id: await own_offsets(account_id) for account_id in people}
    await _write(booking, plans.due(await _rules(booking), people, own, booking.starts_at, now()))


async def plan_follow_ups(booking: Booking) -> None:
    """A session took place: plan what comes after it."""
    if booking.kind == "human":
        await _write(booking, plans.follow_ups(await _rules(booking), people_of(booking), now()))


async def unplan(booking: Booking) -> None:
    """Nothing more is said about the booking as it was."""
    await Reminder.filter(booking_id=booking.id, done_at=None).delete()


async def replan(*, type_id: UUID | None = None, account_id: UUID | None = None) -> int:
    """Rules or wishes changed: plan upcoming sessions anew. What has passed stays passed; nobody is mailed for it."""
    found = Booking.filter(status="accepted", kind="human", starts_at__gt=now())
    if type_id is not None:
        found = found.filter(type_id=type_id)
    ids: list[Any] = await found.values_list("id", flat=True)
    count = 0
    for booking_id in ids:
        async with unit_of_work():
            booking = await Booking.filter(id=booking_id).select_for_update().first()
            if booking is None or booking.status != "accepted":
                continue
            if account_id is None or account_id in people_of(booking):
                await plan(booking)
                count += 1
    return count


async def _rules(booking: Booking) -> tuple[plans.Rule, ...]:
    kind = await InterviewType.filter(id=booking.type_id).only("id", "tenant_id", "reminders").first()
    return reminder_rules() if kind is None or kind.reminders is None else plans.rules(kind.reminders)


def people_of(booking: Booking) -> dict[UUID, str]:
    """Who is reminded, with their role."""
    hosts = {host: "interviewer" for host in (booking.interviewer_id, booking.second_id) if host is not None}
    return {**hosts, booking.candidate_id: "candidate"}


async def _write(booking: Booking, found: Sequence[Due]) -> None:
    rows = [
        Reminder(
            id=new_id(), booking_id=booking.id, account_id=d.account_id, sequence=booking.ical_sequence, kind=d.kind,
            minutes=d.minutes, channels=d.channels, due_at=d.at,
        )
        for d in found
    ]  # fmt: skip
    await Reminder.bulk_create(rows, ignore_conflicts=True)
    for minute in sorted({_minute(d.at) for d in found}):
        await enqueue(JOB, run_at=minute, key=f"{JOB}:{int(minute.timestamp())}")


def _minute(at: datetime) -> datetime:
    """The whole minute at or after an instant."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)


# --- a person's own wishes ----------------------------------------------------------------------------------------


async def own_offsets(account_id: UUID) -> tuple[int, ...]:
    """Minutes before the start that somebody chose instead of what the house and the type say; () for none."""
    chosen = await account_setting(OWN_REMINDERS, account_id)
    return tuple(sorted({int(text) for text in chosen if text.isdecimal()}, reverse=True))


async def choose(account_id: UUID, minutes: Sequence[int]) -> int:
    """Somebody says how long before a session they want to be reminded; empty: as the house says."""
    await set_account_setting(OWN_REMINDERS, [str(m) for m in sorted(set(minutes), reverse=True)], account_id)
    return await replan(account_id=account_id)


# --- sending ------------------------------------------------------------------------------------------------------

#: First the rows, in the order of their index, which is why the empty `done_at` is named there; then their bookings.
#: Joined at once, every claim would sort all that is due.
_DUE = """
WITH due AS MATERIALIZED (
  SELECT r.id, r.booking_id, r.account_id, r.kind, r.minutes, r.sequence, r.channels, r.due_at
  FROM scheduling_reminder r
  WHERE r.tenant_id = $1 AND r.done_at IS NULL AND r.due_at <= $2 AND NOT r.id = ANY ($3::uuid[])
  ORDER BY r.done_at, r.due_at LIMIT $4 FOR UPDATE SKIP LOCKED
)
SELECT due.*, b.status, b.outcome, b.ical_sequence, b.starts_at, b.title, b.alias, b.candidate_id, b.interviewer_id,
    b.second_id
FROM due LEFT JOIN scheduling_booking b ON b.tenant_id = $1 AND b.id = due.booking_id
ORDER BY due.due_at
"""


async def send_due() -> Counter[str]:
    """Say everything that is due, once; what came of it, by result.

    A row that cannot be said does not hold up the others; it stays, and the failure is raised in the end, so that the
    job is tried again later and shows among the failed ones when it never works.
    """
    found: Counter[str] = Counter()
    failed: dict[UUID, Exception] = {}
    size = BATCH
    while True:
        ids: list[UUID] = []
        try:
            async with unit_of_work():
                rows = await sql(_DUE, current_tenant().id, now(), list(failed), size)
                if not rows:
                    break
                ids = [row.id for row in rows]
                found.update(await _say(rows))
        except Exception as exc:
            if size > 1:
                size = 1  # one of them is to blame: the rest of this run goes one by one
            else:
                failed.update(dict.fromkeys(ids, exc))
                if not ids:
                    raise
    if found["stale"]:
        log.warning("%d reminders were missed by too much and are dropped", found["stale"])
    if failed:
        raise next(iter(failed.values()))
    return found


async def _say(rows: Sequence[Any]) -> Counter[str]:
    from ..notifications.near import notices_of

    at = now()
    grace = timedelta(minutes=setting("scheduling.reminder_grace_minutes"))
    results = {row.id: _result(row, at, grace) for row in rows}
    made = await notices_of([row for row in rows if results[row.id] == "sent"])
    for row in rows:
        if results[row.id] == "sent" and row.id not in made:
            results[row.id] = "moot"
    sink = services.get(NoticeSink)
    by_type: dict[str, list[Any]] = {}
    for type_id, notice in made.values():
        by_type.setdefault(type_id, []).append(notice)
    for type_id, notices in by_type.items():
        if sink is not None:
            await sink.deliver(type_id, notices)
    await execute(
        "UPDATE scheduling_reminder r SET done_at = $1, result = d.result FROM unnest($2::uuid[], $3::text[])"
        " AS d (id, result) WHERE r.id = d.id",
        at, list(results), list(results.values()),
    )  # fmt: skip
    return Counter(results.values())


def _result(row: Any, at: datetime, grace: timedelta) -> str:
    """Whether it is still to be said: the booking stands as it was planned for, and the moment is now."""
    people = (row.candidate_id, row.interviewer_id, row.second_id)
    stands = row.ical_sequence == row.sequence and row.account_id in people
    if row.kind == AFTER:
        stands = stands and row.status == "completed" and row.outcome == "completed"
    else:
        stands = stands and row.status == "accepted"
    if not stands:
        return "moot"
    late = at - row.due_at.astimezone(UTC) > grace or (row.kind == BEFORE and row.starts_at <= at)
    return "stale" if late else "sent"


async def tidy() -> int:
    """Forget what was said long ago."""
    return await Reminder.filter(done_at__lt=now() - KEPT).delete()
