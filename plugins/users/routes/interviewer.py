"""An interviewer's own public profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kernel import errors, flash, format_money, has_route, is_on, page, read_form, render_markdown, see_other, url
from kernel import gettext as _

from .. import queries, texts
from ..forms import InterviewerForm, SwitchForm
from ..models import InterviewerProfile
from ..services import interviewers
from ..services.applications import ROLE
from . import me

#: The page of the neighbour that shows an interviewer to visitors.
_PUBLIC = "scheduling.profile"


def public_path(slug: str) -> str | None:
    """Where visitors see the profile, while somebody shows it."""
    return url(_PUBLIC, slug=slug) if has_route(_PUBLIC) and is_on("scheduling") else None


async def own_profile() -> InterviewerProfile:
    """The profile, unsaved while its owner has not written it. Nobody has one just by holding every right."""
    actor = me()
    row = await interviewers.interviewer_of(actor.id)
    if row is None and ROLE not in actor.roles:
        raise errors.NotFound()
    return row or InterviewerProfile(account_id=actor.id, slug="", currency=texts.currency())


async def saved_profile() -> InterviewerProfile:
    """The same, saved: for changing it."""
    row = await own_profile()
    return row if row.slug else await interviewers.ensure(row.account_id)


async def show(request: web.Request) -> web.StreamResponse:
    return await _form(request)


async def _form(
    request: web.Request,
    raw: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
    preview: object = None,
) -> web.StreamResponse:
    row = await own_profile()
    low, high = texts.rate_bounds()
    values = {
        "headline": row.headline,
        "company": row.company,
        "years": row.years,
        "bio": row.bio,
        "skills": ", ".join(row.skills),
        "languages": row.languages,
        "rate": texts.show_rate(row.rate_minor),
        "version": row.version,
    }
    context = {
        "title": _("Interviewer profile"),
        "row": row,
        "v": {**values, **(raw or {})},
        "errors": dict(problems or {}),
        "missing": interviewers.missing(row),
        "languages": texts.language_options(),
        "low": format_money(low, texts.currency()),
        "high": format_money(high, texts.currency()),
        "currency": texts.currency(),
        "public": public_path(row.slug) if row.slug else None,
        "card": await queries.interviewers.card(me().id),
        "preview": preview,
    }
    return await page(request, "users/interviewer.html", context, status=status)


async def save(request: web.Request) -> web.StreamResponse:
    """Keep the profile, or draw the preview of its text. A stale page keeps what was typed."""
    parsed = await read_form(request, InterviewerForm)
    raw = {**parsed.raw, "languages": parsed.raw_lists.get("languages", [])}
    if parsed.raw.get("preview"):
        return await _form(request, raw, preview=render_markdown(parsed.raw.get("bio", "")))
    form = parsed.value
    if form is None:
        return await _form(request, raw, parsed.errors, 422)
    row = await saved_profile()
    try:
        await interviewers.save(
            row,
            form.version,
            headline=form.headline,
            bio=form.bio,
            company=form.company,
            years=form.years,
            skills=form.skills,
            languages=form.languages,
            rate_minor=form.rate,
        )
    except errors.Conflict:
        words = _("This profile was changed elsewhere in the meantime. Check what you typed and save again.")
        fresh = await saved_profile()
        return await _form(request, {**raw, "version": fresh.version}, {"": words}, 409)
    flash(request, _("Interviewer profile saved"))
    return see_other(url("users.interviewer"))


async def publish(request: web.Request) -> web.StreamResponse:
    """Show the profile to visitors, or hide it."""
    on = await _switched(request)
    row = await saved_profile()
    try:
        await interviewers.publish_profile(row, on)
    except errors.Conflict as exc:
        return await _form(request, None, {"": exc.detail}, 409)
    flash(request, _("Your profile is public now") if on else _("Your profile is hidden now"))
    return see_other(url("users.interviewer"))


async def accepting(request: web.Request) -> web.StreamResponse:
    """Whether new bookings are welcome."""
    on = await _switched(request)
    await interviewers.set_accepting(await saved_profile(), on)
    flash(request, _("You take new bookings") if on else _("You take no new bookings"))
    return see_other(url("users.interviewer"))


async def _switched(request: web.Request) -> bool:
    parsed = await read_form(request, SwitchForm)
    if parsed.value is None:
        raise errors.BadRequest()
    return parsed.value.on == "on"
