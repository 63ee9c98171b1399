"""Pages in the tenant's shell, what plugins add to them, and what is shown when drawing fails."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import asyncpg
import jinja2
import pytest
from aiohttp import web
from markupsafe import Markup

from kernel.base import errors as problems
from kernel.base.contract import (
    SIGNED_IN,
    Brand,
    Branding,
    ErrorPages,
    ErrorText,
    Gate,
    MenuItem,
    TemplateGlobal,
    Widget,
)
from kernel.base.i18n import gettext
from kernel.engines.client import DatabaseUnavailable
from kernel.web import errors, templating
from kernel.web.markdown import render_markdown
from kernel.web.views import flash, fragment, page, see_other
from kernel.work import isolation

from .site import get, hello, post, served

PAGE = """{% extends "public.html" %}{% block main %}<h1>{{ word }}</h1>{{ slot("alpha.side", 7) }}
{{ csrf_field() }}{{ key_field() }}<i>{{ "<&>" }}</i><b>{{ "**x**"|markdown }}</b>{{ 1234|number }} {{ ours }}
{% endblock %}"""


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Templates of the plugin alpha."""
    from ..plugging import fakes

    folder = tmp_path / "alpha" / "templates" / "alpha"
    folder.mkdir(parents=True)
    (folder / "page.html").write_text(PAGE)
    (folder / "piece.html").write_text("<p>{{ word }}</p>")
    (folder / "wrong.html").write_text("{{ not_there }}")
    (folder.parent / "base.html").write_text("hijacked")
    plain = fakes.fake

    def with_file(hooks: dict[str, Any]) -> ModuleType:
        module = plain(hooks)
        module.__file__ = str(tmp_path / "alpha" / "plugin.py")
        return module

    monkeypatch.setattr(fakes, "fake", with_file)
    isolation.forgive()
    return folder


async def draw(request: web.Request) -> web.StreamResponse:
    return await page(request, "alpha/page.html", {"title": "T", "word": gettext("Word")}, status=201)


async def piece(request: web.Request) -> web.StreamResponse:
    return await fragment(request, "alpha/piece.html", {"word": "<w>"})


async def wrong(request: web.Request) -> web.StreamResponse:
    return await page(request, "alpha/wrong.html", {"title": "T"})


async def save(request: web.Request) -> web.StreamResponse:
    flash(request, "Saved <it>")
    flash(request, "Careful", "warn")
    return see_other("/alpha/page")


async def slow(subject: object) -> Markup:
    await asyncio.sleep(5)
    return Markup("never seen")


async def good(subject: object) -> Markup:
    return Markup("<em>widget {}</em>").format(subject)


async def none(subject: object) -> None:
    return None


async def broken(subject: object) -> Markup:
    raise RuntimeError("boom")


async def text(subject: object) -> Any:
    return "<plain>"


def problem(exc: BaseException) -> Any:
    async def handler(request: web.Request) -> web.StreamResponse:
        raise exc

    return handler


ROUTES = [
    get("/alpha/page", draw, name="alpha.page"),
    get("/alpha/page/{id}", draw, name="alpha.detail"),
    get("/alpha/piece", piece),
    get("/alpha/wrong", wrong),
    post("/alpha/save", save),
    get("/alpha/edit", hello, name="alpha.edit", permission="alpha.things.edit"),
    get("/alpha/gone", problem(problems.Gone())),
    get("/alpha/late", problem(problems.TooMany(7, "Slow down"))),
    get("/alpha/conflict", problem(problems.Conflict("Somebody was faster."))),
    get("/alpha/down", problem(DatabaseUnavailable("no socket"))),
    get("/alpha/full", problem(OSError(28, "No space left"))),
    get("/alpha/refused", problem(ConnectionRefusedError("smtp"))),
    get("/alpha/teapot", problem(web.HTTPFailedDependency())),
    get("/alpha/timeout", problem(TimeoutError())),
    get("/api/v1/alpha", problem(problems.Invalid({"a.0": "Bad"})), name="alpha.api"),
]
WIDGETS = [
    Widget(slot="alpha.side", name="alpha.good", render=good, order=1),
    Widget(slot="alpha.side", name="alpha.slow", render=slow, order=2, wide=True),
    Widget(slot="alpha.side", name="alpha.none", render=none, order=3),
    Widget(slot="alpha.side", name="alpha.broken", render=broken, order=4),
    Widget(slot="shell.banner", name="alpha.notice", render=broken, order=1, permission="alpha.things.edit"),
    Widget(slot="alpha.side", name="alpha.text", render=text, order=5),
    Widget(slot="alpha.side", name="alpha.secret", render=good, order=6, permission="alpha.things.edit"),
]
HOOKS: dict[str, Any] = {"widgets": WIDGETS, "template_globals": [TemplateGlobal(name="ours", value="our global")]}


