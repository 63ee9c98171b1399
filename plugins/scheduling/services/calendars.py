"""Calendars elsewhere: connected, read now and then, let go. And the private feed with which others read ours."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from kernel import (
    _,
    accounts,
    audit,
    current_tenant,
    enqueue,
    errors,
    get_logger,
    now,
    one_time,
    sealing,
    sql_one,
    unit_of_work,
)

from .. import calendars
from ..api import CalendarFailed, CalendarRefused, Reading
from ..calendars.oauth import challenge
from ..models import Booking, Busy, Feed, OtherCalendar
from .busy import replace_busy

log = get_logger(__name__)

#: What is read of a calendar: from yesterday to as far as anybody books.
BACK, AHEAD = timedelta(days=1), timedelta(days=200)
#: How often a calendar is read, and the longest pause after failures.
EVERY, LONGEST = timedelta(minutes=15), timedelta(hours=12)
#: After so many failures in a row the owner sees a banner, and their old busy times stay in force.
WARN_AFTER: Final = 3
MOST: Final = 10
PURPOSE: Final = "scheduling.calendar"
_SIGN_IN_TIME: Final = timedelta(minutes=15)


def _place(row: OtherCalendar) -> str:
    return sealing.row_place("scheduling_other_calendar", row.id)


# --- connecting ---------------------------------------------------------------------------------------------------


async def connect(account_id: UUID, provider_id: str, name: str, access: Mapping[str, str], zone: str) -> OtherCalendar:
    """Read a calendar once, and keep it only when that worked. Raises Invalid with the reason at the address."""
    provider = calendars.provider(provider_id)
    if provider is None or not provider.offered():
        raise errors.NotFound()
    if await OtherCalendar.filter(account_id=account_id).count() >= MOST:
        raise errors.Conflict(_("You read as many calendars as one may. Disconnect one first."))
    try:
        found = await provider.read(access, {}, span(), zone)
    except (CalendarRefused, CalendarFailed) as exc:
        raise errors.Invalid({"address": str(exc)}) from exc
    row = OtherCalendar(account_id=account_id, provider=provider_id, name="", access=b"")
    row.name = (name or found.name or urlsplit(access.get("address", "")).hostname or _(provider.label))[:120]
    row.access = sealing.seal(json.dumps(dict(access)), _place(row))
    async with unit_of_work():
        await row.save(force_create=True)
        await _keep(row, found)
        after = {"provider": provider_id}
        await audit.record("scheduling.calendar_connected", subject="calendar", subject_id=str(row.id), after=after)
    return row


async def sign_in_url(account_id: UUID, provider_id: str, back: str) -> str:
    """Where the owner grants access; the answer belongs to this account, once, for a quarter of an hour."""
    provider: Any = calendars.provider(provider_id)
    if provider is None or not provider.offered() or not hasattr(provider, "sign_in_url"):
        raise errors.NotFound()
    verifier, ahead = challenge()
    async with unit_of_work():
        data = {"provider": provider_id, "verifier": verifier}
        state = await one_time.issue(PURPOSE, account_id, data=data, ttl=_SIGN_IN_TIME)
    return str(provider.sign_in_url(back, state, ahead))


async def signed_in(account_id: UUID, state: str, code: str, back: str, zone: str) -> OtherCalendar:
    """The owner came back with a code. Raises Gone for a state that is not theirs or was used, Invalid otherwise."""
    found = await one_time.redeem(PURPOSE, state) if 20 <= len(state) <= 200 else None
    if found is None or found.account_id != account_id:
        raise errors.Gone(_("That sign-in took too long or was used already. Connect the calendar again."))
    provider: Any = calendars.provider(str(found.data["provider"]))
    if provider is None:
        raise errors.NotFound()
    try:
        access = await provider.redeem(back, code, str(found.data["verifier"]))
    except (CalendarRefused, CalendarFailed) as exc:
        raise errors.Invalid({"address": str(exc)}) from exc
    return await connect(account_id, provider.id, "", access, zone)


async def disconnect(row: OtherCalendar) -> None:
    """Let a calendar go, with its secrets and its busy times."""
    async with unit_of_work():
        await Busy.filter(account_id=row.account_id, source=_source(row)).delete()
        await OtherCalendar.filter(id=row.id).delete()
        await audit.record("scheduling.calendar_disconnected", subject="calendar", subject_id=str(row.id))


# --- reading ------------------------------------------------------------------------------------------------------


def _source(row: OtherCalendar) -> str:
    return f"calendar:{row.id}"


def span() -> tuple[datetime, datetime]:
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    return today - BACK, today + AHEAD


async def refresh_due() -> int:
    """Queue the reading of every calendar whose turn it is; how many."""
    ids: list[Any] = (
        await OtherCalendar.filter(next_at__lte=now()).exclude(state="refused").values_list("id", flat=True)
    )
    for calendar_id in ids:
        await enqueue(
            "scheduling.calendar_read", {"calendar_id": str(calendar_id)}, key=f"scheduling.read:{calendar_id}"
        )
    return len(ids)


async def refresh(calendar_id: UUID) -> bool:
    """Read a calendar now; whether it worked. What is known of it stays when it did not."""
    row = await OtherCalendar.filter(id=calendar_id).first()
    if row is None:
        return False
    provider = calendars.provider(row.provider)
    card = (await accounts.accounts_by_ids([row.account_id])).get(row.account_id)
    if provider is None or card is None or card.state != "active":
        return False
    try:
        access = json.loads(sealing.unseal(bytes(row.access), _place(row)))
        found = await provider.read(access, row.memory, span(), card.zone or "UTC")
    except (CalendarRefused, CalendarFailed, sealing.CannotOpen) as exc:
        await _failed(row, exc)
        return False
    async with unit_of_work():
        fresh = await OtherCalendar.filter(id=row.id).select_for_update().first()
        if fresh is None:
            return False  # disconnected meanwhile
        await _keep(fresh, found)
    return True


async def _keep(row: OtherCalendar, found: Reading) -> None:
    """Store what a reading gave; joins the open transaction."""
    if found.access is not None:
        row.access = sealing.seal(json.dumps(dict(found.access)), _place(row))
    row.memory, row.busy = dict(found.memory), len(found.busy)
    row.state, row.failures, row.problem = "fine", 0, ""
    row.read_at, row.next_at = now(), now() + EVERY
    await row.save()
    await replace_busy(row.account_id, _source(row), found.busy)


async def _failed(row: OtherCalendar, exc: Exception) -> None:
    """Try again later and later; what only the owner can mend is not tried again."""
    refused = not isinstance(exc, CalendarFailed)
    failures = row.failures + 1
    pause = min(EVERY * 2 ** min(failures - 1, 10), LONGEST)
    text = _("The calendar has to be connected again.") if isinstance(exc, sealing.CannotOpen) else str(exc)
    # A refusal may be a server's bad day: it counts when it was said three times.
    await OtherCalendar.filter(id=row.id).update(
        failures=failures, problem=text[:300], next_at=now() + pause,
        state="refused" if refused and failures >= WARN_AFTER else "failing",
    )  # fmt: skip
    log.info("a calendar could not be read", extra={"provider": row.provider, "failures": failures})


async def again(row: OtherCalendar) -> bool:
    """Its owner asks to read it at once."""
    await OtherCalendar.filter(id=row.id, state="refused").update(state="failing")
    return await refresh(row.id)


async def conflicts(account_id: UUID) -> list[Booking]:
    """Upcoming sessions of an interviewer that overlap busy times of other calendars. They are only shown."""
    busy = await Busy.filter(account_id=account_id, source__startswith="calendar:", ends_at__gt=now())
    held = await Booking.filter(interviewer_id=account_id, status="accepted", starts_at__gt=now()).order_by("starts_at")
    held += await Booking.filter(second_id=account_id, status="accepted", starts_at__gt=now()).order_by("starts_at")
    # The calendar into which our own invitation was put is not a conflict.
    return [b for b in held if any(_clash(b, p) for p in busy)]


def _clash(booking: Booking, period: Busy) -> bool:
    same = (period.starts_at, period.ends_at) == (booking.starts_at, booking.ends_at)
    return not same and period.starts_at < booking.ends_at and period.ends_at > booking.starts_at


# --- the private feed ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeedView:
    """Somebody's own feed: its secret, since when, and when it was read last."""

    token: str
    at: datetime
    read_at: datetime | None


