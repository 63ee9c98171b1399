"""Personal links to a session: signed, one for each person and state of a booking, never used up by being opened.

A link says who it was made for; it does not sign anybody in. Whoever has an account goes on to the room as usual and
may be asked to sign in; a guest sees the session's page, bound to the address it was mailed to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kernel import absolute_url, accounts, current_tenant, errors, new_id, sql_one

from ..models import Booking, LinkKey
from ..states import Status

_TAG, _MAC = 8, 16
_SIZE: Final = 16 + _TAG + _MAC


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a link opens. `account_id` or `email` is whom it was made for; `stale`: the booking was changed since."""

    booking: Booking
    account_id: UUID | None
    email: str
    role: str
    stale: bool


async def _key() -> bytes:
    """The tenant's key; made on first use, by whoever comes first."""
    row = await LinkKey.first()
    if row is not None:
        return bytes.fromhex(row.secret)
    made = await sql_one(
        "INSERT INTO scheduling_link_key (id, tenant_id, secret) VALUES ($1, $2, $3)"
        " ON CONFLICT (tenant_id) DO UPDATE SET secret = scheduling_link_key.secret RETURNING secret",
        new_id(), current_tenant().id, secrets.token_hex(32),
    )  # fmt: skip
    assert made is not None  # noqa: S101 - an upsert returns its row
    return bytes.fromhex(made.secret)


def _sign(key: bytes, booking_id: UUID, person: str, sequence: int) -> bytes:
    text = f"join|{current_tenant().id}|{booking_id}|{person}|{sequence}".encode()
    return hmac.digest(key, text, hashlib.sha256)[:_MAC]


def _tag(person: str) -> bytes:
    return hashlib.sha256(person.encode()).digest()[:_TAG]


async def link_for(booking: Booking, person: UUID | str) -> str:
    """The address for an account or a guest's mail address; the same as long as the booking stays as it is."""
    name = str(person)
    raw = booking.id.bytes + _tag(name) + _sign(await _key(), booking.id, name, booking.ical_sequence)
    return absolute_url("scheduling.join", token=base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


async def opened(token: str) -> Ticket:
    """What is behind a link. NotFound for one that we did not make, or for somebody who has no part in it any more."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, binascii.Error):
        raise errors.NotFound() from None
    if len(raw) != _SIZE:
        raise errors.NotFound()
    booking_id, tag, mac = UUID(bytes=raw[:16]), raw[16 : 16 + _TAG], raw[-_MAC:]
    booking = await Booking.filter(id=booking_id).first()
    if booking is None:
        raise errors.NotFound()
    key = await _key()
    for person, role in _people(booking).items():
        if _tag(person) != tag:
            continue
        made = [
            n for n in range(booking.ical_sequence + 1) if hmac.compare_digest(_sign(key, booking_id, person, n), mac)
        ]
        if not made or not await _welcome(person, role):
            break
        account_id = UUID(person) if role in ("candidate", "interviewer") else None
        return Ticket(booking, account_id, "" if account_id else person, role, made[0] != booking.ical_sequence)
    raise errors.NotFound()


def _people(booking: Booking) -> dict[str, str]:
    """Everybody with a part in the session, as links name them, with their role."""
    found = {str(person["email"]): str(person.get("role", "guest")) for person in booking.people}
    found |= {str(host): "interviewer" for host in (booking.interviewer_id, booking.second_id) if host}
    return found | {str(booking.candidate_id): "candidate"}


async def _welcome(person: str, role: str) -> bool:
    """Whoever was blocked since has no link any more."""
    if role not in ("candidate", "interviewer"):
        return True
    card = (await accounts.accounts_by_ids([UUID(person)])).get(UUID(person))
    return card is not None and card.state == "active"


def standing(ticket: Ticket) -> str:
    """unconfirmed, cancelled, moved, over, or ''. Whether it is early is a matter of time, see the page."""
    status = ticket.booking.status
    if status in (Status.CANCELLED, Status.REJECTED, Status.EXPIRED):
        return "cancelled"
    if status == Status.COMPLETED:
        return "over"
    if status not in (Status.ACCEPTED, Status.IN_PROGRESS):
        return "unconfirmed"
    return "moved" if ticket.stale else ""
