"""The same time every week: which weeks can be had, booking them in one go, and calling off all that follow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from aiohttp import web

from kernel import (
    Stop,
    _,
    current_locale,
    errors,
    flash,
    get_or_404,
    ngettext,
    now,
    page,
    read_form,
    read_query,
    see_other,
    speaking,
    url,
)

from .. import entitlements, intake, queries
from ..forms import CancelForm, WeeklyForm, WeeklyQuery
from ..models import Booking, InterviewType
from ..picker import nearest_slots, value_of
from ..refusals import NotBookable, parse_start
from ..services import holding, series
from ..services.cancelling import REASONS, OutcomeChanged
from ..services.parties import me
from ..states import Status
from ..viewing import zone_label
from .changing import party
from .sessions import badge_of

_AGAIN = "scheduling.hold"
_COUNTS = range(series.FEWEST, series.MOST + 1)


async def _held(request: web.Request) -> tuple[Booking, InterviewType]:
    row = await get_or_404(Booking, request.match_info["id"], candidate_id=me(), kind="human")
    return row, await InterviewType.get(id=row.type_id)


async def show_weekly(request: web.Request) -> web.StreamResponse:
    """Each week with whether it is free; for one that is not, other times of it."""
    row, kind = await _held(request)
    if row.status != Status.HELD or holding.overdue(row, now()) or await series.why_not(row, kind):
        return see_other(url(_AGAIN, id=row.id))
    query = read_query(request, WeeklyQuery).value or WeeklyQuery()
    return await _draw(request, row, kind, query.weeks, {}, {})


async def _draw(
    request: web.Request, row: Booking, kind: InterviewType, count: int, raw: Mapping[str, Any],
    problems: Mapping[str, str], *, chosen: Collection[str] | None = None, status: int = 200, notice: str = "",
) -> web.StreamResponse:  # fmt: skip
    zone = row.candidate_zone
    found = await series.look(row, kind, count)
    taken = sum(bool(week.refused) for week in found)
    context: dict[str, Any] = {
        "title": _("Every week"),
        "booking": row,
        "zone": zone,
        "zone_words": zone_label(zone, row.starts_at),
        "count": count,
        "counts": [(n, ngettext("%(num)s week", "%(num)s weeks", n) % {"num": n}) for n in _COUNTS],
        "weeks": [_week(n, week, zone, chosen) for n, week in enumerate(found)],
        "taken": taken,
        "summary": ngettext(
            "%(num)s of %(all)s weeks is taken: choose another time or skip it.",
            "%(num)s of %(all)s weeks are taken: choose other times or skip them.",
            taken,
        ) % {"num": taken, "all": count},
        "credits": await entitlements.credits(row.candidate_id, row.type_id) if row.price_minor else [],
        "questions": kind.questions,
        "has_files": any(q["type"] == "file" for q in kind.questions),
        "accept": intake.ACCEPT,
        "raw": raw,
        "errors": problems,
        "notice": notice,
        "back": url(_AGAIN, id=row.id),
    }  # fmt: skip
    with speaking(current_locale(), zone):
        return await page(request, "scheduling/weekly.html", context, status=status)


def _week(n: int, week: series.Occurrence, zone: str, chosen: Collection[str] | None) -> dict[str, Any]:
    """A row of the page; `chosen` are the values that were sent, None when nothing was yet."""
    value = value_of(week.start) if week.start else ""
    others = nearest_slots(week.nearest, zone, None)
    return {
        "n": n, "at": week.at, "value": value, "refused": week.refused, "others": others,
        "instead": next((o["value"] for o in others if chosen and o["value"] in chosen), ""),
        "on": not week.refused and (chosen is None or value in chosen),
    }  # fmt: skip


async def book_weekly(request: web.Request) -> web.StreamResponse:
    """Book the chosen weeks, all or none; the ones that went away meanwhile are told instead."""
    row, kind = await _held(request)
    parsed = await read_form(request, WeeklyForm)
    raw: dict[str, Any] = {**parsed.raw, **{k: v for k, v in parsed.raw_lists.items() if k.startswith("q_")}}
    texts = [t for k, v in parsed.raw_lists.items() if k == "start" or k.startswith("instead_") for t in v if t]
    form = parsed.value or WeeklyForm()
    answers = intake.check(kind.questions, parsed.raw_lists, parsed.files, row.intake)
    if row.series_id is None and (problems := {**parsed.errors, **answers.problems}):
        return await _draw(request, row, kind, form.weeks, raw, problems, chosen=texts, status=422)
    said: dict[str, Any] = {"goal": form.goal}
    try:
        starts = [parse_start(text, row.candidate_zone) for text in texts[: series.MOST]]
        if row.series_id is None and (stored := await intake.store(answers, row.candidate_id)):
            said["answers"] = stored
        made = await series.book(row, kind, starts, said)
    except (NotBookable, Stop, errors.Invalid, errors.Conflict, errors.Gone) as exc:
        await intake.forget({"answers": [a for a in answers.found if a["key"] in answers.uploads]})
        if isinstance(exc, errors.Gone):
            raise
        found = exc.errors if isinstance(exc, errors.Invalid) else {}
        notice = "" if found else exc.detail
        return await _draw(
            request, row, kind, form.weeks, raw, found, chosen=texts, status=exc.status, notice=notice
        )  # fmt: skip
    n = len(made)
    flash(request, ngettext("%(num)s session booked", "%(num)s sessions booked", n) % {"num": n})
    return see_other(url("scheduling.series", id=row.id))


# --- afterwards ---------------------------------------------------------------------------------------------------


async def show_series(request: web.Request) -> web.StreamResponse:
    """All sessions of a series, and what calling off this one and all that follow would lead to."""
    return await _draw_series(request, {}, {})


async def _draw_series(
    request: web.Request, raw: Mapping[str, str], problems: Mapping[str, str], *, status: int = 200, notice: str = ""
) -> web.StreamResponse:
    row, info, role = await party(request)
    if row.series_id is None or role not in ("candidate", "interviewer"):
        raise errors.NotFound()
    rows = await series.shared(row, role)
    follow = await series.following(row, role)
    known = await queries.BOOKINGS.many([one.id for one in rows])
    back, strikes = series.worth(follow, role)
    context: dict[str, Any] = {
        "title": _("Every week"),
        "booking": row,
        "info": info,
        "rows": [(known[one.id], badge_of(known[one.id])) for one in rows if one.id in known],
        "follow": follow,
        "back": back,
        "strikes": strikes,
        "seen": series.seal(follow, role),
        "reasons": [(key, _(words)) for key, words in REASONS.items()],
        "raw": raw,
        "errors": problems,
        "notice": notice,
    }
    return await page(request, "scheduling/series.html", context, status=status)


async def cancel_following(request: web.Request) -> web.StreamResponse:
    """Call this session and all that follow off."""
    row, _info, role = await party(request)
    parsed = await read_form(request, CancelForm)
    form = parsed.value
    if form is None or (not form.reason and form.code not in REASONS):
        problems = parsed.errors or {"code": _("Choose a reason")}
        return await _draw_series(request, parsed.raw, problems, status=422)
    try:
        gone = await series.cancel_following(row, role, form.reason, code=form.code, seen=form.seen)
    except OutcomeChanged as exc:
        return await _draw_series(request, parsed.raw, {}, status=409, notice=exc.detail)
    n = len(gone)
    flash(request, ngettext("%(num)s session cancelled", "%(num)s sessions cancelled", n) % {"num": n})
    return see_other(url("scheduling.series", id=row.id))
