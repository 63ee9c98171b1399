"""What people are told about requests, proposals, waiting lists, sessions booked for others, and strikes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from kernel import N_, Happened, Notice, NotificationType, Text, absolute_url, accounts, unit_of_work, url

from .api import BookingInfo
from .models import Booking
from .queries import BOOKINGS
from .services import joining, links, parties

_SOMEBODY = N_("your partner")


async def _info(happened: Happened) -> BookingInfo | None:
    return await BOOKINGS.get(UUID(happened.data["booking_id"]))


def _notice(
    happened: Happened, info: BookingInfo, to: UUID, subject: str, body: str, label: str, path: str, **params: Any
) -> Notice:
    """One message about a booking; `params` besides its title and time."""
    return Notice(
        key=f"{happened.id}:{to}", account_id=to, subject=subject, body=body,
        params={"title": info.type_title, "when": info.starts_at, **params}, action_label=label, action_url=path,
    )  # fmt: skip


async def manage_link(booking_id: UUID, account_id: UUID) -> str:
    """The address in somebody's mail with which they can act without signing in; '' when there is none."""
    row = await Booking.filter(id=booking_id).first()
    if row is None:
        return ""
    async with unit_of_work():
        return await links.link_for(row, account_id)


async def requested(happened: Happened) -> list[Notice]:
    info = await _info(happened)
    if info is None or info.status != "requested":
        return []
    until = datetime.fromisoformat(happened.data["answer_by"])
    now_one = happened.data["mode"] == "now"
    subject = N_("Now: {title} with {name}") if now_one else N_("Asked for: {title} with {name}")
    body = (
        N_("{name} would like to begin {title} right now. The first interviewer to accept holds it.")
        if now_one
        else N_("{name} would like {title} on {when}. Answer by {until}, or the request runs out.")
    )
    return [
        _notice(
            happened, info, UUID(account_id), subject, body, N_("Answer"), info.path,
            name=info.candidate_name or Text(_SOMEBODY), until=until,
        )
        for account_id in happened.data["asked"]
    ]  # fmt: skip


async def answered(happened: Happened) -> list[Notice]:
    info = await _info(happened)
    if info is None or happened.data["answer"] not in ("accepted", "declined"):
        return []
    if happened.data["answer"] == "declined":
        body = N_("Nobody could take {title} on {when}. Nothing was charged. Choose another time or interviewer.")
        return [
            _notice(
                happened, info, info.candidate_id, N_("Declined: {title}"), body, N_("Find an interviewer"),
                url("scheduling.directory"),
            )
        ]  # fmt: skip
    if not happened.data["pays"]:
        return []  # the confirmation says it
    return [
        _notice(
            happened, info, info.candidate_id, N_("Accepted: {title} with {partner}"),
            N_("{partner} accepted {title} on {when}. Pay by {until}, and the session is yours."),
            N_("Pay now"), info.path, partner=info.interviewer_name or Text(_SOMEBODY),
            until=datetime.fromisoformat(happened.data["pay_by"]),
        )
    ]  # fmt: skip


async def unanswered(happened: Happened) -> list[Notice]:
    info = await _info(happened)
    if info is None or happened.data["was"] != "requested" or info.status != "expired" or info.mode == "now":
        return []
    body = N_("Nobody answered your request for {title} on {when} in time. Nothing was charged.")
    return [
        _notice(
            happened, info, info.candidate_id, N_("No answer: {title}"), body, N_("Find an interviewer"),
            url("scheduling.directory"),
        )
    ]  # fmt: skip


async def proposed(happened: Happened) -> list[Notice]:
    info = await _info(happened)
    if info is None or info.status != "accepted":
        return []
    until = datetime.fromisoformat(happened.data["expires_at"])
    substitute = happened.data["kind"] == "substitute"
    body = (
        N_("{partner} cannot hold {title} on {when} and proposes {colleague} instead: same time, same price.")
        if substitute
        else N_("{partner} would like another time for {title} on {when}.")
    )
    if happened.data["note"]:
        body = (
            N_(
                "{partner} cannot hold {title} on {when} and proposes {colleague} instead: same time, same price."
                "\n\n{note}"
            )
            if substitute
            else N_("{partner} would like another time for {title} on {when}.\n\n{note}")
        )
    colleague = UUID(happened.data["substitute_id"]) if substitute else None
    names = await accounts.accounts_by_ids([colleague]) if colleague else {}
    link = await manage_link(info.id, info.candidate_id)
    return [
        _notice(
            happened, info, info.candidate_id, N_("Please decide: {title} with {partner}"), body,
            N_("Decide by {until}"), link or info.path, partner=info.interviewer_name or Text(_SOMEBODY), until=until,
            note=happened.data["note"], colleague=names[colleague].name if colleague in names else "",
        )
    ]  # fmt: skip


