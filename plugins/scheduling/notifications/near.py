"""What people are told around the time of a session: that it is near, what is missing, who is late, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kernel import (
    N_,
    Happened,
    Notice,
    NotificationType,
    Text,
    accounts,
    current_snapshot,
    current_zone,
    services,
    speaking,
    url,
)

from ..models import Booking
from ..queries import BOOKINGS
from ..reminders import AFTER, MISSING
from ..services import preparation

_SOMEBODY = N_("your partner")
#: So long before the start, everything that is still missing is named; later, only what must not be missing.
_ALL_ITEMS = 120

Made = dict[UUID, tuple[str, Notice]]


async def notices_of(rows: Sequence[Any]) -> Made:
    """What planned reminders say, with their type, by the reminder's id; those with nothing to say are missing."""
    ids = {i for row in rows for i in (row.candidate_id, row.interviewer_id, row.account_id) if i is not None}
    cards = await accounts.accounts_by_ids(ids)
    near = [row for row in rows if row.kind not in (AFTER, MISSING)]
    todo = await preparation.missing({row.booking_id for row in near}) if near else {}
    made: Made = {}
    todo_words: dict[tuple[str, ...], str] = {}
    for row in rows:
        card = cards.get(row.account_id)
        if card is None or card.state != "active":
            continue
        found = await _one(row, card, _partner(row, cards), todo.get((row.booking_id, row.account_id), ()), todo_words)
        if found is not None:
            made[row.id] = found
    return made


def _partner(row: Any, cards: dict[UUID, Any]) -> str:
    """The name by which the other one is known to this person."""
    if row.account_id != row.candidate_id:
        return row.alias or (cards[row.candidate_id].name if row.candidate_id in cards else "")
    return cards[row.interviewer_id].name if row.interviewer_id in cards else ""


async def _one(
    row: Any, card: Any, partner: str, todo: Sequence[str], todo_words: dict[tuple[str, ...], str]
) -> tuple[str, Notice] | None:
    """`todo_words` keeps what is still to do in words, by language."""
    params: dict[str, Any] = {"title": row.title, "partner": partner or Text(_SOMEBODY), "when": row.starts_at}
    # One for each booking, version, moment and person; the channels keep it apart themselves.
    key = f"scheduling.reminder:{row.booking_id}:{row.sequence}:{row.kind}{row.minutes}:{row.account_id}"
    page = url("scheduling.booking", id=row.booking_id)
    channels = tuple(row.channels.split(",")) if row.channels else ()
    if row.kind == MISSING:
        return await _missing(row, key, params, page)
    if row.kind == AFTER:
        return await _after(row, key, params, page, channels)
    items = todo if row.minutes >= _ALL_ITEMS else [item for item in todo if item == "device"]
    body = N_("{title} with {partner} begins {when}.\n\nThe session's page leads into the room.")
    if items:
        locale = card.locale if card.locale in current_snapshot().locales else current_snapshot().locale
        if (said := todo_words.get((locale, *items))) is None:
            with speaking(locale, card.zone or current_zone()):
                said = "\n".join(f"- {preparation.words(item)}" for item in items)
            todo_words[locale, *items] = said
        params["todo"] = said
        body = N_("{title} with {partner} begins {when}.\n\nStill to do:\n\n{todo}")
    return "scheduling.reminder", Notice(
        key=key, account_id=row.account_id, subject=N_("Soon: {title} with {partner}"), body=body, params=params,
        action_label=N_("Open the session"), action_url=page, channels=channels,
    )  # fmt: skip


async def _missing(row: Any, key: str, params: dict[str, Any], page: str) -> tuple[str, Notice] | None:
    """The session has begun without this person. Nobody knows that without rooms."""
    rooms = services.get("live.Sessions")
    if rooms is None:
        return None
    info = await rooms.get(row.booking_id)
    if info is not None and (row.account_id in info.here or info.state not in ("scheduled", "lobby")):
        return None
    if await preparation.late_minutes(row.booking_id, row.account_id):
        return None
    body = N_("{title} with {partner} began {when}, and you are not in the room yet.")
    if info is not None and info.here:
        body = N_("{partner} is in the room and waits for you: {title} began {when}.")
    return "scheduling.not_joined", Notice(
        key=key, account_id=row.account_id, subject=N_("It has begun: {title} with {partner}"), body=body,
        params=params, action_label=N_("Join now"), action_url=page,
    )  # fmt: skip


async def _after(
    row: Any, key: str, params: dict[str, Any], page: str, channels: tuple[str, ...]
) -> tuple[str, Notice] | None:
    if row.account_id != row.candidate_id:
        return "scheduling.follow_up", Notice(
            key=key, account_id=row.account_id, subject=N_("Afterwards: {title} with {partner}"),
            body=N_("{title} with {partner} on {when} is over. Everything about it stays on the session's page."),
            params=params, action_label=N_("Open the session"), action_url=page, channels=channels,
        )  # fmt: skip
    if await BOOKINGS.upcoming(row.account_id, 1):
        return None  # the next one is booked already
    return "scheduling.follow_up", Notice(
        key=key, account_id=row.account_id, subject=N_("What next after {title}?"),
        body=N_(
            "{title} with {partner} on {when} is over. What you worked on sticks best when you practise again soon."
        ),
        params=params, action_label=N_("Book the next session"), action_url=url("scheduling.directory"),
        channels=channels,
    )  # fmt: skip


async def running_late(happened: Happened) -> list[Notice]:
    """The other side learns that somebody comes later."""
    booking = await Booking.filter(id=UUID(happened.data["booking_id"])).first()
    who = UUID(happened.data["account_id"])
    info = await BOOKINGS.get(booking.id) if booking is not None else None
    if booking is None or info is None or booking.status != "accepted":
        return []
    if booking.starts_at.isoformat() != happened.data["starts_at"]:
        return []  # moved meanwhile
    cards = await accounts.accounts_by_ids([who])
    name = info.alias if who == booking.candidate_id and info.alias else cards[who].name if who in cards else ""
    found = []
    for to in {booking.candidate_id, booking.interviewer_id, booking.second_id} - {who, None}:
        assert to is not None  # noqa: S101 - taken out above
        found.append(
            Notice(
                key=f"{happened.id}:{to}", account_id=to, subject=N_("{name} runs late for {title}"),
                body=N_("{name} will be there {minutes} minutes after the start of {title} on {when}. The room waits."),
                params={
                    "name": name or Text(_SOMEBODY), "title": info.type_title, "when": booking.starts_at,
                    "minutes": str(happened.data["minutes"]),
                },
                action_label=N_("Open the session"), action_url=info.path,
            )
        )  # fmt: skip
    return found


TYPES = [
    NotificationType(id="scheduling.reminder", label=N_("A session is near")),
    NotificationType(id="scheduling.not_joined", label=N_("A session has begun without me")),
    NotificationType(id="scheduling.follow_up", label=N_("After a session")),
    NotificationType(
        id="scheduling.running_late", label=N_("Somebody runs late"), event="scheduling.running_late.v1",
        compose=running_late, critical=True,
    ),
]  # fmt: skip
