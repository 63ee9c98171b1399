"""Your data: what is held, a copy of it, and being erased."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from kernel import (
    Actor,
    File,
    audit,
    current_actor,
    current_locale,
    errors,
    file_answer,
    flash,
    get_or_404,
    page,
    read_form,
    see_other,
    setting,
    url,
)
from kernel import gettext as _

from .. import queries, states
from ..forms import EmptyForm, ErasureForm, VersionForm
from ..models import DataRequest
from ..services import erasing, exporting
from ..settings import EXPORT_DAYS


def me() -> Actor:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor


async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request)


async def _page(
    request: web.Request,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    actor = me()
    rows = await queries.exports_of(actor.id)
    exports = [
        {
            "row": row,
            "over": queries.is_over(row),
            "label": _(states.LABELS[row.state]),
            "tone": states.TONES.get(row.state, ""),
            "missing": [_(r["title"]) for r in row.results if r["outcome"] == "error"],
        }
        for row in rows
    ]
    erasures = await queries.erasures_of(actor.id)
    held = await exporting.held(actor.id)
    context = {
        "title": _("Your data"),
        "exports": exports,
        "making": any(row.state in states.OPEN for row in rows),
        "days": setting(EXPORT_DAYS),
        "held": [(h, _(h.title), queries.plugin_name(h.plugin), _(h.nothing)) for h in held],
        "erasure": next((e for e in erasures if e.state in (*states.OPEN, states.PARTIAL)), None),
        "declined": next((e for e in erasures[:1] if e.state == states.DECLINED), None),
        "email": actor.email,
        "raw": dict(raw or {}),
        "errors": dict(problems or {}),
    }
    return await page(request, "compliance/privacy.html", context, status=status)


async def ask_export(request: web.Request) -> web.StreamResponse:
    await read_form(request, EmptyForm)
    await exporting.ask(me().id, current_locale(), by=me().id)
    flash(request, _("We are putting your data together and tell you when it is ready."))
    return see_other(url("compliance.privacy"))


async def download(request: web.Request) -> web.StreamResponse:
    """The ZIP, to its owner alone, until it expires."""
    row = await get_or_404(DataRequest, request.match_info["id"], account_id=me().id, kind=states.EXPORT)
    if row.state in states.OPEN:
        raise errors.NotFound()
    file = await File.get_or_none(id=row.file_id) if row.file_id and not queries.is_over(row) else None
    if file is None:
        raise errors.Gone(_("This download has expired. Ask for a new copy of your data."))
    await audit.record("compliance.export_downloaded", subject="account", subject_id=str(row.account_id))
    return await file_answer(request, file)


async def ask_erasure(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, ErasureForm)
    form = parsed.value
    if form is None:
        return await _page(request, parsed.raw, parsed.errors, 422)
    if form.confirm.casefold() != me().email.casefold():
        return await _page(request, parsed.raw, {"confirm": _("Type the email address exactly as it is shown.")}, 422)
    try:
        await erasing.ask(me().id, form.note, current_locale(), by=me().id)
    except errors.Conflict as exc:
        return await _page(request, parsed.raw, {"": exc.detail}, 409)
    flash(request, _("Your request has arrived"))
    return see_other(url("compliance.privacy"))


async def withdraw(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, VersionForm)
    if parsed.value is None:
        raise errors.BadRequest()
    try:
        await erasing.withdraw(request.match_info["id"], me().id, parsed.value.version)
    except errors.Conflict as exc:
        return await _page(request, None, {"": exc.detail}, 409)
    flash(request, _("Request withdrawn"))
    return see_other(url("compliance.privacy"))
