"""Words: pages with errors, terminology, languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kernel import (
    LOCALES,
    N_,
    current_locale,
    current_snapshot,
    errors,
    flash,
    html_answer,
    page,
    read_form,
    render_markdown,
    see_other,
    setting,
    url,
    url_with,
)
from kernel import gettext as _

from .. import queries
from ..forms import EmptyForm, LanguagesForm, PageForm, PreviewForm, TermsForm
from ..services import wording
from ..settings import ERROR_PAGES, MAX_BODY, OWN_WORDS, PACK, PACKS, error_key
from ..words.own import as_lines, parse_lines
from ..words.packs import SAMPLES
from ..words.rewriting import made

#: page -> (name, when it is shown, icon, standard title, standard body). The last two as the kernel says them.
PAGES: Mapping[str, tuple[str, str, str, str, str]] = {
    "404": (
        N_("Page not found"), N_("Somebody follows an old or mistyped link."), "search",
        N_("We cannot find that page"), N_("The link may be old, or the page was moved. Your data is safe."),
    ),
    "403": (
        N_("Not allowed"), N_("Somebody opens a page without the right for it."), "lock",
        N_("You cannot open this"), N_("Ask an administrator if you need it."),
    ),
    "410": (
        N_("Link no longer valid"), N_("A link was used, replaced or cancelled."), "history",
        N_("This link is no longer valid"), N_("It was used, replaced or cancelled."),
    ),
    "500": (
        N_("Something went wrong"), N_("A fault on our side."), "alert",
        N_("Something went wrong on our side"), N_("It has been noted. Try again in a moment."),
    ),
    "maintenance": (
        N_("Maintenance"), N_("The site is closed during maintenance."), "wrench",
        N_("We are doing maintenance"),
        N_("The site is closed for a short while. Nothing is lost; come back a little later."),
    ),
}  # fmt: skip


def tabs() -> list[tuple[str, str, str]]:
    return [
        ("pages", _("Error pages"), url("theming.texts")),
        ("terms", _("Terminology"), url("theming.terminology")),
        ("languages", _("Languages"), url("theming.languages")),
    ]


def offered() -> list[tuple[str, str]]:
    """Languages of the tenant: code and own name."""
    return [(code, LOCALES.get(code, code)) for code in current_snapshot().locales]


def _locale_of(request: web.Request) -> str:
    """The language in hand: `?locale=`, else the reader's."""
    codes = [code for code, _name in offered()]
    wanted = request.query.get("locale", current_locale())
    return wanted if wanted in codes else codes[0]


# --- error pages -----------------------------------------------------------------------------------------------


async def show(request: web.Request) -> web.StreamResponse:
    """All pages, and in which languages they say something of the tenant's own."""
    rows = [
        {
            "page": key,
            "name": _(name),
            "when": _(when),
            "icon": icon,
            "own": [(code, label) for code, label in offered() if queries.page_words(key, code)],
        }
        for key, (name, when, icon, _title, _body) in PAGES.items()
    ]
    context = {"title": _("Texts"), "tabs": tabs(), "rows": rows, "languages": offered()}
    return await page(request, "theming/texts.html", context)


def _known(request: web.Request) -> str:
    key = request.match_info["page"]
    if key not in ERROR_PAGES:
        raise errors.NotFound()
    return key


async def show_page(request: web.Request) -> web.StreamResponse:
    return await _error_page(request, _known(request), _locale_of(request))


