"""Admins edit rubrics. Each change of words or weights is a revision; scorecards keep the one they were written by."""

from __future__ import annotations

import re
import unicodedata

from aiohttp import web

from kernel import Parsed, errors, flash, get_or_404, page, read_form, see_other, url
from kernel import gettext as _

from ..forms import RubricForm, SwitchForm, rows_wanted, rubric_form, rubric_raw, unsaid
from ..models import Rubric, RubricRevision
from ..rubrics import MAX_CRITERIA, SCORES, Criterion, said, unpack_criteria
from ..services import rubrics

_LEAST = 1


async def listed(request: web.Request) -> web.StreamResponse:
    """All rubrics of the tenant."""
    rows = await Rubric.all().order_by("position", "title")
    context = {
        "title": _("Rubrics"),
        "rows": [
            {"row": r, "title": said(r.title), "description": said(r.description),
             "criteria": [c.localized() for c in unpack_criteria(r.criteria)]}
            for r in rows
        ],
    }  # fmt: skip
    return await page(request, "feedback/rubrics.html", context)


async def new(request: web.Request) -> web.StreamResponse:
    return await _drawn(request, None, {}, 3)


async def edit(request: web.Request) -> web.StreamResponse:
    rubric = await get_or_404(Rubric, request.match_info["rubric_id"])
    criteria = unpack_criteria(rubric.criteria)
    raw = rubric_raw(rubric.title, rubric.description, rubric.matches, criteria)
    return await _drawn(request, rubric, raw, len(criteria))


async def _drawn(
    request: web.Request,
    rubric: Rubric | None,
    raw: dict[str, str],
    count: int,
    *,
    faults: dict[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    rows = min(MAX_CRITERIA, count + (1 if not faults and rubric is not None else 0))
    context = {
        "title": said(rubric.title) if rubric is not None else _("New rubric"),
        "rubric": rubric,
        "raw": raw,
        "rows": range(1, rows + 1),
        "scores": SCORES,
        "errors": faults or {},
        "revisions": await RubricRevision.filter(rubric_id=rubric.id).order_by("-number") if rubric else [],
        "most": MAX_CRITERIA,
    }
    return await page(request, "feedback/rubric_form.html", context, status=status)


async def _sent(request: web.Request) -> tuple[Parsed[RubricForm], int]:
    first = await read_form(request, RubricForm)
    count = rows_wanted(first.raw, _LEAST, MAX_CRITERIA)
    return await read_form(request, rubric_form(count)), count


def _criteria(form: RubricForm, count: int, stored: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """The criteria of a sent form; dropped ones and empty rows are left out. Raises Invalid naming the fields."""
    found: list[Criterion] = []
    faults: dict[str, str] = {}
    before = {c.id: c for c in stored}
    for n in range(1, count + 1):
        label = str(getattr(form, f"label_{n}"))
        anchors = tuple(str(getattr(form, f"anchor_{n}_{score}")) for score in SCORES)
        if getattr(form, f"drop_{n}"):
            continue
        if not label:
            if any(anchors):
                faults[f"label_{n}"] = _("Enter a name for the criterion")
            continue
        for score, anchor in zip(SCORES, anchors, strict=True):
            if not anchor:
                faults[f"anchor_{n}_{score}"] = _("Describe what a %(score)s looks like for “%(criterion)s”") % {
                    "score": score, "criterion": label,
                }  # fmt: skip
        old = before.get(str(getattr(form, f"id_{n}")))
        weight, about = int(getattr(form, f"weight_{n}")), str(getattr(form, f"about_{n}"))
        if old is None:
            taken = {c.id for c in (*found, *stored)}
            found.append(Criterion(_new_id(label, taken), label, about, weight, anchors))
        else:
            pairs = zip(anchors, old.anchors, strict=True)
            kept = tuple(unsaid(typed, source) for typed, source in pairs)
            found.append(Criterion(old.id, unsaid(label, old.label), unsaid(about, old.description), weight, kept))
    if not found and not faults:
        faults["label_1"] = _("Enter a name for the criterion")
    if len({c.id for c in found}) != len(found):
        faults["label_1"] = _("Each criterion may be there once only")
    if faults:
        raise errors.Invalid(faults)
    return tuple(found)


def _new_id(label: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().casefold()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:30] or "criterion"
    return next(name for n in range(1, 99) if (name := base if n == 1 else f"{base}_{n}") not in taken)


async def create(request: web.Request) -> web.StreamResponse:
    parsed, count = await _sent(request)
    try:
        if parsed.value is None:
            raise errors.Invalid(parsed.errors)
        form = parsed.value
        criteria = _criteria(form, count, ())
        rubric = await rubrics.create(form.title, form.description, form.matches, criteria)
    except errors.Invalid as exc:
        return await _drawn(request, None, parsed.raw, count, faults=exc.errors, status=422)
    flash(request, _("Rubric added"))
    return see_other(url("feedback.rubric", rubric_id=rubric.id))


async def change(request: web.Request) -> web.StreamResponse:
    rubric = await get_or_404(Rubric, request.match_info["rubric_id"])
    parsed, count = await _sent(request)
    try:
        if parsed.value is None:
            raise errors.Invalid(parsed.errors)
        form = parsed.value
        criteria = _criteria(form, count, unpack_criteria(rubric.criteria))
    except errors.Invalid as exc:
        return await _drawn(request, rubric, parsed.raw, count, faults=exc.errors, status=422)
    await rubrics.revise(
        rubric,
        form.version,
        title=unsaid(form.title, rubric.title),
        description=unsaid(form.description, rubric.description),
        matches=form.matches,
        criteria=criteria,
    )
    flash(request, _("Rubric saved. Scorecards that exist stay as they are."))
    return see_other(url("feedback.rubric", rubric_id=rubric.id))


async def switch(request: web.Request) -> web.StreamResponse:
    rubric = await get_or_404(Rubric, request.match_info["rubric_id"])
    parsed = await read_form(request, SwitchForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    on = parsed.value.on == "on"
    await rubrics.switch(rubric, parsed.value.version, active=on)
    flash(request, _("Rubric offered to interviewers") if on else _("Rubric withdrawn"))
    return see_other(url("feedback.rubrics"))