async def proposal_answered(happened: Happened) -> list[Notice]:
    info = await _info(happened)
    to, answer = happened.data["interviewer_id"], happened.data["answer"]
    if info is None or to is None or answer not in ("declined", "lapsed") or info.status != "accepted":
        return []
    body = (
        N_("{name} would like to keep {title} on {when} as it is.")
        if answer == "declined"
        else N_("{name} did not answer in time, so {title} on {when} stays as it is.")
    )
    return [
        _notice(
            happened, info, UUID(to), N_("Unchanged: {title}"), body, N_("Open the session"), info.path,
            name=info.candidate_name or Text(_SOMEBODY),
        )
    ]  # fmt: skip


async def interviewer_changed(happened: Happened) -> list[Notice]:
    from .notifications import calendar_file

    info = await _info(happened)
    if info is None or info.status != "accepted" or str(info.interviewer_id) != happened.data["interviewer_id"]:
        return []
    old, new = UUID(happened.data["old_interviewer_id"]), UUID(happened.data["interviewer_id"])
    words = {
        info.candidate_id: N_("{title} on {when} is with {partner} now. Time and price stay."),
        new: N_("You hold {title} with {name} on {when}."),
        old: N_("{title} with {name} on {when} is held by somebody else now."),
    }
    found = []
    for to, body in words.items():
        made = _notice(
            happened, info, to, N_("Another interviewer: {title}"), body, N_("Open the session"),
            info.path if to != old else url("scheduling.bookings"), name=info.candidate_name or Text(_SOMEBODY),
            partner=info.interviewer_name or Text(_SOMEBODY),
        )  # fmt: skip
        files = await calendar_file(info, to, cancelled=to == old)
        found.append(
            Notice(
                key=made.key, account_id=to, subject=made.subject, body=body, params=made.params,
                action_label=made.action_label, action_url=made.action_url, attachments=files,
            )
        )  # fmt: skip
    return found


async def offered(happened: Happened) -> list[Notice]:
    info = await _info(happened)
    if info is None or info.status != "held":
        return []
    return [
        _notice(
            happened, info, info.candidate_id, N_("A time became free: {title} with {partner}"),
            N_("You waited for it: {title} with {partner} on {when}. It is held for you until {until}."),
            N_("Take this time"), url("scheduling.hold", id=info.id),
            partner=info.interviewer_name or Text(_SOMEBODY),
            until=datetime.fromisoformat(happened.data["hold_until"]),
        )
    ]  # fmt: skip


async def given(happened: Happened) -> list[Notice]:
    """Mails to people who may have no account: whom a session is for, guests, observers."""
    info = await _info(happened)
    row = await Booking.filter(id=UUID(happened.data["booking_id"])).first()
    if info is None or row is None or info.status != "accepted":
        return []
    names = await accounts.accounts_by_ids([UUID(happened.data["booked_by"])])
    by = next((card.name for card in names.values()), "")
    what, email = happened.data["what"], happened.data["email"]
    params = {"title": info.type_title, "when": info.starts_at, "name": by or Text(_SOMEBODY)}
    key = f"{happened.id}:{email}"
    if what == "claim":
        if row.claim_email != email:
            return []
        async with unit_of_work():
            link = absolute_url("scheduling.claim", token=await parties.claim_token(row))
        return [
            Notice(
                key=key, email=email, subject=N_("For you: {title}, booked by {name}"),
                body=N_(
                    "{name} booked {title} for you on {when}. Take it over with an account of your own; it is paid."
                ),
                params=params, action_label=N_("Take the session over"), action_url=link,
            )
        ]  # fmt: skip
    body = (
        N_("{name} invites you to sit in on {title} on {when}. The link is yours alone; you need no account.")
        if what == "guest"
        else N_("{name} invites you to observe {title} on {when}. The link is yours alone; you need no account.")
    )
    if all(person["email"] != email for person in row.people):  # taken back before it was sent
        return []
    return [
        Notice(
            key=key, email=email, subject=N_("Invitation: {title}"), body=body, params=params,
            action_label=N_("Open the invitation"), action_url=await joining.link_for(row, email),
        )
    ]  # fmt: skip


