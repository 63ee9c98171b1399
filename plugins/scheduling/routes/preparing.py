"""Getting ready on the session's page: ticks, the résumé, running late."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from kernel import _, current_actor, errors, file_answer, flash, get_or_404, read_form, see_other, url

from ..forms_calendars import LateForm, ResumeForm, TickForm
from ..models import Booking
from ..services import preparation
from ..states import Status
from .sessions import visible


async def prepared(row: Booking, role: str, at: datetime) -> dict[str, Any] | None:
    """What the session's page shows one of its people before it begins; None when there is nothing to prepare."""
    actor = current_actor()
    if actor is None or row.kind != "human" or row.status != Status.ACCEPTED or at >= row.ends_at:
        return None
    if preparation.role_of(row, actor.id) != role:
        return None
    done = await preparation.done(row.id, actor.id)
    left = (await preparation.missing([row.id])).get((row.id, actor.id), [])
    items = [
        {"key": item, "label": preparation.words(item), "done": item not in left} for item in preparation.ITEMS[role]
    ]
    late = done["late"].minutes if "late" in done else 0
    return {
        "items": items,
        "left": len(left),
        "resume": await preparation.resume_of(row.id),
        "late": late,
        "late_choices": [n for n in preparation.LATE if n > late] if preparation.may_be_late(row, at) else [],
        "before": at < row.starts_at,
    }


async def late_ones(row: Booking) -> dict[str, int]:
    """Minutes by which somebody said to be late, by role."""
    from ..models import Preparation

    rows = await Preparation.filter(booking_id=row.id, item="late")
    return {preparation.role_of(row, r.account_id): r.minutes for r in rows}


async def _mine(request: web.Request) -> tuple[Booking, Any]:
    row = await get_or_404(Booking, request.match_info["id"])
    actor = current_actor()
    if actor is None or not preparation.role_of(row, actor.id):
        raise errors.NotFound()
    return row, actor


def _back(row: Booking) -> web.StreamResponse:
    return see_other(url("scheduling.booking", id=row.id) + "#ready")


async def tick(request: web.Request) -> web.StreamResponse:
    """Tick something off, or take it back."""
    row, actor = await _mine(request)
    parsed = await read_form(request, TickForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    await preparation.tick(row.id, actor.id, parsed.value.item, parsed.value.on == "1")
    return _back(row)


async def add_resume(request: web.Request) -> web.StreamResponse:
    """Keep the candidate's résumé with the session."""
    row, actor = await _mine(request)
    uploads = (await read_form(request, ResumeForm)).files.get("resume", [])
    if not uploads:
        flash(request, _("Choose a file first."), "warn")
        return _back(row)
    try:
        await preparation.add_resume(row.id, actor.id, uploads[0])
    except errors.Invalid as exc:
        flash(request, next(iter(exc.errors.values())), "warn")
    else:
        flash(request, _("Résumé added"))
    return _back(row)


async def resume(request: web.Request) -> web.StreamResponse:
    """The résumé, for the people of the session; as a download."""
    row, _info, role = await visible(request.match_info["id"])
    found = await preparation.resume_of(row.id)
    if found is None or role not in ("candidate", "interviewer"):
        raise errors.NotFound()
    return await file_answer(request, found)


async def late(request: web.Request) -> web.StreamResponse:
    """Say that one will come later."""
    row, actor = await _mine(request)
    parsed = await read_form(request, LateForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    try:
        await preparation.say_late(row.id, actor.id, parsed.value.minutes)
    except errors.Conflict as exc:
        flash(request, exc.detail, "warn")
    else:
        flash(request, _("The other side knows that you will be late. Nobody counts as absent before that."))
    return see_other(url("scheduling.booking", id=row.id))