def _feed_place(row: Feed) -> str:
    return sealing.row_place("scheduling_feed", row.id)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


async def feed_of(account_id: UUID) -> FeedView | None:
    row = await Feed.filter(account_id=account_id).first()
    if row is None:
        return None
    try:
        return FeedView(sealing.unseal(bytes(row.token), _feed_place(row)), row.at, row.read_at)
    except sealing.CannotOpen:
        return None


async def make_feed(account_id: UUID) -> None:
    """A new secret address; the one of before stops working at once."""
    token = secrets.token_urlsafe(32)
    async with unit_of_work():
        await Feed.filter(account_id=account_id).delete()
        row = Feed(account_id=account_id, digest=_digest(token), token=b"")
        row.token = sealing.seal(token, _feed_place(row))
        await row.save(force_create=True)
        await audit.record("scheduling.feed_made", subject="feed", subject_id=str(row.id))


async def drop_feed(account_id: UUID) -> None:
    async with unit_of_work():
        if await Feed.filter(account_id=account_id).delete():
            await audit.record("scheduling.feed_dropped", subject="feed", subject_id=str(account_id))


async def feed_owner(token: str) -> UUID | None:
    """Whose feed this is; None for an address that never was one or was revoked, and for accounts that are blocked."""
    row = await sql_one(
        "UPDATE scheduling_feed SET read_at = $1 WHERE tenant_id = $2 AND digest = $3 RETURNING account_id",
        now(), current_tenant().id, _digest(token),
    )  # fmt: skip
    if row is None:
        return None
    card = (await accounts.accounts_by_ids([row.account_id])).get(row.account_id)
    return row.account_id if card is not None and card.state == "active" else None


__all__ = [
    "AHEAD", "MOST", "WARN_AFTER", "FeedView", "again", "conflicts", "connect", "disconnect",
    "drop_feed", "feed_of", "feed_owner", "make_feed", "refresh", "refresh_due", "sign_in_url", "signed_in", "span",
]  # fmt: skip
