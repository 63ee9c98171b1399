"""Sessions, hours and types for the demo tenants. The same every time, but for the day it is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from kernel import accounts, current_snapshot, current_tenant, execute, new_id, now, services, sql, unit_of_work, zones
from plugins.users.api import InterviewerCard, Interviewers

from . import demo_cast, policies
from .availability import Question, ask, minute
from .models import Booking, BookingChange, DateOverride, InterviewType, Offer, Schedule, TimeOff
from .pricing import price_of
from .services import core
from .states import Outcome, Status

_DAYS = 60


@dataclass(slots=True)
class _Stage:
    """Who and what there is to play with."""

    slug: str
    rng: random.Random
    cards: list[InterviewerCard]
    candidates: list[accounts.AccountCard]
    types: dict[str, InterviewType]
    offers: dict[UUID, list[InterviewType]]
    numbers: dict[UUID, int]
    rows: list[Booking]
    changes: list[BookingChange]


async def seed(slug: str) -> None:
    """Fill the tenant; done once, in bulk and without news: nobody has to be told about invented sessions."""
    cards = await services.need(Interviewers).listed()
    teachers = {card.account_id for card in cards}
    people = [c for c in await accounts.accounts_with_role("candidate") if c.id not in teachers]
    async with unit_of_work():
        types = await _types(slug)
        rng = random.Random(f"scheduling {slug}")  # noqa: S311 - invented data, the same every time
        stage = _Stage(
            slug, rng, cards, people, types, {}, await _numbers([*teachers, *(p.id for p in people)]), [], []
        )
        await _hours(stage)
        if cards and people:
            _past(stage)
            _practice(stage)
            await Booking.bulk_create(stage.rows)
            await BookingChange.bulk_create(stage.changes)
            await _upcoming(stage)


async def _types(slug: str) -> dict[str, InterviewType]:
    """The tenant's types: the usual ones, or its own set in its own words."""
    own = demo_cast.TYPES.get(slug)
    if own:
        await InterviewType.all().delete()
        currency = current_snapshot().currency
        await InterviewType.bulk_create(
            [InterviewType(currency=currency, position=n, **values) for n, values in enumerate(own)]
        )
    return {row.slug: row for row in await InterviewType.all().order_by("position")}


async def _numbers(ids: Sequence[UUID]) -> dict[UUID, int]:
    """Calendar numbers for everybody at once."""
    await execute(
        "INSERT INTO scheduling_calendar (id, tenant_id, account_id, number)"
        " SELECT gen_random_uuid(), $1, a, nextval('scheduling_calendar_number') FROM unnest($2::uuid[]) AS a"
        " ON CONFLICT DO NOTHING",
        current_tenant().id,
        list(ids),
    )
    rows = await sql("SELECT account_id, number FROM scheduling_calendar WHERE tenant_id = $1", current_tenant().id)
    return {row.account_id: row.number for row in rows}


async def _hours(stage: _Stage) -> None:
    """Everybody's weekly hours in their own zone, and what they offer, by their skills."""
    human = [t for t in stage.types.values() if t.kind == "human"]
    schedules, offers, away = [], [], []
    login = demo_cast.INTERVIEWERS.get(stage.slug, "")
    for n, card in enumerate(sorted(stage.cards, key=lambda c: (c.name != login, c.name))):
        weekly = demo_cast.WEEKS[n % len(demo_cast.WEEKS)]
        schedules.append(
            Schedule(account_id=card.account_id, zone=card.zone, weekly=weekly, per_day=4 if n % 3 else None)
        )
        words = " ".join(card.skills).casefold()
        fitting = [t for t in human if any(w in words for w in demo_cast.MARKS.get(t.slug, ()))]
        stage.offers[card.account_id] = fitting or human[:2]
        offers += [Offer(account_id=card.account_id, type_id=t.id) for t in stage.offers[card.account_id]]
        if n in (4, 7):
            first = zones.instant((now() + timedelta(days=9 + n)).date(), time(), card.zone)
            away.append(TimeOff(account_id=card.account_id, starts_at=first, ends_at=first + timedelta(days=3)))
    await Schedule.bulk_create(schedules)
    await Offer.bulk_create(offers)
    await TimeOff.bulk_create(away)


