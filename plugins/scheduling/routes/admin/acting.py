"""What administrators do to one booking, each with a page that says what it leads to before it happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from kernel import (
    Stop,
    _,
    current_locale,
    errors,
    flash,
    format_time,
    get_or_404,
    ngettext,
    now,
    page,
    read_form,
    read_query,
    see_other,
    services,
    speaking,
    url,
)
from plugins.users.api import Interviewers

from ... import availability, picker, policies, queries
from ...api import BookingInfo
from ...forms import AdminCancelForm, PickerQuery
from ...forms_admin import AdminMoveForm, ExtendForm, MarkForm, ReassignForm
from ...handover import able_to_take_over, longest_extension
from ...models import Booking, InterviewType
from ...refusals import NotBookable, parse_start
from ...services import cancelling, moving, overrides
from ...services.cancelling import OutcomeChanged
from ...states import OUTCOMES, Status
from ...viewing import view_of, zone_options
from ..changing import effects

_NONE: Mapping[str, str] = {}
#: What can be added to a session in one go, in minutes.
_STEPS = (5, 10, 15, 20, 30, 45, 60, 90, 120)


async def of_request(request: web.Request) -> tuple[Booking, BookingInfo]:
    """The booking in the address."""
    row = await get_or_404(Booking, request.match_info["id"])
    info = await queries.BOOKINGS.get(row.id)
    if info is None:
        raise errors.NotFound()
    return row, info


def _frame(row: Booking, info: BookingInfo, title: str, **more: Any) -> dict[str, Any]:
    return {
        "title": title, "booking": row, "info": info, "here": url("scheduling.admin_booking", id=row.id),
        "notice": "", "errors": {}, "raw": {}, **more,
    }  # fmt: skip


def _done(request: web.Request, row: Booking, words: str) -> web.StreamResponse:
    flash(request, words)
    return see_other(url("scheduling.admin_booking", id=row.id))


# --- cancelling ---------------------------------------------------------------------------------------------------


async def show_cancel(request: web.Request) -> web.StreamResponse:
    """What an administrator's cancellation means, before it happens."""
    return await _draw_cancel(request, _NONE, _NONE)


async def _draw_cancel(
    request: web.Request, raw: Mapping[str, str], problems: Mapping[str, str], status: int = 200, notice: str = ""
) -> web.StreamResponse:
    row, info = await of_request(request)
    if problem := cancelling.why_not_cancelled(row, "admin", now()):
        raise errors.Conflict(problem)
    percent = int(raw["percent"]) if raw.get("percent", "").isdecimal() and int(raw["percent"]) <= 100 else None
    found = cancelling.outlook(row, "admin", now(), percent)
    context = _frame(
        row, info, _("Cancel session"), result=found.result, seen=found.seal,
        effects=effects(info, "admin", found.result), until="", reasons=[], by_link=False,
        keep=url("scheduling.admin_booking", id=row.id), may_propose=False,
        rule=policies.sentences(row.policy) if row.price_minor else [], raw=raw, errors=problems, notice=notice,
        role="admin", partner=info.candidate_name, action=url("scheduling.admin_cancel_post", id=row.id),
        reason_hint=_("Both people read this, and it is written to the audit log."), may_move=False,
    )  # fmt: skip
    return await page(request, "scheduling/admin_cancel.html", context, status=status)


async def cancel(request: web.Request) -> web.StreamResponse:
    """Call somebody's session off, with a reason that both read."""
    row = await get_or_404(Booking, request.match_info["id"])
    parsed = await read_form(request, AdminCancelForm)
    if parsed.value is None:
        return await _draw_cancel(request, parsed.raw, parsed.errors, 422)
    try:
        form = parsed.value
        await cancelling.cancel(row.id, "admin", form.reason, percent=form.percent, seen=form.seen)
    except OutcomeChanged as exc:
        return await _draw_cancel(request, parsed.raw, _NONE, 409, exc.detail)
    return _done(request, row, _("Session cancelled"))


# --- another interviewer ------------------------------------------------------------------------------------------


async def show_reassign(request: web.Request) -> web.StreamResponse:
    """Who is free then, offers the type, and is nobody of this session; whose turn it is stands first."""
    return await _draw_reassign(request, _NONE, _NONE)


