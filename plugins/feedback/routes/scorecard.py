"""The interviewer writes a scorecard: by buttons that save and submit, or saved by script while typing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from kernel import Parsed, errors, flash, format_time, json_answer, now, page, read_form, see_other, setting, url
from kernel import gettext as _

from .. import queries
from ..access import NotFinished, Seat, seat_of
from ..content import SIGNALS, CardContent, unpack_card
from ..forms import CardForm, RubricChoice, card_content, card_form
from ..models import Scorecard
from ..rubrics import SCORES, RubricCopy
from ..services import rubrics, scorecards
from ..settings import EDIT_HOURS
from ..states import SUBMITTED, editable_until
from ..views import signal


async def _seat(request: web.Request) -> Seat:
    seat = await seat_of(request.match_info["booking_id"])
    if seat.is_candidate or seat.practice:
        raise errors.NotFound
    return seat


async def write(request: web.Request) -> web.StreamResponse:
    """The form; once handed in only while corrections are possible."""
    try:
        seat = await _seat(request)
    except NotFinished as early:
        context = {"title": _("Feedback opens after the session"), "booking": early.booking}
        return await page(request, "feedback/early.html", context)
    card = await Scorecard.filter(booking_id=seat.exchange.booking_id).first()
    if card is not None and card.state == SUBMITTED and editable_until(card.submitted_at, setting(EDIT_HOURS)) is None:
        return see_other(url("feedback.session", booking_id=seat.exchange.booking_id))
    rubric = await queries.rubric_for(seat.exchange, card, request.query.get("rubric", "")[:80])
    content = unpack_card(card.content) if card is not None else CardContent()
    return await _form(request, seat, rubric, card, _typed(rubric, content))


def _typed(rubric: RubricCopy, content: CardContent) -> dict[str, str]:
    """The form's fields of a stored scorecard."""
    typed = {
        "strengths": content.strengths,
        "improvements": content.improvements,
        "next_step": content.next_step,
        "signal": content.signal,
    }
    for c in rubric.criteria:
        mark = content.mark(c.id)
        typed[f"score_{c.id}"] = str(mark.score or "")
        typed[f"evidence_{c.id}"] = mark.evidence
    return typed


async def _form(
    request: web.Request,
    seat: Seat,
    rubric: RubricCopy,
    card: Scorecard | None,
    typed: dict[str, str],
    *,
    faults: dict[str, str] | None = None,
    status: int = 200,
    conflict: str = "",
) -> web.Response:
    submitted = card is not None and card.state == SUBMITTED
    other = await queries.people([seat.exchange.candidate_id])
    context = {
        "title": _("Correct scorecard") if submitted else _("Write scorecard"),
        "exchange": seat.exchange,
        "other": other[seat.exchange.candidate_id],
        "rubric": rubric.localized(),
        "rubric_key": f"{rubric.slug}@{rubric.number}",
        "choices": [] if submitted else [(r.slug, _(r.title)) for r in await rubrics.offered()],
        "typed": typed,
        "version": card.version if card is not None else 0,
        "saved_at": card.updated_at if card is not None and not submitted else None,
        "submitted": submitted,
        "until": editable_until(card.submitted_at, setting(EDIT_HOURS)) if card is not None else None,
        "edit_hours": setting(EDIT_HOURS),
        "scores": SCORES,
        "signals": [("", _("Say nothing")), *((key, (signal(key) or ("", ""))[0]) for key in SIGNALS)],
        "errors": faults or {},
        "conflict": conflict,
    }
    return await page(request, "feedback/scorecard_form.html", context, status=status)


async def _sent(request: web.Request, seat: Seat) -> tuple[RubricCopy, Scorecard | None, Parsed[CardForm]]:
    card = await Scorecard.filter(booking_id=seat.exchange.booking_id).first()
    choice = await read_form(request, RubricChoice)
    rubric = await queries.rubric_for(seat.exchange, card, choice.raw.get("rubric", "")[:80])
    return rubric, card, await read_form(request, card_form(rubric))


async def draft(request: web.Request) -> web.StreamResponse:
    """Save what is typed so far. Script asks for JSON and goes on; the button comes back to the form."""
    seat = await _seat(request)
    rubric, card, parsed = await _sent(request, seat)
    by_script = "json" in request.headers.get("Accept", "")
    if parsed.value is None:
        if by_script:
            raise errors.Invalid(parsed.errors)
        return await _form(request, seat, rubric, card, parsed.raw, faults=parsed.errors, status=422)
    try:
        saved = await scorecards.save_draft(seat, rubric, card_content(parsed.value, rubric), parsed.value.version)
    except scorecards.Moved as exc:
        if by_script:
            raise
        return await _moved(request, seat, rubric, parsed.raw, exc)
    if by_script:
        said = _("Draft saved at %(time)s") % {"time": format_time(now())}
        return json_answer({"version": saved.version, "said": said})
    flash(request, _("Draft saved"))
    return see_other(url("feedback.scorecard", booking_id=seat.exchange.booking_id))


async def submit(request: web.Request) -> web.StreamResponse:
    """Hand in or correct."""
    seat = await _seat(request)
    rubric, card, parsed = await _sent(request, seat)
    if parsed.value is None:
        return await _form(request, seat, rubric, card, parsed.raw, faults=parsed.errors, status=422)
    try:
        saved = await scorecards.submit(seat, rubric, card_content(parsed.value, rubric), parsed.value.version)
    except errors.Invalid as exc:
        return await _form(request, seat, rubric, card, parsed.raw, faults=exc.errors, status=422)
    except scorecards.Moved as exc:
        return await _moved(request, seat, rubric, parsed.raw, exc)
    flash(request, _("Correction saved") if saved.edition > 1 else _("Scorecard submitted"))
    return see_other(url("feedback.session", booking_id=seat.exchange.booking_id))


async def _moved(
    request: web.Request, seat: Seat, rubric: RubricCopy, raw: dict[str, Any], exc: scorecards.Moved
) -> web.Response:
    """Keep what was typed; saving once more is then a decision, not an accident."""
    card = await Scorecard.filter(booking_id=seat.exchange.booking_id).first()
    return await _form(request, replace(seat), rubric, card, raw, status=409, conflict=exc.detail)