def _logins(stage: _Stage) -> tuple[accounts.AccountCard, InterviewerCard]:
    """The demo candidate and the demo interviewer, or the first of each."""
    me = next((c for c in stage.candidates if c.email == "candidate@demo.test"), stage.candidates[0])
    name = demo_cast.INTERVIEWERS.get(stage.slug, "")
    other = next((c for c in stage.cards if c.name == name), stage.cards[0])
    return me, other


def _past(stage: _Stage) -> None:
    """About fifty sessions of the last two months; the demo logins have their share."""
    rng, (me, host) = stage.rng, _logins(stage)
    busy: set[tuple[UUID, datetime]] = set()
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    for n in range(52):
        card = host if n % 6 == 0 else rng.choice(stage.cards)
        person = me if n % 7 == 0 else rng.choice(stage.candidates)
        kind = rng.choice(stage.offers[card.account_id])
        # More of them lately: the house is growing.
        day = today - timedelta(days=max(1, int(_DAYS * rng.random() ** 1.4)))
        local = zones.instant(day.date(), time(rng.choice((9, 10, 11, 13, 14, 15, 16)), rng.choice((0, 30))), card.zone)
        if local > now() - timedelta(hours=3) or (card.account_id, local) in busy or (person.id, local) in busy:
            continue
        busy |= {(card.account_id, local), (person.id, local)}
        status, outcome = _end(rng, n)
        _row(stage, kind, card, person, local, status, outcome)


def _end(rng: random.Random, n: int) -> tuple[Status, Outcome | None]:
    draw = rng.random()
    if n == 0 or draw < 0.8:
        return Status.COMPLETED, Outcome.COMPLETED
    if draw < 0.9:
        return Status.CANCELLED, None
    return Status.COMPLETED, Outcome.NO_SHOW_CANDIDATE if draw < 0.97 else Outcome.NO_SHOW_INTERVIEWER


def _practice(stage: _Stage) -> None:
    """Practice sessions of the last weeks."""
    rng, (me, _host) = stage.rng, _logins(stage)
    kinds = [t for t in stage.types.values() if t.kind == "ai"]
    for n in range(16 if kinds else 0):
        person = me if n % 4 == 0 else rng.choice(stage.candidates)
        at = now().replace(minute=0, second=0, microsecond=0) - timedelta(days=1 + 2 * n, hours=rng.randrange(1, 9))
        _row(stage, rng.choice(kinds), None, person, at, Status.COMPLETED, Outcome.COMPLETED)


def _row(
    stage: _Stage,
    kind: InterviewType,
    card: InterviewerCard | None,
    person: accounts.AccountCard,
    start: datetime,
    status: Status,
    outcome: Outcome | None = None,
) -> Booking:
    rng = stage.rng
    end, price = start + timedelta(minutes=kind.duration_minutes), price_of(kind, card)
    booked = start - timedelta(days=rng.randrange(1, 9), hours=rng.randrange(8)) if card else start
    booked = min(booked, now() - timedelta(hours=2))
    cancelled = status is Status.CANCELLED
    booking_id, low, high = new_id(), minute(start), minute(end)
    policy = policies.ready(kind.policy)
    by = rng.choice(("candidate", "candidate", "interviewer")) if cancelled else ""
    case = policies.Case("cancel", by, price.minor, start, start - timedelta(hours=rng.choice((30, 5))))
    back = policies.weigh(policy, case)
    row = Booking(
        id=booking_id, type_id=kind.id, interviewer_id=card.account_id if card else None, candidate_id=person.id,
        starts_at=start, ends_at=end, status=status.value, outcome=outcome.value if outcome else None, kind=kind.kind,
        title=kind.title, level=kind.level, candidate_zone=person.zone or "UTC",
        intake={"goal": rng.choice(demo_cast.GOALS.get(stage.slug, demo_cast.GOALS["acme"]))},
        price_minor=price.minor, currency=price.currency, policy=policy, ical_uid=f"{booking_id}@greenroom",
        ical_sequence=int(cancelled), confirmed_at=booked, cancelled_by=by, created_at=booked, updated_at=booked,
        cancel_reason=demo_cast.REASONS.get(stage.slug, demo_cast.REASONS["acme"]) if cancelled else "",
        refund_percent=back.percent if cancelled else None,
        calendar_no=stage.numbers.get(card.account_id) if card else None, candidate_no=stage.numbers[person.id],
        from_minute=low, to_minute=high, guard_from=low - kind.buffer_before, guard_to=high + kind.buffer_after,
    )  # fmt: skip
    stage.rows.append(row)
    _story(stage, row, booked, card.account_id if card else None)
    return row


