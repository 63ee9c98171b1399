"""The candidate's own notes after a practice session."""

from __future__ import annotations

from kernel import compare_and_set, errors, unit_of_work

from ..access import Seat
from ..models import SelfReview
from . import exchanges
from .scorecards import Moved


async def save(seat: Seat, again: list[str], note: str, version: int) -> SelfReview:
    """Keep what to practise again and a note, for the candidate alone. Raises Moved when it changed meanwhile."""
    if not seat.practice or not seat.is_candidate:
        raise errors.NotFound
    async with unit_of_work():
        exchange = await exchanges.locked(seat)
        row = await SelfReview.filter(booking_id=exchange.booking_id).first()
        if (row.version if row is not None else 0) != version:
            raise Moved(row.version if row is not None else 0)
        if row is None:
            row = SelfReview(booking_id=exchange.booking_id, account_id=seat.actor.id, again=again, note=note)
            await row.save(force_create=True)
        else:
            await compare_and_set(row, again=again, note=note)
    return row