async def _draw_reassign(
    request: web.Request, raw: Mapping[str, str], problems: Mapping[str, str], status: int = 200, notice: str = ""
) -> web.StreamResponse:
    row, info = await of_request(request)
    if row.status != Status.ACCEPTED or row.kind != "human" or row.interviewer_id is None:
        raise errors.Conflict(_("Only a session that is booked and has not begun can be handed over."))
    able, busy = await able_to_take_over(row)
    context = _frame(
        row, info, _("Hand over to another interviewer"), able=able, busy=busy, raw=raw, errors=problems,
        notice=notice, chosen=raw.get("interviewer_id") or (str(able[0].card.account_id) if able else ""),
    )  # fmt: skip
    return await page(request, "scheduling/admin_reassign.html", context, status=status)


async def reassign(request: web.Request) -> web.StreamResponse:
    """Somebody else holds the session."""
    row = await get_or_404(Booking, request.match_info["id"])
    parsed = await read_form(request, ReassignForm)
    if parsed.value is None:
        return await _draw_reassign(request, parsed.raw, parsed.errors, 422)
    try:
        await moving.reassign(row.id, parsed.value.interviewer_id, reason=parsed.value.reason)
    except (NotBookable, Stop) as exc:
        return await _draw_reassign(request, parsed.raw, {"interviewer_id": exc.detail}, exc.status)
    return _done(request, row, _("Handed over. All three people get an email."))


# --- another time -------------------------------------------------------------------------------------------------


async def show_move(request: web.Request) -> web.StreamResponse:
    """Choose among the interviewer's free times; then say why."""
    query = read_query(request, PickerQuery).value or PickerQuery()
    return await _draw_move(request, query.model_dump(), request.query.get("start", ""))


async def _draw_move(
    request: web.Request,
    query: Mapping[str, str],
    chosen: str = "",
    *,
    raw: Mapping[str, str] = _NONE,
    problems: Mapping[str, str] = _NONE,
    status: int = 200,
    refusal: errors.Problem | None = None,
) -> web.StreamResponse:
    row, info = await of_request(request)
    if problem := moving.why_not_moved(row, now(), "admin"):
        raise errors.Conflict(problem)
    kind = await get_or_404(InterviewType, row.type_id)
    card = await services.need(Interviewers).card(row.interviewer_id) if row.interviewer_id else None
    if card is None:
        raise errors.Gone(_("This interviewer takes no sessions any more. Hand the session over instead."))
    kind.duration_minutes = info.duration_minutes
    view = view_of(request, query)
    free = await availability.ask(availability.Question(kind, card.account_id, row.candidate_id, row.id))
    starts = free.starts(free.at, free.at + timedelta(days=kind.window_days + 2))
    starts = [start for start in starts if start != row.starts_at]

    def link(values: Mapping[str, str]) -> str:
        return view.link("scheduling.admin_move", {"id": str(row.id)}, values)

    start = None
    if chosen and refusal is None:
        try:
            start = parse_start(chosen, view.zone)
        except NotBookable as exc:
            refusal = exc
    nearest = refusal.nearest if isinstance(refusal, NotBookable) else []
    context = _frame(
        row, info, _("Move session"), card=card, kind=kind, zones=zone_options(view.zone), view=view, action=link({}),
        here_picker=link({}), start=start, chosen=chosen, seen=moving.outlook(row, "admin", now()).seal, raw=raw,
        errors=problems, clock_links={c: link({"day": query.get("day", ""), "clock": c}) for c in ("12", "24")},
        fields={"tz": view.zone, "clock": view.asked.get("clock")},
        tz_fields={k: v for k, v in {"clock": view.asked.get("clock")}.items() if v},
        refusal=refusal.detail if refusal else "", refusal_title=refusal.title if refusal else "",
        nearest=picker.nearest_slots(nearest, view.zone, view.hour12), selected=None, method="get",
        go=_("Continue with this time"),
        p=picker.build(
            starts, link, zone=view.zone, hour12=view.hour12, day=query.get("day", ""), month=query.get("month", "")
        ),
    )  # fmt: skip
    with speaking(current_locale(), view.zone):
        return await page(request, "scheduling/admin_move.html", context, status=status)


