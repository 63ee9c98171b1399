"""One booking for those who look after it: everything that is known, and what can be done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from kernel import Money, _, accounts, can, current_zone, has_route, is_on, now, page, services, url
from plugins.users.api import Interviewers

from ... import history, intake, policies
from ...bookings_list import reference
from ...models import Booking, InterviewType, Reminder, Strike
from ...permissions import MANAGE
from ...services import cancelling, moving, overrides, proposals
from ...states import PASSING, Status
from ...viewing import zone_label
from ..sessions import asks_of, badge_of, pictures_of
from ..waiting import cause_words
from .acting import of_request


async def show_booking(request: web.Request) -> web.StreamResponse:
    """People, time, money, policy, messages, links, history."""
    row, info = await of_request(request)
    at = now()
    people = await _people(row)
    found = await proposals.open_proposal(row.id) if row.status == Status.ACCEPTED else None
    context = {
        "title": info.type_title,
        "info": info,
        "booking": row,
        "reference": reference(row.id),
        "badge": badge_of(info),
        "people": people,
        "zones": _zones(row, people["card"]),
        "may": may(row, at),
        "money": await _money(row),
        "rule": [*policies.sentences(row.policy), *policies.rules(row.policy)],
        "policy_key": row.policy.get("key"),
        "policy_version": row.policy.get("version", 1),
        "strikes": [(s, cause_words(s.cause)) for s in await Strike.filter(booking_id=row.id).order_by("at")],
        "messages": await _messages(row),
        "links": _links(row, at),
        "proposal": found,
        "asks": await asks_of(row) if row.mode in ("request", "now") else [],
        "answers": intake.shown(row.intake),
        "kind": await InterviewType.filter(id=row.type_id).first(),
        "history": await history.in_full(row),
        "mails": url("notifications.emails") if has_route("notifications.emails") and is_on("notifications") else "",
        "at": at,
    }
    return await page(request, "scheduling/admin_booking.html", context)


def may(row: Booking, at: datetime) -> dict[str, bool]:
    """What an administrator can do to it now."""
    if not can(MANAGE):
        return {}
    accepted = row.status == Status.ACCEPTED and row.kind == "human"
    return {
        "move": not moving.why_not_moved(row, at, "admin"),
        "reassign": accepted and row.interviewer_id is not None,
        "extend": row.status in (Status.ACCEPTED, Status.IN_PROGRESS) and row.ends_at > at,
        "cancel": not cancelling.why_not_cancelled(row, "admin", at),
        "mark": not overrides.why_not_marked(row, at),
        "resend": accepted and row.ends_at > at,
    }


async def _people(row: Booking) -> dict[str, Any]:
    ids = [i for i in (row.candidate_id, row.interviewer_id, row.second_id, row.booked_by) if i is not None]
    cards, pictures = await accounts.accounts_by_ids(ids), await pictures_of(ids)
    interviewers = services.need(Interviewers)
    return {
        "cards": cards,
        "pictures": pictures,
        "card": await interviewers.card(row.interviewer_id) if row.interviewer_id else None,
        "pages": {i: url("users.admin_person", id=i) for i in ids} if has_route("users.admin_person") else {},
    }


def _zones(row: Booking, card: Any) -> list[tuple[str, str]]:
    """The reader's zone first, then those of the people, each once."""
    wanted = dict.fromkeys([current_zone(), row.candidate_zone, *([card.zone] if card else [])])
    return [(zone, zone_label(zone, row.starts_at)) for zone in wanted]


async def _money(row: Booking) -> dict[str, Any]:
    checkout = services.get("payments.Checkout")
    paid = await checkout.status("booking", row.id) if checkout is not None and row.price_minor else None
    return {
        "price": Money(row.price_minor, row.currency),
        "payment": paid,
        "refunded": Money(paid.refunded_minor, paid.currency) if paid is not None and paid.refunded_minor else None,
        "owed": Money(policies.refund_of(row), row.currency) if row.refund_percent is not None else None,
        "now": Money(cancelling.outlook(row, "candidate", now()).result.refund_minor, row.currency)
        if row.status == Status.ACCEPTED and row.starts_at > now()
        else None,
    }


async def _messages(row: Booking) -> list[dict[str, Any]]:
    """Reminders and follow-ups: planned, sent, or dropped because the booking moved on."""
    rows = await Reminder.filter(booking_id=row.id).order_by("due_at", "account_id").limit(60)
    cards = await accounts.accounts_by_ids({r.account_id for r in rows})
    kinds = {"before": _("Reminder"), "missing": _("Not there yet"), "after": _("Follow-up")}
    states = {
        "": (_("Planned"), "info"), "sent": (_("Sent"), "ok"), "stale": (_("Too late to send"), "warn"),
        "moot": (_("Dropped"), ""),
    }  # fmt: skip
    return [
        {
            "what": kinds.get(r.kind, r.kind), "who": cards[r.account_id].name if r.account_id in cards else "",
            "due": r.done_at or r.due_at, "state": states.get(r.result, (r.result, "")),
        }
        for r in rows
    ]  # fmt: skip


def _links(row: Booking, at: datetime) -> list[tuple[str, bool]]:
    """What the links in people's mails do now: (words, alive)."""
    live = row.status == Status.ACCEPTED and row.starts_at > at
    manage = (
        _("Links to move or cancel work until the start; those in mails before the latest change do not.")
        if live
        else _("Links to move or cancel do not work any more.")
    )
    gone = row.status in (Status.CANCELLED, Status.EXPIRED, Status.REJECTED)
    session = (
        _("The session’s page says that it is off.") if gone else _("The session’s page leads to the room in time.")
    )
    return [(session, not gone), (manage, live)] if row.status not in PASSING else []
