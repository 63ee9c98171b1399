"""The form of a held time is sent: it is asked for, paid, or stands at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kernel import Stop, errors, now, services, unit_of_work, url
from plugins.users.api import Interviewers

from .. import entitlements
from ..lengths import as_booked
from ..models import Booking, InterviewType
from ..refusals import NotBookable
from ..settings import payment_time
from ..states import Status
from . import requests
from .core import own_booking
from .holding import Wish, hold, overdue
from .parties import Extras, check_extras
from .practice import practise
from .standing import accept, checkout_of, go_on, paid

MAX_GOAL = 2000


async def confirm(
    booking: Booking,
    kind: InterviewType,
    intake: Mapping[str, Any],
    *,
    start: datetime | None = None,
    extras: Extras | None = None,
) -> tuple[Booking, str]:
    """The form is filled in: interviewers are asked, the payment begins, or the booking stands.

    `booking` is the candidate's own as it was read, `kind` its type. Gives it and where to go next. Again (double
    click, Back): the same answer. A hold that ran out, or another `start`, is taken anew first; raises NotBookable
    when that fails.
    """
    extras = extras or Extras()
    candidate_id = booking.candidate_id
    if booking.kind != "human":
        raise errors.NotFound()
    lapsed = booking.status == Status.EXPIRED or overdue(booking, now())
    if booking.interviewer_id and (
        lapsed or (start is not None and start != booking.starts_at and booking.status == Status.HELD)
    ):
        booking = await _again(booking, start or booking.starts_at)
    elif lapsed:
        raise errors.Gone()
    kind = as_booked(kind, booking)
    fields = await check_extras(booking, kind, extras) if booking.status == Status.HELD else {}
    asked = await requests.chosen(booking, kind, extras.also) if booking.status == Status.HELD else []
    paid_by = await entitlements.offered(candidate_id, kind.id) if extras.use_entitlement else ""
    async with unit_of_work():
        booking = await own_booking(booking.id, candidate_id)
        if booking.status == Status.HELD:
            if paid_by and await entitlements.use(paid_by, candidate_id, booking.id):
                fields |= {"entitlement": paid_by}
                booking.price_minor = 0
                fields |= {"price_minor": 0}
            fields |= {"intake": {**intake}}
            if kind.mode == "request" and booking.mode != "offer":
                await requests.send(booking, kind, asked, fields)
            else:
                await go_on(booking, until=now() + payment_time(), role="candidate", **fields)
    if booking.status == Status.PENDING:
        return booking, await checkout_of(booking)
    return booking, url("scheduling.booking", id=booking.id)


async def _again(old: Booking, start: datetime) -> Booking:
    """A fresh hold for a lapsed one, or for another time, by the same rules."""
    kind = await InterviewType.filter(id=old.type_id).first()
    cards = await services.need(Interviewers).cards([i for i in (old.interviewer_id, old.second_id) if i])
    card = cards.get(old.interviewer_id) if old.interviewer_id else None
    if kind is None or card is None:
        raise NotBookable("not_offered")
    second = cards.get(old.second_id) if old.second_id else None
    kind = as_booked(kind, old)
    return await hold(Wish(kind, card, old.candidate_id, start.astimezone(UTC), old.candidate_zone, second))


__all__ = ["MAX_GOAL", "Extras", "Stop", "Wish", "accept", "confirm", "hold", "paid", "practise"]
