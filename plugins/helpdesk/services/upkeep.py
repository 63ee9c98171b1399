"""What happens by itself: tickets about sessions that start soon become urgent, solved ones are closed in the end."""

from __future__ import annotations

from datetime import timedelta

from kernel import get_logger, now, setting, unit_of_work

from .. import neighbours, states
from ..models import Ticket
from ..settings import REOPEN_DAYS
from .desk import change_priority
from .steps import move, take

log = get_logger(__name__)
_AT_ONCE = 200


async def raise_urgent() -> int:
    """Once per ticket: an agent who lowers it again is not overruled. Reads everything anew, so it may run twice."""
    waiting = await Ticket.filter(
        state__in=states.LIVE, raised=False, booking_id__isnull=False, priority__not=states.URGENT
    ).limit(_AT_ONCE)
    infos = await neighbours.many({t.booking_id for t in waiting if t.booking_id})
    raised = 0
    for ticket in waiting:
        if neighbours.priority_for(infos.get(ticket.booking_id)) != states.URGENT:  # type: ignore[arg-type]
            continue
        async with unit_of_work():
            fresh = await take(ticket.id)
            if fresh.state in states.LIVE and not fresh.raised:
                await change_priority(fresh, states.URGENT, by_rule=True, reason=states.SESSION_SOON)
                raised += 1
    return raised


async def close_solved() -> int:
    """Solved tickets that nobody opened again in time."""
    before = now() - timedelta(days=int(setting(REOPEN_DAYS)))
    due = await Ticket.filter(state=states.SOLVED, solved_at__lt=before).order_by("solved_at").limit(_AT_ONCE)
    closed = 0
    for ticket in due:
        async with unit_of_work():
            fresh = await take(ticket.id)
            if fresh.state == states.SOLVED and fresh.solved_at is not None and fresh.solved_at < before:
                await move(fresh, states.CLOSED, by="rule", reason=states.BY_AGE)
                closed += 1
    return closed