async def _error_page(
    request: web.Request,
    key: str,
    locale: str,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    name, when, icon, title, body = PAGES[key]
    own = queries.page_words(key, locale)
    values = dict(raw) if raw is not None else dict(own or {"title": "", "body": ""})
    context = {
        "title": _(name),
        "when": _(when),
        "icon": icon,
        "page": key,
        "locale_code": locale,
        "values": values,
        "own": own is not None,
        "errors": dict(problems or {}),
        "standard": {"title": _(title), "body": _(body)},
        "shown": {"title": values.get("title") or _(title), "body": render_markdown(values.get("body") or _(body))},
        "languages": [
            (code, label, url_with("theming.text", {"page": key}, {"locale": code})) for code, label in offered()
        ],
        "limit": MAX_BODY,
        "sample_status": key if key != "maintenance" else "503",
    }
    return await page(request, "theming/text.html", context, status=status)


async def save_page(request: web.Request) -> web.StreamResponse:
    key, locale = _known(request), _locale_of(request)
    parsed = await read_form(request, PageForm)
    form = parsed.value
    if form is None:
        return await _error_page(request, key, locale, parsed.raw, parsed.errors, 422)
    if form.preview or form.do == "preview":
        return await _error_page(request, key, locale, parsed.raw)
    try:
        await wording.save_page(key, locale, form.title, form.body)
    except errors.Invalid as exc:
        return await _error_page(request, key, locale, parsed.raw, {"body": exc.errors.get(error_key(key), "")}, 422)
    flash(request, _("Text saved"))
    return see_other(url_with("theming.text", {"page": key}, {"locale": locale}))


async def reset_page(request: web.Request) -> web.StreamResponse:
    key, locale = _known(request), _locale_of(request)
    await read_form(request, EmptyForm)
    await wording.reset_page(key, locale)
    flash(request, _("Back to the standard words"))
    return see_other(url_with("theming.text", {"page": key}, {"locale": locale}))


async def preview(request: web.Request) -> web.StreamResponse:
    """Markdown as it will be drawn: for the editor."""
    parsed = await read_form(request, PreviewForm)
    return html_answer(str(render_markdown(parsed.raw.get("text", "")[:20_000])))


# --- terminology -----------------------------------------------------------------------------------------------


async def show_terms(request: web.Request) -> web.StreamResponse:
    return await _terms(request, _locale_of(request))


async def _terms(
    request: web.Request,
    locale: str,
    raw: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    pack = (raw or {}).get("pack", setting(PACK))
    lines = (raw or {}).get("words", as_lines(setting(OWN_WORDS).get(locale, {})))
    words, _wrong = parse_lines(lines)
    rewrite = made(pack, locale, tuple(words.items()))
    context = {
        "title": _("Terminology"),
        "tabs": tabs(),
        "packs": [(key, _(label), _hint(key, locale)) for key, label in PACKS],
        "pack": pack,
        "lines": lines,
        "errors": dict(problems or {}),
        "samples": [(text, rewrite(text)) for text in SAMPLES.get(locale, ())],
        "locale_code": locale,
        "languages": [
            (code, label, url_with("theming.terminology", {}, {"locale": code})) for code, label in offered()
        ],
    }
    return await page(request, "theming/terminology.html", context, status=status)


_EXAMPLES = {
    "en": "interviewer → coach, candidate → learner, interview → practice session",
    "de": "Interviewer → Trainer, Kandidat → Klient, Interview → Training",
    "ar": "محاور ← مدرب، مرشح ← متعلم، مقابلة ← جلسة",
}


def _hint(pack: str, locale: str) -> str:
    return _EXAMPLES.get(locale, "") if pack == "coaching" else ""


async def save_terms(request: web.Request) -> web.StreamResponse:
    locale = _locale_of(request)
    parsed = await read_form(request, TermsForm)
    form = parsed.value
    if form is None:
        return await _terms(request, locale, parsed.raw, parsed.errors, 422)
    if form.do == "preview":
        return await _terms(request, locale, parsed.raw)
    try:
        await wording.save_terms(form.pack, locale, form.words)
    except errors.Invalid as exc:
        names = {PACK: "pack", OWN_WORDS: "words"}
        problems = {names.get(key, key): message for key, message in exc.errors.items()}
        return await _terms(request, locale, parsed.raw, problems, 422)
    flash(request, _("Terminology saved"))
    return see_other(url_with("theming.terminology", {}, {"locale": locale}))


# --- languages -------------------------------------------------------------------------------------------------


async def show_languages(request: web.Request) -> web.StreamResponse:
    snapshot = current_snapshot()
    return await _languages(request, {"default": snapshot.locale, "offered": list(snapshot.locales)})


async def _languages(
    request: web.Request, values: dict[str, Any], problems: Mapping[str, str] | None = None, status: int = 200
) -> web.StreamResponse:
    context = {
        "title": _("Languages"),
        "tabs": tabs(),
        "values": values,
        "errors": dict(problems or {}),
        "options": list(LOCALES.items()),
    }
    return await page(request, "theming/languages.html", context, status=status)


async def save_languages(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, LanguagesForm)
    typed = {"default": parsed.raw.get("default", ""), "offered": parsed.raw_lists.get("offered", [])}
    if parsed.value is None:
        return await _languages(request, typed, parsed.errors, 422)
    try:
        await wording.save_languages(parsed.value.default, parsed.value.offered)
    except errors.Invalid as exc:
        return await _languages(request, typed, exc.errors, 422)
    flash(request, _("Languages saved"))
    return see_other(url("theming.languages"))
