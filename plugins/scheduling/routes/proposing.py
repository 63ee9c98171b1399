"""The interviewer proposes other times or a colleague; the candidate answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from aiohttp import web

from kernel import (
    Stop,
    _,
    current_zone,
    errors,
    flash,
    format_date,
    format_time,
    get_or_404,
    now,
    page,
    read_form,
    see_other,
    url,
    zones,
)

from .. import availability
from ..api import BookingInfo
from ..forms import ProposalAnswerForm, ProposeForm
from ..models import Booking, InterviewType, Proposal
from ..picker import value_of
from ..refusals import NotBookable, parse_start
from ..services import moving, proposals
from ..services.parties import me
from .changing import party

_DAYS = 10


async def show_propose(request: web.Request) -> web.StreamResponse:
    """Times in which both could meet instead, and colleagues who could step in."""
    row, info, role = await party(request)
    if role != "interviewer":
        return see_other(url("scheduling.reschedule", id=row.id))
    if problem := moving.why_not_moved(row, now(), "interviewer"):
        flash(request, problem, "info")
        return see_other(url("scheduling.booking", id=row.id))
    return await _draw(request, row, info, {}, {})


async def _draw(
    request: web.Request,
    row: Booking,
    info: BookingInfo,
    raw: Mapping[str, Any],
    problems: Mapping[str, str],
    *,
    status: int = 200,
    refusal: str = "",
) -> web.StreamResponse:
    kind = await get_or_404(InterviewType, row.type_id)
    kind.duration_minutes = info.duration_minutes
    free = await availability.ask(availability.Question(kind, row.interviewer_id or me(), row.candidate_id, row.id))
    starts = free.starts(free.at, free.at + timedelta(days=kind.window_days + 2))
    context = {
        "title": _("Propose a change"),
        "info": info,
        "booking": row,
        "days": _days([start for start in starts if start != row.starts_at]),
        "chosen": set(raw.get("start", ())),
        "most": proposals.MOST_TIMES,
        "colleagues": await moving.substitutes(row),
        "open": await proposals.open_proposal(row.id),
        "raw": raw,
        "errors": problems,
        "refusal": refusal,
    }
    return await page(request, "scheduling/propose.html", context, status=status)


def _days(starts: list[datetime]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The next free days of the reader, each with (value, clock) of its times."""
    zone = current_zone()
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for day, group in groupby(starts, key=lambda s: zones.wall(s, zone).date()):
        if len(found) == _DAYS:
            break
        found.append((format_date(day, "day"), [(value_of(start), format_time(start)) for start in group]))
    return found


async def propose(request: web.Request) -> web.StreamResponse:
    """Send the proposal; the candidate is told at once."""
    row, info, role = await party(request)
    if role != "interviewer":
        raise errors.NotFound()
    parsed = await read_form(request, ProposeForm)
    raw: dict[str, Any] = {**parsed.raw, "start": parsed.raw_lists.get("start", [])}
    if parsed.value is None:
        return await _draw(request, row, info, raw, parsed.errors, status=422)
    form = parsed.value
    try:
        if form.substitute is not None:
            await proposals.propose_substitute(row.id, form.substitute, form.note, me(), "interviewer")
        else:
            starts = [parse_start(text, current_zone()) for text in form.start]
            await proposals.propose_times(row.id, starts, form.note, me(), "interviewer")
    except errors.Invalid as exc:
        return await _draw(request, row, info, raw, exc.errors, status=422)
    except NotBookable as exc:
        return await _draw(request, row, info, raw, {}, status=exc.status, refusal=exc.detail)
    flash(request, _("Proposal sent. The session stands as it is until it is accepted."))
    return see_other(url("scheduling.booking", id=row.id))


async def answer(request: web.Request) -> web.StreamResponse:
    """The candidate accepts, keeps the session as it is, or takes the money back."""
    row, _info, role = await party(request)
    if role != "candidate":
        raise errors.NotFound()
    parsed = await read_form(request, ProposalAnswerForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    try:
        flash(request, await carry_out(row, parsed.value))
    except (NotBookable, Stop) as exc:  # the other times, and keeping the session, are still to be had
        flash(request, exc.detail, "bad")
    return see_other(url("scheduling.booking", id=row.id))


async def carry_out(row: Booking, form: ProposalAnswerForm, actor_id: Any = None) -> str:
    """Do what was answered; the words to say afterwards."""
    found = await get_or_404(Proposal, form.proposal, booking_id=row.id)
    if form.act == "accept":
        start = parse_start(form.start, row.candidate_zone) if form.start else None
        await proposals.accept(found.id, row.candidate_id, start, actor_id)
        if found.kind == "substitute":
            return _("Agreed. Your session has another interviewer; time and price stay.")
        return _("Agreed. The session has its new time.")
    await proposals.decline(found.id, row.candidate_id, refund=form.act == "refund", actor_id=actor_id)
    return _("Session cancelled, you get everything back") if form.act == "refund" else _("The session stays as it is")


async def withdraw(request: web.Request) -> web.StreamResponse:
    """The interviewer takes the proposal back."""
    row, _info, role = await party(request)
    if role != "interviewer":
        raise errors.NotFound()
    found = await proposals.open_proposal(row.id)
    if found is not None:  # else it was answered, or this is a second click: the page says how it stands
        await proposals.withdraw(found.id, me())
    flash(request, _("Proposal withdrawn"), "info")
    return see_other(url("scheduling.booking", id=row.id))
