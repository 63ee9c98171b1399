"""The read side: bookings for pages, other plugins and the API."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel import accounts, current_tenant, now, services, sql, url
from plugins.users.api import InterviewerCard, Interviewers

from .api import BookingInfo
from .models import Booking, InterviewType, Offer
from .states import UNBORN, Status

_UNBORN = ", ".join(f"'{status.value}'" for status in UNBORN)
_COLUMNS = (
    "b.id, b.candidate_id, b.interviewer_id, b.starts_at, b.ends_at, b.status, b.outcome, b.kind, b.type_id,"
    " t.slug, b.title, b.level, b.price_minor, b.currency, b.candidate_zone, b.version, b.ical_sequence,"
    " b.intake::text AS intake, t.topic, b.second_id, b.alias, b.mode,"
    " (b.policy->>'late_minutes')::int AS wait_minutes"
)
_FROM = (
    "FROM scheduling_booking b JOIN scheduling_interview_type t ON t.tenant_id = b.tenant_id AND t.id = b.type_id"
    " WHERE b.tenant_id = $1"
)


async def _infos(where: str, *args: Any) -> list[BookingInfo]:
    rows = await sql(f"SELECT {_COLUMNS} {_FROM} {where}", current_tenant().id, *args)
    ids = {i for row in rows for i in (row.candidate_id, row.interviewer_id, row.second_id) if i}
    names = {card.id: card.name for card in (await accounts.accounts_by_ids(ids)).values()}
    return [_info(row, names) for row in rows]


def _info(row: Any, names: dict[UUID, str]) -> BookingInfo:
    return BookingInfo(
        id=row.id,
        candidate_id=row.candidate_id,
        interviewer_id=row.interviewer_id,
        # Who practises under an alias is known by it everywhere.
        candidate_name=row.alias or names.get(row.candidate_id, ""),
        interviewer_name=names.get(row.interviewer_id, "") if row.interviewer_id else "",
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        status=row.status,
        outcome=row.outcome,
        kind=row.kind,
        type_id=row.type_id,
        type_slug=row.slug,
        type_title=row.title,
        level=row.level,
        duration_minutes=round((row.ends_at - row.starts_at).total_seconds() / 60),
        price_minor=row.price_minor,
        currency=row.currency,
        path=url("scheduling.booking", id=row.id),
        candidate_zone=row.candidate_zone,
        version=row.version,
        ical_sequence=row.ical_sequence,
        intake=json.loads(row.intake or "{}"),
        topic=row.topic,
        second_id=row.second_id,
        alias=row.alias,
        mode=row.mode,
        wait_minutes=row.wait_minutes,
        second_name=names.get(row.second_id, "") if row.second_id else "",
    )


class BookingsOfScheduling:
    """Provides `scheduling.Bookings`."""

    async def get(self, booking_id: UUID) -> BookingInfo | None:
        found = await _infos("AND b.id = $2", booking_id)
        return found[0] if found else None

    async def many(self, booking_ids: list[UUID]) -> dict[UUID, BookingInfo]:
        if not booking_ids:
            return {}
        return {info.id: info for info in await _infos("AND b.id = ANY($2::uuid[])", booking_ids)}

    async def upcoming(self, account_id: UUID, limit: int = 10) -> list[BookingInfo]:
        return await _infos(
            "AND (b.candidate_id = $2 OR b.interviewer_id = $2 OR b.second_id = $2)"
            " AND b.status IN ('accepted', 'in_progress')"
            " AND b.ends_at > $3 ORDER BY b.starts_at, b.id LIMIT $4",
            account_id,
            now(),
            limit,
        )

    async def past(self, account_id: UUID, limit: int = 10) -> list[BookingInfo]:
        return await _infos(
            f"AND (b.candidate_id = $2 OR b.interviewer_id = $2 OR b.second_id = $2) AND b.status NOT IN ({_UNBORN})"
            " AND (b.ends_at <= $3 OR b.status IN ('completed', 'cancelled')) ORDER BY b.starts_at DESC, b.id LIMIT $4",
            account_id,
            now(),
            limit,
        )

    async def for_period(self, start: datetime, end: datetime) -> list[BookingInfo]:
        return await _infos(
            f"AND b.starts_at >= $2 AND b.starts_at < $3 AND b.status NOT IN ({_UNBORN}) ORDER BY b.starts_at, b.id",
            start,
            end,
        )

    async def start(self, booking_id: UUID) -> None:
        from .services import changes

        await changes.start(booking_id)

    async def finish(self, booking_id: UUID, outcome: str) -> None:
        from .services import changes

        await changes.finish(booking_id, outcome)


BOOKINGS = BookingsOfScheduling()


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list, and whether there is another."""

    items: list[BookingInfo]
    more: bool