async def move(request: web.Request) -> web.StreamResponse:
    """Take the new time and free the old one, together or not at all."""
    row = await get_or_404(Booking, request.match_info["id"])
    parsed = await read_form(request, AdminMoveForm)
    query = {"tz": parsed.raw.get("tz", ""), "clock": parsed.raw.get("clock", "")}
    chosen = parsed.raw.get("start", "")
    if parsed.value is None:
        return await _draw_move(request, query, chosen, raw=parsed.raw, problems=parsed.errors, status=422)
    try:
        start = parse_start(chosen, view_of(request, parsed.raw).zone)
        await moving.reschedule(
            row.id, row.candidate_id, start, role="admin", reason=parsed.value.reason, seen=parsed.value.seen
        )
    except (NotBookable, Stop, errors.Invalid, OutcomeChanged) as exc:
        return await _draw_move(request, query, "", raw=parsed.raw, status=exc.status, refusal=exc)
    return _done(request, row, _("Session moved. Both people get a new calendar file."))


# --- longer -------------------------------------------------------------------------------------------------------


async def show_extend(request: web.Request) -> web.StreamResponse:
    """How much longer it can last before somebody's next session."""
    return await _draw_extend(request, _NONE, _NONE)


async def _draw_extend(
    request: web.Request, raw: Mapping[str, str], problems: Mapping[str, str], status: int = 200
) -> web.StreamResponse:
    row, info = await of_request(request)
    if row.status not in (Status.ACCEPTED, Status.IN_PROGRESS) or row.ends_at <= now():
        raise errors.Conflict(_("Only a session that is not over can be extended."))
    room = await longest_extension(row, _STEPS[-1])
    context = _frame(
        row, info, _("Extend session"), room=room, raw=raw, errors=problems,
        steps=[n for n in _STEPS if n <= room], steps_words=[(n, _step(row, n)) for n in _STEPS if n <= room],
    )  # fmt: skip
    return await page(request, "scheduling/admin_extend.html", context, status=status)


async def extend(request: web.Request) -> web.StreamResponse:
    """Let it last longer; refused when it would run into somebody's next one."""
    row = await get_or_404(Booking, request.match_info["id"])
    parsed = await read_form(request, ExtendForm)
    if parsed.value is None:
        return await _draw_extend(request, parsed.raw, parsed.errors, 422)
    try:
        await moving.extend(row.id, parsed.value.minutes, parsed.value.reason)
    except NotBookable as exc:
        return await _draw_extend(request, parsed.raw, {"minutes": exc.detail}, exc.status)
    return _done(request, row, _("Session extended. Both people get a new calendar file."))


# --- what became of it --------------------------------------------------------------------------------------------


async def show_mark(request: web.Request) -> web.StreamResponse:
    """What each answer would lead to."""
    return await _draw_mark(request, _NONE, _NONE)


async def _draw_mark(
    request: web.Request, raw: Mapping[str, str], problems: Mapping[str, str], status: int = 200, notice: str = ""
) -> web.StreamResponse:
    row, info = await of_request(request)
    if problem := overrides.why_not_marked(row, now()):
        raise errors.Conflict(problem)
    choices = []
    for outcome, (words, _tone) in OUTCOMES.items():
        if outcome == "disputed" or (row.kind == "ai" and "interviewer" in outcome):
            continue
        found = overrides.mark_outlook(row, outcome)
        said = effects(info, "admin", found.result)[:-1] if outcome != "completed" else []
        choices.append({"key": str(outcome), "words": _(words), "effects": said, "seen": found.seal})
    context = _frame(row, info, _("Record outcome"), choices=choices, raw=raw, errors=problems, notice=notice)
    return await page(request, "scheduling/admin_mark.html", context, status=status)


async def mark(request: web.Request) -> web.StreamResponse:
    """Write down that it took place, or who did not come."""
    row = await get_or_404(Booking, request.match_info["id"])
    parsed = await read_form(request, MarkForm)
    if parsed.value is None:
        return await _draw_mark(request, parsed.raw, parsed.errors, 422)
    form = parsed.value
    try:
        await overrides.mark(row.id, form.outcome, form.reason, seen=form.seen)
    except OutcomeChanged as exc:
        return await _draw_mark(request, parsed.raw, _NONE, 409, exc.detail)
    return _done(request, row, _("Written down. Refund and strikes follow from it."))


async def resend(request: web.Request) -> web.StreamResponse:
    """Send the confirmation once more."""
    row = await get_or_404(Booking, request.match_info["id"])
    await overrides.resend(row.id)
    return _done(request, row, _("The confirmation goes out again."))


def _step(row: Booking, minutes: int) -> str:
    words = ngettext("%(n)s minute longer, until %(time)s", "%(n)s minutes longer, until %(time)s", minutes)
    return words % {"n": minutes, "time": format_time(row.ends_at + timedelta(minutes=minutes))}
