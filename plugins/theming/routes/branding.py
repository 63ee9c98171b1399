"""The branding page, its preview, and the files that every page of the tenant loads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kernel import (
    File,
    bytes_answer,
    current_tenant,
    errors,
    flash,
    fragment,
    get_or_404,
    page,
    read_file,
    read_form,
    read_query,
    see_other,
    setting,
    url,
    url_with,
)
from kernel import gettext as _

from .. import palette
from ..brand import Look, logo_path, look, preview_sheet, sheet
from ..forms import BrandingForm, EmptyForm, LookQuery
from ..services.look import drop_logo, reset_look, save_look, set_logo
from ..settings import COLOUR, DEFAULT_COLOUR, FONT, FONTS, LOGO, LOOK, NAME, RADIUS, TAGLINE

_FOR_EVER = "public, max-age=31536000, immutable"
_FIELDS = {NAME: "name", TAGLINE: "tagline", COLOUR: "color", RADIUS: "radius", FONT: "font"}
#: What the audit table shows: (label, front, back, ratio wanted).
_SHOWN = (
    ("text", "text", "bg", 4.5),
    ("secondary", "text-2", "surface", 4.5),
    ("links", "accent-text", "surface", 4.5),
    ("buttons", "on-accent", "accent", 4.5),
    ("focus", "focus", "surface", 3.0),
)


# --- files -----------------------------------------------------------------------------------------------------


async def theme_sheet(request: web.Request) -> web.StreamResponse:
    """The tenant's colours. Kept for ever under its own hash; under an old one today's colours, unkept."""
    current = sheet(look())
    kept = _FOR_EVER if request.match_info["hash"] == current.hash else "no-store"
    return web.Response(text=current.css, content_type="text/css", headers={"Cache-Control": kept})


async def logo(request: web.Request) -> web.StreamResponse:
    """The logo of today; any other file is not here."""
    if request.match_info["id"] != setting(LOGO):
        raise errors.NotFound()
    file = await get_or_404(File, request.match_info["id"])
    try:
        data = await read_file(file)
    except FileNotFoundError:
        raise errors.NotFound() from None
    answer = bytes_answer(data, "image/webp", "logo.webp", cache=_FOR_EVER)
    answer.headers["Content-Disposition"] = "inline"
    return answer


async def preview_css(request: web.Request) -> web.StreamResponse:
    wanted = _wanted(read_query(request, LookQuery).value)
    if wanted is None:
        raise errors.BadRequest(_("Choose a colour such as #4f46e5."))
    headers = {"Cache-Control": "private, max-age=3600"}
    return web.Response(text=preview_sheet(wanted).css, content_type="text/css", headers=headers)


def _wanted(query: LookQuery | None) -> Look | None:
    """The look asked for, or None when it is not one."""
    if query is None or not palette.is_colour(query.color) or query.font not in palette.FONTS:
        return None
    if not 0 <= query.radius <= palette.MAX_RADIUS:
        return None
    return Look(query.color.lower(), query.radius, query.font)


# --- the page --------------------------------------------------------------------------------------------------


async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request)


async def _page(
    request: web.Request,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    stored = {field: str(setting(key)) for key, field in _FIELDS.items()}
    values = {**stored, **(raw or {})}
    context = {
        "title": _("Branding"),
        "values": values,
        "errors": dict(problems or {}),
        "fonts": [(key, _(label)) for key, label in FONTS],
        "default_name": current_tenant().name,
        "logo": logo_path(setting(LOGO)),
        "changed": any(str(setting(key)) != default for key, default in _DEFAULTS.items()),
        **_preview(values, look()),
    }
    return await page(request, "theming/branding.html", context, status=status)


_DEFAULTS = dict.fromkeys(LOOK, "") | {COLOUR: DEFAULT_COLOUR, RADIUS: "8", FONT: "inter"}


def _preview(values: Mapping[str, str], fallback: Look) -> dict[str, Any]:
    """What the preview shows; values that cannot be drawn are replaced by those that are stored."""
    radius = values.get("radius", "")
    typed = Look(
        values.get("color", "").lower(),
        int(radius) if radius.isascii() and radius.isdecimal() and len(radius) < 4 else -1,
        values.get("font", ""),
    )
    drawable = _wanted(LookQuery(color=typed.colour, radius=typed.radius, font=typed.font))
    drawn = drawable or fallback
    query = {"color": drawn.colour, "radius": drawn.radius, "font": drawn.font}
    return {
        "preview": {
            "name": values.get("name", "").strip() or current_tenant().name,
            "tagline": values.get("tagline", ""),
            "class": f"tp-{preview_sheet(drawn).hash}",
            "css": url_with("theming.preview_css", {}, query),
            "valid": drawable is not None,
            "failed": bool(palette.audit(drawn.colour)),
            "rows": _ratios(drawn.colour),
            "remarks": _remarks(drawn.colour),
            "logo": logo_path(setting(LOGO)),
        }
    }


def _ratios(colour: str) -> list[tuple[str, str, str, bool]]:
    """(what, ratio in light, ratio in dark, both enough) of the pairs that readers look at most."""
    tokens = palette.palette(colour)
    labels = {
        "text": _("Text on the page"),
        "secondary": _("Secondary text on cards"),
        "links": _("Links on cards"),
        "buttons": _("Words on buttons"),
        "focus": _("Focus ring"),
    }
    rows = []
    for key, front, back, wanted in _SHOWN:
        light, dark = (palette.contrast(tokens[front][i], tokens[back][i]) for i in (0, 1))
        rows.append((labels[key], f"{light:.1f}", f"{dark:.1f}", min(light, dark) >= wanted))
    return rows


def _remarks(colour: str) -> list[str]:
    """Where the colour had to give way so that everything can be read."""
    tokens = palette.palette(colour)
    (light, dark), words = tokens["accent"], tokens["on-accent"][0]
    found = []
    if light != colour:
        found.append(
            _("White words on {colour} could not be read, so buttons use {other}.").format(colour=colour, other=light)
        )
    elif words != "#ffffff":
        found.append(_("Buttons carry dark words: white ones could not be read on this colour."))
    if dark != light:
        found.append(_("In dark mode buttons use {other}.").format(other=dark))
    return found


async def preview(request: web.Request) -> web.StreamResponse:
    """The preview alone, for the script."""
    values = {key: request.query.get(key, "") for key in ("name", "tagline", "color", "radius", "font")}
    return await fragment(request, "theming/_preview.html", _preview(values, look()))


async def save(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, BrandingForm)
    form = parsed.value
    if form is None:
        return await _page(request, parsed.raw, parsed.errors, 422)
    if form.do == "preview":
        return await _page(request, parsed.raw)
    values = {NAME: form.name, TAGLINE: form.tagline, COLOUR: form.color.lower(), RADIUS: form.radius, FONT: form.font}
    try:
        await save_look(values)
    except errors.Invalid as exc:
        problems = {_FIELDS.get(key, ""): message for key, message in exc.errors.items()}
        return await _page(request, parsed.raw, problems, 422)
    flash(request, _("Branding saved"))
    return see_other(url("theming.branding"))


async def save_logo(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, EmptyForm)
    sent = parsed.files.get("logo", [])
    if not sent:
        return await _page(request, None, {"logo": _("Choose a picture.")}, 422)
    try:
        await set_logo(sent[0].read())
    except errors.Invalid as exc:
        return await _page(request, None, exc.errors, 422)
    flash(request, _("Logo saved"))
    return see_other(url("theming.branding"))


async def remove_logo(request: web.Request) -> web.StreamResponse:
    await read_form(request, EmptyForm)
    await drop_logo()
    flash(request, _("Logo removed"))
    return see_other(url("theming.branding"))


async def reset(request: web.Request) -> web.StreamResponse:
    await read_form(request, EmptyForm)
    await reset_look()
    flash(request, _("Back to the standard look"))
    return see_other(url("theming.branding"))
