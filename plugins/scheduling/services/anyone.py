"""A time is held with whoever's turn it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kernel import now

from ..models import Booking, InterviewType
from ..refusals import NotBookable
from ..states import Status
from .assignment import choose_interviewer
from .holding import Wish, hold

#: Somebody else may take the chosen one's time at this moment: then it is the next one's turn.
_TRIES = 4
_OTHERS = frozenset({"busy", "buffer", "limit_day", "limit_week", "limit_month"})


async def hold_any(kind: InterviewType, candidate_id: UUID, start: datetime, zone: str) -> Booking:
    """Hold the time, of the length that `kind` has. Again: the same. Raises NotBookable when nobody
    suitable is free."""
    if (known := await _held(kind, candidate_id, start)) is not None:
        return known
    passed: list[UUID] = []
    for _try in range(_TRIES):
        card = await choose_interviewer(
            kind, start, candidate_id=candidate_id, duration=kind.duration_minutes, leaving_out=passed
        )
        if card is None:
            break
        try:
            return await hold(Wish(kind, card, candidate_id, start, zone))
        except NotBookable as no:
            if no.reason not in _OTHERS:
                if (known := await _held(kind, candidate_id, start)) is not None:
                    return known
                raise
            passed.append(card.account_id)
    raise NotBookable("busy")


async def _held(kind: InterviewType, candidate_id: UUID, start: datetime) -> Booking | None:
    """What a first click took."""
    return await Booking.filter(
        candidate_id=candidate_id, type_id=kind.id, starts_at=start, status=Status.HELD, hold_until__gt=now(),
        ends_at=start + timedelta(minutes=kind.duration_minutes),
    ).first()  # fmt: skip
