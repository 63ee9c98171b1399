"""The application of somebody who wants to be an interviewer, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kernel import Parsed, errors, flash, format_money, page, read_form, render_markdown, see_other, url
from kernel import gettext as _

from .. import forms, states, texts
from ..models import Application
from ..services import applications, profiles
from . import me


async def show(request: web.Request) -> web.StreamResponse:
    """Where the application stands: the invitation to apply, the state, or the next open step."""
    return await _status(request)


async def _status(request: web.Request, problem: str = "", status: int = 200) -> web.StreamResponse:
    actor = me()
    row = await applications.application_of(actor.id)
    if row is not None and row.state in states.EDITABLE:
        left = applications.incomplete(row)
        next_step = left[0] if left and row.state == states.DRAFT else "review"
    else:
        next_step = "about"
    context = {
        "title": _("Become an interviewer"),
        "row": row,
        "next_step": next_step,
        "opens": applications.may_apply_from(row),
        "is_interviewer": await applications.is_interviewer(actor.id),
        "labels": states.LABELS,
        "tones": states.TONES,
        "problem": problem,
        "left": [_(forms.STEP_LABELS[s]) for s in applications.incomplete(row)] if row else [],
    }
    return await page(request, "users/apply.html", context, status=status)


async def begin(request: web.Request) -> web.StreamResponse:
    """Start an application, or take up the one there is."""
    await read_form(request, forms.EmptyForm)
    try:
        await applications.begin(me().id)
    except errors.Conflict as exc:
        return await _status(request, exc.detail, 409)
    return see_other(url("users.apply_step", step="about"))


def _step(request: web.Request) -> str:
    step = request.match_info["step"]
    if step not in forms.STEPS:
        raise errors.NotFound()
    return step


async def _editable() -> Application:
    row = await applications.application_of(me().id)
    if row is None or row.state not in states.EDITABLE:
        raise errors.NotFound()
    return row


async def show_step(request: web.Request) -> web.StreamResponse:
    row = await applications.application_of(me().id)
    if row is None or row.state not in states.EDITABLE:
        return see_other(url("users.apply"))
    return await _draw(request, _step(request), row)


async def _draw(
    request: web.Request,
    step: str,
    row: Application,
    raw: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
    preview: object = None,
) -> web.StreamResponse:
    number = forms.STEPS.index(step)
    low, high = texts.rate_bounds()
    profile = await profiles.profile_of(me().id)
    first = {"headline": profile.headline, "bio": profile.bio, "links": "\n".join(profile.links)}
    context = {
        "title": _("Become an interviewer"),
        "row": row,
        "step": step,
        "number": number + 1,
        "steps": [(_(label), url("users.apply_step", step=key)) for key, label in forms.STEP_LABELS.items()],
        "back": url("users.apply_step", step=forms.STEPS[number - 1]) if number else url("users.apply"),
        "v": {**{k: v for k, v in first.items() if v}, **row.answers, **(raw or {})},
        "errors": dict(problems or {}),
        "languages": texts.language_options(),
        "low": format_money(low, texts.currency()),
        "high": format_money(high, texts.currency()),
        "currency": texts.currency(),
        "left": applications.incomplete(row),
        "step_labels": {key: _(label) for key, label in forms.STEP_LABELS.items()},
        "preview": preview,
    }
    if step == "review":
        context |= review_of(row)
    return await page(request, f"users/apply_{step}.html", context, status=status)


def review_of(row: Application) -> dict[str, Any]:
    """The answers as a reader sees them; what cannot be read is shown as typed."""
    answers = row.answers
    rate = forms.check_stage("rate", answers)
    return {
        "a": answers,
        "a_skills": texts.split_tags(answers.get("skills", "")),
        "a_languages": [texts.language_name(code) for code in answers.get("languages", ())],
        "a_links": str(answers.get("links", "")).split(),
        "a_rate": format_money(rate.rate, texts.currency())
        if isinstance(rate, forms.RateStage)
        else answers.get("rate", ""),
    }


async def save_step(request: web.Request) -> web.StreamResponse:
    """Keep what was typed. "Continue" also checks it; "Save draft" does not."""
    step = _step(request)
    if step == "review":
        raise errors.NotFound()
    row = await _editable()
    parsed: Parsed[Any] = await read_form(request, forms.STAGES[step])
    act = parsed.raw.pop("act", "next")
    parsed.errors.pop("_form", None)  # the buttons' own field
    raw: dict[str, Any] = {**parsed.raw, **{k: parsed.raw_lists.get(k, []) for k in forms.LISTS}}
    if parsed.raw.get("preview"):
        return await _draw(request, step, row, raw, preview=render_markdown(parsed.raw.get("bio", "")))
    row = await applications.save_answers(me().id, step, raw)
    if act == "draft":
        flash(request, _("Draft saved"))
        return see_other(url("users.apply"))
    if parsed.errors:
        return await _draw(request, step, row, raw, parsed.errors, 422)
    return see_other(url("users.apply_step", step=forms.STEPS[forms.STEPS.index(step) + 1]))


async def submit(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, forms.SubmitForm)
    row = await _editable_or_sent()
    if row is None:
        return see_other(url("users.apply"))
    if parsed.value is None:
        return await _draw(request, "review", row, None, parsed.errors, 422)
    try:
        await applications.submit(me().id, parsed.value.version)
    except errors.Invalid as exc:
        return await _draw(request, "review", row, None, exc.errors, 422)
    except errors.Conflict as exc:
        return await _draw(request, "review", await _editable(), None, {"": exc.detail}, 409)
    flash(request, _("Application sent"))
    return see_other(url("users.apply"))


async def _editable_or_sent() -> Application | None:
    """The draft, or None when it was sent already: a double click lands on the status page."""
    row = await applications.application_of(me().id)
    if row is None:
        raise errors.NotFound()
    return row if row.state in states.EDITABLE else None


async def withdraw(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, forms.VersionForm)
    if parsed.value is None:
        raise errors.BadRequest()
    try:
        await applications.withdraw(me().id, parsed.value.version)
    except errors.Conflict as exc:
        return await _status(request, exc.detail, 409)
    flash(request, _("Application withdrawn"))
    return see_other(url("users.apply"))