async def my_bookings(account_id: UUID, tab: str, page: int, size: int = 20) -> Listing:
    """A person's bookings: upcoming (with what waits for an answer or payment), past, or cancelled.

    Whoever booked for somebody else sees it too.
    """
    at = now()
    where, args = {
        "upcoming": (
            "AND ((b.status IN ('accepted', 'in_progress') AND b.ends_at > $3)"
            " OR (b.status IN ('held', 'requested', 'pending') AND b.candidate_id = $2 AND b.hold_until > $3))"
            " ORDER BY b.starts_at, b.id",
            (at,),
        ),
        "past": (
            "AND (b.status = 'completed' OR (b.status IN ('accepted', 'in_progress') AND b.ends_at <= $3))"
            " ORDER BY b.starts_at DESC, b.id",
            (at,),
        ),
        "cancelled": ("AND b.status IN ('cancelled', 'rejected') ORDER BY b.starts_at DESC, b.id", ()),
    }[tab]
    window = f" LIMIT {size + 1} OFFSET {(page - 1) * size}"
    who = "AND (b.candidate_id = $2 OR b.interviewer_id = $2 OR b.second_id = $2 OR b.booked_by = $2) "
    found = await _infos(who + where + window, account_id, *args)
    return Listing(found[:size], len(found) > size)


async def asked_of(account_id: UUID) -> list[BookingInfo]:
    """Requests that wait for an interviewer's answer, the most urgent first."""
    return await _infos(
        "AND b.status = 'requested' AND b.hold_until > $3 AND EXISTS (SELECT 1 FROM scheduling_ask a"
        " WHERE a.tenant_id = b.tenant_id AND a.booking_id = b.id AND a.interviewer_id = $2 AND a.state = 'asked')"
        " ORDER BY b.hold_until, b.id LIMIT 20",
        account_id,
        now(),
    )


async def every_type() -> list[InterviewType]:
    """All types, retired ones too, by title: for filters."""
    return await InterviewType.all().order_by("title")


async def all_hosts(most: int) -> list[UUID]:
    """Accounts that offer any type, at most so many."""
    rows = await sql(
        "SELECT DISTINCT account_id FROM scheduling_offer WHERE tenant_id = $1 LIMIT $2", current_tenant().id, most
    )
    return [row.account_id for row in rows]


async def active_types(kind: str) -> list[InterviewType]:
    """Types that can be booked, in the tenant's order."""
    return await InterviewType.filter(active=True, kind=kind).order_by("position", "title")


async def offered_types(ids: Collection[UUID]) -> dict[UUID, list[InterviewType]]:
    """What each interviewer offers, in the tenant's order; two queries."""
    if not ids:
        return {}
    types = {row.id: row for row in await active_types("human")}
    found: dict[UUID, list[InterviewType]] = {account_id: [] for account_id in ids}
    order = {type_id: n for n, type_id in enumerate(types)}
    pairs = await Offer.filter(account_id__in=list(ids)).values_list("account_id", "type_id")
    for account_id, type_id in sorted(pairs, key=lambda pair: order.get(pair[1], 0)):
        if type_id in types:
            found[account_id].append(types[type_id])
    return found


async def bookable(interviewer_slug: str, type_slug: str) -> tuple[InterviewerCard, InterviewType] | None:
    """The published interviewer and the type they offer under these addresses; None when there is no such pair."""
    card = await services.need(Interviewers).by_slug(interviewer_slug)
    if card is None:
        return None
    offered = InterviewType.filter(slug=type_slug[:60], active=True, kind="human", offers__account_id=card.account_id)
    kind = await offered.first()
    return None if kind is None else (card, kind)


async def hosts_of(type_id: UUID) -> set[UUID]:
    """Accounts that offer a type."""
    return {offer.account_id for offer in await Offer.filter(type_id=type_id).only("id", "tenant_id", "account_id")}


async def ratings(ids: Iterable[UUID]) -> dict[UUID, tuple[float, int]]:
    """Average and count by interviewer, when a plugin knows them."""
    provider = services.get("feedback.Ratings")
    return dict(await provider.of(list(ids))) if provider is not None else {}


async def gaps(candidate_id: UUID | None) -> list[tuple[str, str]]:
    """Competencies that somebody's scorecards mark low, each with its session; when a plugin knows them."""
    provider = services.get("feedback.Gaps")
    if provider is None or candidate_id is None:
        return []
    return [(gap.competency, gap.session) for gap in await provider.of(candidate_id)]


async def sessions_held(interviewer_id: UUID) -> int:
    """How many sessions an interviewer has completed here."""
    return await Booking.filter(interviewer_id=interviewer_id, status=Status.COMPLETED, outcome="completed").count()


async def sessions_by(ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many sessions each of these interviewers has held; who held none is missing."""
    rows = await sql(
        "SELECT interviewer_id, count(*) AS held FROM scheduling_booking WHERE tenant_id = $1 AND status = 'completed'"
        " AND outcome = 'completed' AND interviewer_id = ANY($2::uuid[]) GROUP BY interviewer_id",
        current_tenant().id,
        list(ids),
    )
    return {row.interviewer_id: row.held for row in rows}