async def guests_moved(happened: Happened) -> list[Notice]:
    """Guests' old links stop working when the session gets another time or interviewer: here is the new one."""
    info = await _info(happened)
    row = await Booking.filter(id=UUID(happened.data["booking_id"])).first()
    if info is None or row is None or info.status not in ("accepted", "in_progress"):
        return []
    return [
        Notice(
            key=f"{happened.id}:{person['email']}", email=person["email"], subject=N_("Changed: {title}"),
            body=N_("{title}, to which you are invited, is on {when} now. The old link does not work any more."),
            params={"title": info.type_title, "when": info.starts_at},
            action_label=N_("Open the invitation"), action_url=await joining.link_for(row, person["email"]),
        )
        for person in row.people
    ]  # fmt: skip


async def guests_let_off(happened: Happened) -> list[Notice]:
    """A session to which people were invited does not take place."""
    info = await _info(happened)
    row = await Booking.filter(id=UUID(happened.data["booking_id"])).first()
    if info is None or row is None:
        return []
    return [
        Notice(
            key=f"{happened.id}:{person['email']}", email=person["email"], subject=N_("Called off: {title}"),
            body=N_("{title} on {when}, to which you were invited, does not take place."),
            params={"title": info.type_title, "when": info.starts_at},
        )
        for person in row.people
    ]  # fmt: skip


async def strike(happened: Happened) -> list[Notice]:
    info = await _info(happened)
    if info is None:
        return []
    to, until = UUID(happened.data["account_id"]), datetime.fromisoformat(happened.data["expires_at"])
    body = (
        N_("You did not come to {title} on {when}. That is {points} strike(s); {total} count now, until {until}.")
        if happened.data["cause"] == "no_show"
        else N_("You called off {title} on {when} late. That is {points} strike(s); {total} count now, until {until}.")
    )
    return [
        _notice(
            happened, info, to, N_("A strike: {title}"), body, N_("My standing"), url("scheduling.standing"),
            points=str(happened.data["points"]), total=str(happened.data["total"]), until=until,
        )
    ]  # fmt: skip


async def asked_again(happened: Happened) -> list[Notice]:
    """The confirmation once more, unless the booking is another one by now."""
    from .notifications import confirmed

    info = await _info(happened)
    if info is None or info.ical_sequence != happened.data["ical_sequence"]:
        return []
    return await confirmed(happened)


def _type(name: str, label: str, event: str, compose: Any, *, critical: bool = True) -> NotificationType:
    return NotificationType(
        id=f"scheduling.{name}", label=label, event=f"scheduling.{event}.v1", compose=compose, critical=critical
    )


MORE_TYPES = [
    _type("session_requested", N_("Somebody asks for a session"), "session_requested", requested),
    _type("request_answered", N_("A request is answered"), "request_answered", answered),
    _type("request_unanswered", N_("A request was not answered"), "booking_expired", unanswered),
    _type("change_proposed", N_("The interviewer proposes a change"), "change_proposed", proposed),
    _type("proposal_answered", N_("A proposal is answered"), "proposal_answered", proposal_answered),
    _type("interviewer_changed", N_("A session has another interviewer"), "interviewer_changed", interviewer_changed),
    _type("time_offered", N_("A time you wait for is free"), "time_offered", offered),
    _type("session_given", N_("A session booked for somebody else"), "session_given", given),
    _type("guests_moved", N_("A session with guests is changed"), "booking_rescheduled", guests_moved),
    _type("guests_new_host", N_("A session with guests has another interviewer"), "interviewer_changed", guests_moved),
    _type("guests_let_off", N_("A session with guests is called off"), "booking_cancelled", guests_let_off),
    _type("confirmation_asked", N_("A confirmation is sent again"), "confirmation_asked", asked_again),
    _type("strike_given", N_("A strike is given"), "strike_given", strike),
]
