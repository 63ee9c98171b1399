"""What people are told when a session is booked, moved or called off. AI practice is not worth a mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from kernel import (
    N_,
    Happened,
    Money,
    Notice,
    NotificationType,
    Text,
    _,
    absolute_url,
    accounts,
    current_zone,
    speaking,
    url,
)

from .. import ics, notices
from ..api import BookingInfo
from ..models import Booking
from ..queries import BOOKINGS

_SOMEBODY = N_("your partner")


async def _booking(happened: Happened) -> BookingInfo | None:
    info = await BOOKINGS.get(UUID(happened.data["booking_id"]))
    return info if info is not None and info.kind == "human" and info.interviewer_id is not None else None


def _parties(info: BookingInfo) -> list[tuple[UUID, str]]:
    """Who is told, each with the name of the other."""
    found = [(info.candidate_id, info.interviewer_name)]
    found += [(host, info.candidate_name) for host in (info.interviewer_id, info.second_id) if host is not None]
    return found


def _params(info: BookingInfo, partner: str, **more: Any) -> dict[str, Any]:
    name: Any = partner or Text(_SOMEBODY)
    return {"title": info.type_title, "partner": name, "when": info.starts_at, **more}


async def calendar_entry(info: BookingInfo, account_id: UUID, *, cancelled: bool = False) -> ics.Entry | None:
    """The booking as a calendar entry for one of its people, in their language; None for somebody erased."""
    card = (await accounts.accounts_by_ids([account_id])).get(account_id)
    row = await Booking.filter(id=info.id).first()
    if card is None or row is None or not card.name:
        return None
    partner = info.interviewer_name if account_id == info.candidate_id else info.candidate_name
    link = absolute_url("scheduling.booking", id=str(info.id))
    with speaking(card.locale, card.zone or current_zone()):
        summary = _("{title} with {partner}").format(title=info.type_title, partner=partner or _(_SOMEBODY))
        if info.kind == "ai":
            summary = info.type_title
        about = _("Join, move or cancel the session on its page: {link}").format(link=link)
    return ics.Entry(
        uid=row.ical_uid, sequence=row.ical_sequence, starts_at=info.starts_at, ends_at=info.ends_at,
        summary=summary, description=about, url=link, organizer=ics.organizer(), attendee=(card.name, card.email),
        cancelled=cancelled,
    )  # fmt: skip


async def calendar_file(info: BookingInfo, account_id: UUID, *, cancelled: bool = False) -> tuple[Any, ...]:
    entry = await calendar_entry(info, account_id, cancelled=cancelled)
    return () if entry is None else (("session.ics", ics.content_type(entry), ics.write(entry)),)


async def confirmed(happened: Happened) -> list[Notice]:
    info = await _booking(happened)
    if info is None or info.status not in ("accepted", "in_progress", "completed"):
        return []
    return [
        Notice(
            key=f"{happened.id}:{account_id}",
            account_id=account_id,
            subject=N_("Booked: {title} with {partner}"),
            body=N_(
                "{title} with {partner} is booked for {when}.\n\n"
                "The calendar file is attached. The room opens on the session's page shortly before the start.\n\n"
                "Move or cancel without signing in: {manage}"
            ),
            params=_params(info, partner, manage=await notices.manage_link(info.id, account_id)),
            action_label=N_("Open the session"),
            action_url=url("scheduling.booking", id=info.id),
            attachments=await calendar_file(info, account_id),
        )
        for account_id, partner in _parties(info)
    ]


async def cancelled(happened: Happened) -> list[Notice]:
    info = await _booking(happened)
    if info is None:
        return []
    data, notices = happened.data, []
    for account_id, partner in _parties(info):
        body = N_("{title} with {partner} on {when} was cancelled.")
        refund = int(data.get("refund_minor", 0))
        if data.get("reason"):
            body = N_("{title} with {partner} on {when} was cancelled. The reason given: {reason}")
        params = _params(info, partner, reason=data.get("reason", ""))
        if refund and account_id == info.candidate_id:
            params["amount"] = Money(refund, info.currency)
            body = (
                N_(
                    "{title} with {partner} on {when} was cancelled. The reason given: {reason}\n\n"
                    "You get {amount} back."
                )
                if data.get("reason")
                else N_("{title} with {partner} on {when} was cancelled.\n\nYou get {amount} back.")
            )
        notices.append(
            Notice(
                key=f"{happened.id}:{account_id}",
                account_id=account_id,
                subject=N_("Cancelled: {title} with {partner}"),
                body=body,
                params=params,
                action_label=N_("Open the session"),
                action_url=url("scheduling.booking", id=info.id),
                attachments=await calendar_file(info, account_id, cancelled=True),
            )
        )
    return notices


async def moved(happened: Happened) -> list[Notice]:
    info = await _booking(happened)
    if info is None or info.status != "accepted" or info.starts_at.isoformat() != happened.data["starts_at"]:
        return []  # moved again or called off meanwhile: that has its own message
    old = datetime.fromisoformat(happened.data["old_starts_at"])
    return [
        Notice(
            key=f"{happened.id}:{account_id}",
            account_id=account_id,
            subject=N_("Moved: {title} with {partner}"),
            body=N_(
                "{title} with {partner} has a new time: {when}. It was {old}.\n\n"
                "The attached calendar file replaces the earlier one.\n\n"
                "Move or cancel without signing in: {manage}"
            ),
            params=_params(info, partner, old=old, manage=await notices.manage_link(info.id, account_id)),
            action_label=N_("Open the session"),
            action_url=url("scheduling.booking", id=info.id),
            attachments=await calendar_file(info, account_id),
        )
        for account_id, partner in _parties(info)
    ]


TYPES = [
    NotificationType(
        id="scheduling.booking_confirmed", label=N_("A session is booked"),
        event="scheduling.booking_confirmed.v1", compose=confirmed, critical=True,
    ),
    NotificationType(
        id="scheduling.booking_cancelled", label=N_("A session is cancelled"),
        event="scheduling.booking_cancelled.v1", compose=cancelled, critical=True,
    ),
    NotificationType(
        id="scheduling.booking_rescheduled", label=N_("A session has a new time"),
        event="scheduling.booking_rescheduled.v1", compose=moved, critical=True,
    ),
]  # fmt: skip