async def test_a_page(tmp_path: Path, templates: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, site.client() as acme:
        answer = await acme.get("/alpha/page")
        html = answer.text
        assert answer.status == 201
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "<title>T · Acme</title>" in html
        assert "<i>&lt;&amp;&gt;</i><b><p><strong>x</strong></p>\n</b>1,234 our global" in html
        assert re.search(r'name="_csrf" value="[\w-]{43}"', html)
        assert re.search(r'name="_key" value="[\w-]{36}"', html)
        importmap = re.search(r'<script type="importmap">(.*?)</script>', html)
        assert importmap
        csp = answer.headers["Content-Security-Policy"]
        assert sha(importmap[1]) in csp
        assert "style=" not in html
        acme.cookies.update(site.sign_in())
        assert (await acme.get("/alpha/page")).headers["Cache-Control"] == "private, no-store"
        assert (await acme.get("/alpha/piece")).text == "<p>&lt;w&gt;</p>"
        acme.cookies["theme"] = "dark"
        assert 'data-theme="dark"' in (await acme.get("/alpha/page")).text


def sha(text: str) -> str:
    import base64
    import hashlib

    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


async def test_widgets_stand_apart(tmp_path: Path, templates: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, site.client() as acme:
        html = (await acme.get("/alpha/page")).text
        assert html.index("<em>widget 7</em>") < html.index("&lt;plain&gt;")
        assert html.count("cannot be shown right now") == 2
        assert "never seen" not in html
        assert "alpha.secret" not in html
        assert 'class="widget wide"' in html
        acme.cookies.update(site.sign_in("alpha.things.edit"))
        html = (await acme.get("/alpha/page")).text
        assert "alpha.secret" in html
        # Above the page a gap is a landmark of its own.
        assert '<div class="banner" role="status">This part cannot be shown right now.</div>' in html


async def test_menu(tmp_path: Path, templates: Path) -> None:
    menu = [
        MenuItem(section="workspace", label="Pages", route="alpha.page", icon="file"),
        MenuItem(section="settings", label="Edit", route="alpha.edit", icon="edit"),
        MenuItem(section="operations", label="Mine", route="alpha.page", icon="x", permission=SIGNED_IN, order=9),
    ]
    async with served(tmp_path, ROUTES, hooks={**HOOKS, "menu": menu}) as site, site.client() as acme:
        # Drawn in the shell with a sidebar, which the error page uses for people who are signed in.
        acme.cookies.update(site.sign_in())
        html = (await acme.get("/alpha/page/x/nowhere")).text
        assert "Pages" in html
        assert 'href="/alpha/edit"' not in html
        assert html.count('aria-current="page"') == 2  # both entries lead there
        acme.cookies.update(site.sign_in("alpha.things.edit"))
        assert 'href="/alpha/edit"' in (await acme.get("/nowhere")).text
        site.snapshots.switch("acme", "alpha")
        assert 'href="/alpha/edit"' not in (await acme.get("/nowhere")).text


async def test_flashes(tmp_path: Path, templates: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, site.client() as acme:
        saved = await acme.post("/alpha/save")
        assert saved.status == 303
        kept = acme.cookies["flash"]
        html = (await acme.get("/alpha/page")).text
        assert "Saved &lt;it&gt;" in html
        assert "Careful" in html
        assert acme.cookies["flash"] == ""
        assert "Saved" not in (await acme.get("/alpha/page")).text
        for forged in (kept[:-1] + "x", "x", ".", "é", kept + "x", "W10." + "0" * 32):
            acme.cookies["flash"] = forged
            answer = await acme.get("/alpha/page")
            assert (answer.status, "Saved" in answer.text) == (201, False)
        acme.cookies["flash"] = kept
        acme.host = "fern.localhost"  # signed for another tenant
        assert "Saved" not in (await acme.get("/alpha/page")).text


async def test_languages(tmp_path: Path, templates: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, site.client() as acme:
        html = (await acme.get("/alpha/page", headers={"Accept-Language": "ar;q=0.9, fr"})).text
        assert '<html lang="ar" dir="rtl"' in html
        acme.cookies["locale"] = "de"
        assert '<html lang="de" dir="ltr"' in (await acme.get("/alpha/page", headers={"Accept-Language": "ar"})).text
        acme.cookies["locale"] = "xx"
        acme.cookies["tz"] = "Asia/Tokyo"
        assert '<html lang="en" dir="ltr" data-zone="Asia/Tokyo"' in (await acme.get("/alpha/page")).text
        acme.cookies["tz"] = "../../etc/passwd"
        assert 'data-zone="UTC"' in (await acme.get("/alpha/page")).text
        acme.cookies.update(site.sign_in())
        acme.cookies["locale"] = "ar"
        assert '<html lang="en"' in (await acme.get("/alpha/page")).text  # the account's


async def test_brand_and_words(tmp_path: Path, templates: Path) -> None:
    branding = Branding(
        brand=lambda: Brand(name="Fancy", tagline="Tag", theme_color="#123456"),
        rewrite=lambda locale, text: text.replace("Word", "Term"),
    )
    pages = ErrorPages(lookup=lambda status, locale: ErrorText("Lost?", "Ask **us**") if status == 404 else None)
    hooks = {**HOOKS, "branding": [branding], "error_pages": [pages]}
    async with served(tmp_path, ROUTES, hooks=hooks) as site, site.client() as acme:
        html = (await acme.get("/alpha/page")).text
        assert "<title>T · Fancy</title>" in html
        assert "<h1>Term</h1>" in html
        lost = await acme.get("/nowhere")
        assert "Lost?" in lost.text
        assert "<strong>us</strong>" in lost.text
        site.snapshots.switch("acme", "alpha")
        assert "We cannot find that page" in (await acme.get("/nowhere")).text


async def test_problems(tmp_path: Path, templates: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, site.client() as acme:
        for path, status, words in (
            ("/alpha/gone", 410, "no longer valid"),
            ("/alpha/late", 429, "Slow down"),
            ("/alpha/conflict", 409, "Somebody was faster."),
            ("/alpha/down", 503, "not available right now"),
            ("/alpha/full", 507, "no room left"),
            ("/alpha/refused", 500, "Reference"),
            ("/alpha/teapot", 424, "Failed Dependency"),
            ("/alpha/timeout", 500, "Reference"),
            ("/alpha/wrong", 500, "Reference"),
        ):
            answer = await acme.get(path)
            assert answer.status == status, path
            assert words in answer.text, path
            assert "Traceback" not in answer.text
        assert (await acme.get("/alpha/late")).headers["Retry-After"] == "7"
        assert "Retry-After" in (await acme.get("/alpha/down")).headers
        api = await acme.get("/api/v1/alpha")
        assert (api.status, api.headers["Content-Type"]) == (422, "application/problem+json")
        assert b'"errors":[{"field":"a.0","detail":"Bad"}]' in api.body


async def test_when_the_error_page_fails(tmp_path: Path, templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*args: object, **options: object) -> str:
        raise jinja2.TemplateError("broken theme")

    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, site.client() as acme:
        monkeypatch.setattr(templating, "render", fail)
        answer = await acme.get("/alpha/page")
        assert answer.status == 500
        assert "<h1>Something went wrong on our side</h1>" in answer.text
        assert "Reference" in answer.text
        assert "link" not in answer.text
        assert answer.headers["Content-Security-Policy"]
        assert (await acme.get("/nowhere")).status == 404


async def test_gates(tmp_path: Path, templates: Path) -> None:
    closed = {"now": False, "fails": False}

    async def check(request: web.Request) -> web.StreamResponse | None:
        if closed["fails"]:
            raise RuntimeError("boom")
        if closed["now"]:
            raise problems.Unavailable("Back at ten", retry_after=60)
        return None

    hooks = {**HOOKS, "gates": [Gate(name="alpha.maintenance", check=check)]}
    async with served(tmp_path, ROUTES, hooks=hooks) as site, site.client() as acme:
        assert (await acme.get("/alpha/page")).status == 201
        closed["now"] = True
        answer = await acme.get("/alpha/page")
        assert (answer.status, "Back at ten" in answer.text) == (503, True)
        assert (await acme.get("/nowhere")).status == 503
        assert (await acme.get("/static/kernel/x/css/core.css")).status == 200
        assert (await acme.get("/health/live")).status == 200
        closed["fails"] = True
        assert (await acme.get("/alpha/page")).status == 201
        closed["fails"] = False
        site.snapshots.switch("acme", "alpha")
        assert (await acme.get("/nowhere")).status == 404


def test_names_are_not_taken_over(tmp_path: Path, templates: Path) -> None:
    async def run() -> None:
        with pytest.raises(ValueError, match="taken"):
            async with served(tmp_path, [], hooks={"template_globals": [TemplateGlobal(name="url", value=1)]}):
                pass

    asyncio.run(run())


def test_disk_and_database_errors_are_known() -> None:
    assert errors.as_problem(OSError(28, "x")).status == 507
    assert errors.as_problem(asyncpg.UniqueViolationError("x")).status == 500


# --- markdown --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# A", "<h2>A</h2>\n"),
        ("~~x~~", "<p><s>x</s></p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>\n"),
        ("[a](http://x)", '<p><a rel="nofollow noopener ugc">a</a></p>\n'),
        ("[a](https://x)", '<p><a href="https://x" rel="nofollow noopener ugc">a</a></p>\n'),
        ("![a](https://x/y.png)", '<p>!<a href="https://x/y.png" rel="nofollow noopener ugc">a</a></p>\n'),
        ("<b onclick=x>", "<p>&lt;b onclick=x&gt;</p>\n"),
        ("", ""),
    ],
)
def test_markdown(text: str, html: str) -> None:
    assert render_markdown(text) == html


def test_markdown_of_nothing_and_too_much() -> None:
    assert render_markdown(None) == ""
    assert len(render_markdown("[" * 300_000)) < 300_000
