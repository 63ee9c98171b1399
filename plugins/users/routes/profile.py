"""One's own profile and picture, and how others see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kernel import (
    File,
    accounts,
    can,
    current_actor,
    current_snapshot,
    errors,
    file_answer,
    flash,
    get_or_404,
    now,
    page,
    parse_id,
    read_form,
    render_markdown,
    see_other,
    url,
    zones,
)
from kernel import gettext as _

from .. import queries
from ..forms import EmptyForm, PlaceForm, ProfileForm
from ..models import Profile
from ..permissions import PEOPLE
from ..services import profiles
from . import me
from .interviewer import public_path

_OWN_LANGUAGE = {"en": "English", "de": "Deutsch", "ar": "العربية"}


async def show_profile(request: web.Request) -> web.StreamResponse:
    return await _form(request)


async def _form(
    request: web.Request,
    raw: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    preview: object = None,
) -> web.StreamResponse:
    actor = me()
    account = await accounts.account(actor.id)
    row = await profiles.profile_of(actor.id)
    values: dict[str, Any] = {
        "name": account.name,
        "pronouns": row.pronouns,
        "headline": row.headline,
        "bio": row.bio,
        "target_roles": ", ".join(row.target_roles),
        "links": "\n".join(row.links),
        "visible": row.visible,
        "locale": account.locale,
        "zone": account.zone,
    }
    context = {
        "title": _("Profile"),
        "v": {**values, **(raw or {})},
        "errors": dict(problems or {}),
        "account": account,
        "picture": queries.picture_url(actor.id, row.picture_id) if row.picture_id else None,
        "languages": [(code, _OWN_LANGUAGE.get(code, code)) for code in current_snapshot().locales],
        "zones": zone_options(account.zone),
        "preview": preview,
        "fields": profiles.FIELDS,
    }
    return await page(request, "users/profile.html", context, status=status)


def zone_options(chosen: str) -> list[tuple[str, Any]]:
    """Zones for a select: common ones first, then by region, each with its offset."""
    instant = now()

    def option(name: str) -> tuple[str, str]:
        return name, f"{zones.city(name)} ({zones.offset_label(name, instant)})"

    common = list(dict.fromkeys((chosen, *zones.COMMON)))
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in zones.zone_names():
        if name not in common:
            regions.setdefault(name.partition("/")[0], []).append(option(name))
    return [(_("Often chosen"), [option(name) for name in common]), *sorted(regions.items())]


async def save_profile(request: web.Request) -> web.StreamResponse:
    """Keep the profile, or draw the preview of its text."""
    parsed = await read_form(request, ProfileForm)
    raw = {**parsed.raw, "visible": parsed.raw_lists.get("visible", [])}
    if parsed.raw.get("preview"):
        return await _form(request, raw, preview=render_markdown(parsed.raw.get("bio", "")))
    form = parsed.value
    if form is None:
        return await _form(request, raw, parsed.errors, status=422)
    await profiles.save_profile(
        me().id,
        name=form.name,
        pronouns=form.pronouns,
        headline=form.headline,
        bio=form.bio,
        target_roles=form.target_roles,
        links=form.links,
        visible=form.visible,
    )
    flash(request, _("Profile saved"))
    return see_other(url("users.profile"))


async def save_place(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, PlaceForm)
    if parsed.value is not None:
        try:
            await profiles.save_place(me().id, locale=parsed.value.locale, zone=parsed.value.zone)
            flash(request, _("Language and time zone saved"))
            return see_other(url("users.profile"))
        except errors.Invalid as exc:
            parsed.refuse(exc.errors)
    return await _form(request, parsed.raw, parsed.errors, status=422)


async def save_picture(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, EmptyForm)
    upload = next(iter(parsed.files.get("picture", ())), None)
    if upload is None:
        return await _form(request, None, {"picture": _("Choose a picture first.")}, status=422)
    try:
        await profiles.set_picture(me().id, upload.read())
    except errors.Invalid as exc:
        return await _form(request, None, exc.errors, status=422)
    flash(request, _("Picture saved"))
    return see_other(url("users.profile"))


async def drop_picture(request: web.Request) -> web.StreamResponse:
    await read_form(request, EmptyForm)
    await profiles.drop_picture(me().id)
    flash(request, _("Picture removed"))
    return see_other(url("users.profile"))


async def show_person(request: web.Request) -> web.StreamResponse:
    """What other signed-in people see of somebody: the name, and what the person chose to show."""
    account_id = parse_id(request.match_info["account_id"])
    card = (await accounts.accounts_by_ids([account_id])).get(account_id) if account_id else None
    if account_id is None or card is None or card.state != "active":
        raise errors.NotFound()
    row = await profiles.profile_of(account_id)
    shown = {name: getattr(row, name) for name in profiles.FIELDS if name != "picture" and name in row.visible}
    card_of = await queries.interviewers.card(account_id)
    has_picture = row.picture_id is not None and "picture" in row.visible
    context = {
        "title": card.name,
        "name": card.name,
        "shown": {name: value for name, value in shown.items() if value},
        "picture": queries.picture_url(account_id, row.picture_id) if has_picture and row.picture_id else None,
        "own": account_id == me().id,
        "public": public_path(card_of.slug) if card_of is not None and card_of.published else None,
    }
    return await page(request, "users/person.html", context)


async def picture(request: web.Request) -> web.StreamResponse:
    """The picture: of listed interviewers for everybody, of others for signed-in people, as far as they show it."""
    account_id = parse_id(request.match_info["account_id"])
    row = await Profile.get_or_none(account_id=account_id) if account_id else None
    if row is None or account_id is None or row.picture_id is None or not await _may_see(account_id, row):
        raise errors.NotFound()
    small = request.query.get("size") == "64" and row.picture_small_id is not None
    file = await get_or_404(File, row.picture_small_id if small and row.picture_small_id else row.picture_id)
    return await file_answer(request, file, inline=True, cache="private, max-age=86400")


async def _may_see(account_id: Any, row: Profile) -> bool:
    actor = current_actor()
    if actor is not None and (actor.id == account_id or can(PEOPLE)):
        return True
    if "picture" not in row.visible:
        return False
    if actor is not None:
        return True
    card = await queries.interviewers.card(account_id)
    return card is not None and card.published
