"""The people around a booking: somebody else it is for, guests and observers, and a candidate's alias."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import _, accounts, current_actor, errors, now, one_time, publish, setting, unit_of_work

from ..events import SessionGiven
from ..models import Booking, InterviewType
from ..refusals import NotBookable
from ..states import LIVE, Status
from .core import calendar_number, is_collision, lock_calendars, locked, move, plan

CLAIM: Final = "scheduling.claim"
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,180}\.[^@\s,;<>\".]{2,}")


@dataclass(frozen=True, slots=True)
class Extras:
    """What else the form of a booking may say. `people` are typed addresses, one each; `also` interviewers' slugs."""

    for_email: str = ""
    alias: str = ""
    guests: str = ""
    observers: str = ""
    also: tuple[str, ...] = ()
    use_entitlement: bool = False


def addresses(text: str) -> list[str]:
    """E-mail addresses as typed: one a line, or with commas between. Raises ValueError naming a wrong one."""
    found: list[str] = []
    for part in re.split(r"[\s,;]+", text.strip()):
        if not part:
            continue
        if not _EMAIL.fullmatch(part):
            raise ValueError(part[:80])
        if part.lower() not in found:
            found.append(part.lower())
    return found


async def check_extras(booking: Booking, kind: InterviewType, extras: Extras) -> dict[str, Any]:
    """What is stored of them. Raises Invalid by field."""
    problems: dict[str, str] = {}
    fields: dict[str, Any] = {"alias": extras.alias.strip()[:60]}
    people: list[dict[str, str]] = []
    for name, text, most, role in (
        ("guests", extras.guests, kind.guests, "guest"),
        ("observers", extras.observers, kind.observers, "observer"),
    ):
        try:
            found = addresses(text)
        except ValueError as exc:
            problems[name] = _("{address} is no email address.").format(address=exc)
            continue
        if len(found) > most:
            problems[name] = _("At most {n} people can be added here.").format(n=most)
        people += [{"email": address, "role": role} for address in found]
    fields["people"] = people
    if extras.for_email.strip():
        if not setting("scheduling.book_for_others"):
            problems["for_email"] = _("Sessions can only be booked for yourself here.")
        elif not _EMAIL.fullmatch(extras.for_email.strip()):
            problems["for_email"] = _("Enter an email address such as name@example.com")
        else:
            fields |= {"claim_email": extras.for_email.strip().lower(), "booked_by": booking.candidate_id}
    if problems:
        raise errors.Invalid(problems)
    return fields


async def give_away(booking: Booking) -> None:
    """The mails to whom it is for and to guests, once the booking stands. Joins the open transaction."""
    by = booking.booked_by or booking.candidate_id
    if booking.claim_email and booking.booked_by == booking.candidate_id:
        await publish(SessionGiven(booking.id, by, booking.claim_email, "", "claim"))
    for person in booking.people:
        await publish(SessionGiven(booking.id, by, person["email"], person.get("name", ""), person["role"]))


async def claim_token(booking: Booking) -> str:
    """A secret with which whoever has the mail takes the session over."""
    ttl = max(booking.ends_at - now(), timedelta(hours=1))
    return await one_time.issue(CLAIM, None, data={"booking_id": str(booking.id)}, ttl=ttl)


async def claimed_booking(token: str) -> Booking | None:
    """What a claim link leads to, if it still works."""
    found = await one_time.peek(CLAIM, token)
    row = None if found is None else await Booking.filter(id=UUID(found.data["booking_id"])).first()
    return row if row is not None and row.claim_email and row.status in LIVE else None


async def claim(token: str, account_id: UUID) -> Booking:
    """The session is theirs from now on; their own calendar is guarded as for any booking.

    Raises Gone for a link that does not work any more, NotBookable when they have another session at that time.
    """
    number = await calendar_number(account_id)
    try:
        async with unit_of_work():
            await lock_calendars(number)
            used = await one_time.redeem(CLAIM, token)
            if used is None:
                raise errors.Gone(_("This link was used already or does not work any more."))
            booking = await locked(UUID(used.data["booking_id"]))
            if not booking.claim_email or booking.status not in (Status.ACCEPTED, Status.IN_PROGRESS):
                raise errors.Gone(_("This session was called off, or somebody has taken it over already."))
            if account_id in (booking.interviewer_id, booking.second_id):
                raise NotBookable("yourself")
            await move(
                booking, Status(booking.status), role="candidate", reason="claimed", actor_id=account_id,
                details={"claimed": True}, candidate_id=account_id, candidate_no=number, claim_email="",
            )  # fmt: skip
            if booking.status == Status.ACCEPTED:
                await plan(booking)
            return booking
    except IntegrityError as exc:
        if not is_collision(exc):
            raise
        raise NotBookable("own_time") from None


def shown_name(booking: Any, name: str) -> str:
    """The candidate's name as interviewers see it: their alias where they chose one."""
    return booking.alias or name


async def known_as(booking: Booking) -> Mapping[UUID, str]:
    """Names of the people of a booking, by account."""
    ids = [i for i in (booking.candidate_id, booking.interviewer_id, booking.second_id, booking.booked_by) if i]
    return {card.id: card.name for card in (await accounts.accounts_by_ids(ids)).values()}


def me() -> UUID:
    """Who acts. SignInRequired when nobody does."""
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor.id
