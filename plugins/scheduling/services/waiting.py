"""The waiting list: a freed time is held for whoever has waited longest, with a deadline, then for the next."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from kernel import Stop, _, errors, get_logger, now, publish, services, setting, unit_of_work, zones
from plugins.users.api import Interviewers

from ..events import TimeOffered
from ..models import Booking, InterviewType, Offer, Waiting
from ..refusals import NotBookable
from ..states import Status
from .cancelling import release
from .core import calendar_number, lock_calendars
from .holding import Wish, hold

log = get_logger(__name__)
MOST_ENTRIES = 10


async def join(
    kind: InterviewType, account_id: UUID, interviewer_id: UUID | None, zone: str, until: date | None = None
) -> Waiting:
    """Wait for a time of this type, with one interviewer or any. Again: the same entry, prolonged."""
    today = zones.wall(now(), zone).date()
    last = until or today + timedelta(days=min(kind.window_days, 60))
    if last < today:
        raise errors.Invalid({"until": _("Choose a day that is not over yet.")})
    number = await calendar_number(account_id)
    async with unit_of_work():
        await lock_calendars(number)  # two clicks at once: the second finds what the first wrote
        known = await Waiting.filter(
            account_id=account_id, type_id=kind.id, interviewer_id=interviewer_id, state__in=("waiting", "offered")
        ).first()
        if known is not None:
            known.until = last
            await known.save(update_fields=["until"])
            return known
        if await Waiting.filter(account_id=account_id, state="waiting").count() >= MOST_ENTRIES:
            raise errors.Conflict(_("You wait for as many times as one person may. Leave one list first."))
        return await Waiting.create(
            account_id=account_id, type_id=kind.id, interviewer_id=interviewer_id, zone=zone, until=last
        )


async def leave(waiting_id: UUID, account_id: UUID) -> None:
    """Wait no longer; what is held for them goes to the next. Again: nothing."""
    row = await Waiting.filter(id=waiting_id, account_id=account_id).first()
    if row is None:
        raise errors.NotFound()
    held = row.booking_id if row.state == "offered" else None
    await Waiting.filter(id=row.id, state__in=("waiting", "offered")).update(state="left")
    if held is not None:
        await release(held)


async def position(row: Waiting) -> int:
    """Which place somebody has, from 1."""
    ahead = Waiting.filter(type_id=row.type_id, state="waiting", at__lt=row.at)
    if row.interviewer_id is not None:
        return 1 + await ahead.filter(interviewer_id=row.interviewer_id).count()
    return 1 + await ahead.count()


async def mine(account_id: UUID) -> list[Waiting]:
    """What somebody waits for, the oldest first."""
    return await Waiting.filter(
        account_id=account_id, state__in=("waiting", "offered")
    ).order_by("at").prefetch_related("type")  # fmt: skip


async def offer(
    interviewer_id: UUID | None, starts_at: datetime, ends_at: datetime, not_for: UUID | None
) -> Booking | None:
    """Hold a freed time for the first who waits for one like it. None when nobody does, or it was taken meanwhile.

    Told twice: the time is taken by then, so nothing happens.
    """
    card = await services.need(Interviewers).card(interviewer_id) if interviewer_id else None
    if card is None or not (card.published and card.accepting):
        return None
    minutes = round((ends_at - starts_at).total_seconds() / 60)
    types = {t.id: t for t in await InterviewType.filter(active=True, kind="human", duration_minutes__lte=minutes)}
    offered = set(await Offer.filter(account_id=card.account_id).values_list("type_id", flat=True))
    rows = await Waiting.filter(state="waiting", type_id__in=list(set(types) & offered)).order_by("at", "id")
    for row in rows:
        for_other = row.interviewer_id not in (None, card.account_id) or row.account_id in (not_for, card.account_id)
        if for_other or zones.wall(starts_at, row.zone).date() > row.until:
            continue
        kind = types[row.type_id]
        until = min(
            now() + timedelta(minutes=setting("scheduling.offer_minutes")),
            starts_at - timedelta(minutes=kind.minimum_notice_minutes),
        )
        if until <= now():
            continue
        try:
            booking = await hold(Wish(kind, card, row.account_id, starts_at, row.zone, mode="offer"), until=until)
        except (NotBookable, Stop) as exc:
            if isinstance(exc, NotBookable) and exc.taken:
                return None
            continue  # they have another session then, or a neighbour forbids it: the next one's turn
        await _told(row, booking)
        return booking
    return None


async def _told(row: Waiting, booking: Booking) -> None:
    async with unit_of_work():
        if not await Waiting.filter(id=row.id, state="waiting").update(state="offered", booking_id=booking.id):
            return
        if booking.interviewer_id is not None and booking.hold_until is not None:
            await publish(
                TimeOffered(
                    booking.id, row.account_id, booking.interviewer_id, booking.starts_at, booking.hold_until,
                    booking.title,
                )
            )  # fmt: skip


async def settle(booking_id: UUID) -> None:
    """An offer came to nothing: it is the next one's turn. Told twice: nothing more."""
    booking = await Booking.filter(id=booking_id, status=Status.EXPIRED).first()
    if booking is None:
        return
    await Waiting.filter(booking_id=booking.id, state="offered").update(state="lapsed")
    if booking.starts_at > now():
        await offer(booking.interviewer_id, booking.starts_at, booking.ends_at, booking.candidate_id)


async def tidy() -> int:
    """Entries whose last day is over wait no longer."""
    today = now().date() - timedelta(days=1)
    return int(await Waiting.filter(state="waiting", until__lt=today).update(state="lapsed"))
