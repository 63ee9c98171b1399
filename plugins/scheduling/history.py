"""A booking's history in words."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from kernel import N_, _, accounts, format_datetime

from .models import Booking, BookingChange
from .states import OUTCOMES, WORDS, Status

_TITLES: Final[dict[str, tuple[str, str, str]]] = {
    Status.REQUESTED: (N_("Requested"), "mail", ""),
    Status.PENDING: (N_("Payment begun"), "card", ""),
    Status.ACCEPTED: (N_("Booked"), "check", "ok"),
    Status.IN_PROGRESS: (N_("Session began"), "video", "accent"),
    Status.COMPLETED: (N_("Session over"), "flag", "ok"),
    Status.CANCELLED: (N_("Cancelled"), "x", "bad"),
    Status.REJECTED: (N_("Declined"), "x", "bad"),
}
_OTHER: Final = ((N_("Time held"), "timer", ""), (N_("Expired"), "timer", ""))
_PEOPLE: Final = ("old_interviewer", "interviewer")
_ROLES: Final = {
    "candidate": N_("Candidate"),
    "interviewer": N_("Interviewer"),
    "admin": N_("Administrator"),
}


async def of(booking: Booking) -> list[dict[str, Any]]:
    """Entries for the timeline, the newest first. Reasons are shown where a person wrote them."""
    rows = await BookingChange.filter(booking_id=booking.id).order_by("-at", "-id")
    names = await accounts.accounts_by_ids({row.actor_id for row in rows if row.actor_id})
    return [_entry(row, names, booking) for row in rows if row.after in _TITLES]


async def in_full(booking: Booking) -> list[dict[str, Any]]:
    """Every change with its actor, role, reason, and what it was before and after: for administrators."""
    rows = await BookingChange.filter(booking_id=booking.id).order_by("-at", "-id")
    ids = {UUID(row.details[key]) for row in rows for key in _PEOPLE if row.details.get(key)}
    names = await accounts.accounts_by_ids({row.actor_id for row in rows if row.actor_id} | ids)
    return [{**_entry(row, names, booking), "text": _in_full(row, names)} for row in rows]


def _in_full(row: BookingChange, names: dict[Any, Any]) -> str:
    said = []
    if row.before and row.before != row.after:
        said.append(f"{_(WORDS[Status(row.before)][0])} → {_(WORDS[Status(row.after)][0])}")
    if "from" in row.details:
        said.append(_moved_text(row.details))
    if "interviewer" in row.details:
        old, new = (_name(names, row.details.get(key)) for key in _PEOPLE)
        said.append(_("From {old} to {new}").format(old=old, new=new))
    if "longer" in row.details:
        said.append(_("{n} minutes longer").format(n=row.details["longer"]))
    if row.details.get("refund_percent") is not None:
        said.append(_("{percent} % back").format(percent=row.details["refund_percent"]))
    if row.reason:
        word = OUTCOMES.get(row.reason, ("",))[0]
        said.append(_(word) if word else _("Reason: {reason}").format(reason=_(row.reason)))
    return " · ".join(said)


def _name(names: dict[Any, Any], account_id: str | None) -> str:
    card = names.get(UUID(account_id)) if account_id else None
    return card.name if card is not None and card.name else _("a former member")


def _entry(row: BookingChange, names: dict[Any, Any], booking: Booking) -> dict[str, Any]:
    title, icon, tone = _TITLES.get(row.after, _OTHER[row.after == Status.EXPIRED])
    text = _(row.reason) if row.after in (Status.CANCELLED, Status.REJECTED) and row.reason else ""
    if (row.before, row.after) == (Status.REQUESTED, Status.PENDING):
        title, icon, tone = N_("Accepted"), "check", "ok"  # by the interviewer; the payment comes next
    if row.before == row.after == Status.ACCEPTED:
        title, icon, tone, text = _change(row)
    card = names.get(row.actor_id)
    # An alias is kept here too.
    hidden = booking.alias if row.actor_id == booking.candidate_id else ""
    role = _(_ROLES[row.role]) if row.role in _ROLES else ""
    who = (hidden or card.name) if card is not None and role else role
    return {"title": _(title), "icon": icon, "tone": tone, "text": text, "who": who, "when": row.at}


def _change(row: BookingChange) -> tuple[str, str, str, str]:
    """Title, icon, tone and text of a change that left the booking standing."""
    if "interviewer" in row.details:
        return N_("Another interviewer"), "user", "", row.reason
    if "longer" in row.details:
        longer = _("{n} minutes longer").format(n=row.details["longer"])
        return N_("Extended"), "clock", "", f"{longer}: {row.reason}" if row.reason else longer
    if row.details.get("uninvited"):
        return N_("An invitation was taken back"), "user", "", ""
    if row.details.get("claimed"):
        return N_("Taken over"), "user", "", ""
    said = [_moved_text(row.details), row.reason if row.role == "admin" else ""]
    return N_("Moved"), "calendar", "", " · ".join(text for text in said if text)


def _moved_text(details: dict[str, Any]) -> str:
    from datetime import datetime

    try:
        old, new = datetime.fromisoformat(details["from"]), datetime.fromisoformat(details["to"])
    except (KeyError, ValueError):
        return ""
    return _("From {old} to {new}").format(old=format_datetime(old), new=format_datetime(new))