def _story(stage: _Stage, row: Booking, booked: datetime, host: UUID | None) -> None:
    """The history behind a booking, so that its page has one."""
    steps: list[tuple[str, Status, datetime, UUID | None, str]] = []
    if host:
        steps.append(("", Status.HELD, booked - timedelta(minutes=3), row.candidate_id, "candidate"))
    steps.append((Status.HELD, Status.ACCEPTED, booked, row.candidate_id, "candidate"))
    if row.status == Status.CANCELLED:
        who = row.candidate_id if row.cancelled_by == "candidate" else host
        steps.append(
            (Status.ACCEPTED, Status.CANCELLED, max(booked, row.starts_at - timedelta(hours=30)), who, row.cancelled_by)
        )
    if row.status == Status.COMPLETED:
        if row.outcome == Outcome.COMPLETED:
            steps.append((Status.ACCEPTED, Status.IN_PROGRESS, row.starts_at, None, "system"))
        steps.append((Status.IN_PROGRESS, Status.COMPLETED, row.ends_at, None, "system"))
    for before, after, at, actor, role in steps:
        reason = row.cancel_reason if after is Status.CANCELLED else ""
        stage.changes.append(
            BookingChange(
                booking_id=row.id, before=before, after=after.value, actor_id=actor, role=role, reason=reason, at=at
            )
        )


async def _upcoming(stage: _Stage) -> None:
    """Sessions to come: one that can be joined now, and free times taken as anybody would take them."""
    stage.rows, stage.changes = [], []
    me, host = _logins(stage)
    soon = now().astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=4)
    soon += timedelta(minutes=-soon.minute % 5)
    first = _row(stage, stage.offers[host.account_id][0], host, me, soon, Status.ACCEPTED)
    await _special_day(host, first)
    taken: list[tuple[set[UUID], datetime, datetime]] = [
        ({me.id, host.account_id}, soon - timedelta(minutes=30), soon + timedelta(hours=2))
    ]
    others = [c for c in stage.cards if c.account_id != host.account_id and c.accepting]
    wishes: list[tuple[Any, Any, int]] = [(host, me, 2), (others[0], me, 4)] if others else [(host, me, 2)]
    for n, card in enumerate([host, host, *others[:9]]):
        wishes.append((card, stage.candidates[(n + 1) % len(stage.candidates)], 1 + n))
    for card, person, days in wishes:
        kind = stage.offers[card.account_id][days % len(stage.offers[card.account_id])]
        start = await _free(kind, card, person, days, taken)
        if start is not None:
            _row(stage, kind, card, person, start, Status.ACCEPTED)
            taken.append(({card.account_id, person.id}, start, start + timedelta(minutes=kind.duration_minutes + 30)))
    await Booking.bulk_create(stage.rows)
    await BookingChange.bulk_create(stage.changes)
    for row in stage.rows:
        await core.plan(row)


async def _special_day(host: InterviewerCard, first: Booking) -> None:
    """The session that can be joined now may fall on a free evening: the host has said yes to that day."""
    schedule = await Schedule.get(account_id=host.account_id, name="")
    begin, end = zones.wall(first.starts_at, schedule.zone), zones.wall(first.ends_at, schedule.zone)
    last = f"{min(end.hour + 1, 23):02}:00" if end.date() == begin.date() else "24:00"
    ranges = [[f"{begin.hour:02}:00", last]] if last > f"{begin.hour:02}:00" else [[f"{begin.hour:02}:00", "24:00"]]
    await DateOverride.create(schedule_id=schedule.id, date=begin.date(), ranges=ranges)


async def _free(
    kind: InterviewType, card: InterviewerCard, person: accounts.AccountCard, days: int, taken: list[Any]
) -> datetime | None:
    """A free time from so many days ahead on, in the middle of that day's times."""
    free = await ask(Question(kind, card.account_id))
    length = timedelta(minutes=kind.duration_minutes)
    low = now() + timedelta(days=days)
    fitting = [
        start
        for start in free.starts(low, low + timedelta(days=7))
        if not any(start < b and a < start + length for who, a, b in taken if who & {card.account_id, person.id})
    ]
    day = [start for start in fitting if start.date() == fitting[0].date()] if fitting else []
    return day[len(day) // 2] if day else None
