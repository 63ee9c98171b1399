"""Security headers on every kind of answer, and the policy of a page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from kernel.web import headers, sockets
from kernel.web.deadlines import Deadlines
from kernel.web.views import bytes_answer, disposition, html_answer, json_answer, local_path, see_other

from .site import Answered, get, post, served

ALWAYS = {
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Content-Security-Policy",
    "Permissions-Policy",
    "X-Frame-Options",
}


async def drawn(request: web.Request) -> web.StreamResponse:
    return html_answer("<p>x</p>")


async def widened(request: web.Request) -> web.StreamResponse:
    headers.allow_sources(request, "frame-src", ["https://pay.example"])
    headers.allow_devices(request)
    return html_answer("<p>x</p>")


async def failing(request: web.Request) -> web.StreamResponse:
    raise RuntimeError("boom")


async def raising(request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther("/elsewhere")


async def nothing(request: web.Request) -> web.StreamResponse:
    return None  # type: ignore[return-value]


async def stream(request: web.Request) -> web.StreamResponse:
    async def source() -> AsyncIterator[str]:
        yield "one"

    return await sockets.sse(request, source(), plugin="alpha")


async def download(request: web.Request) -> web.StreamResponse:
    return bytes_answer(b"a,b", "text/csv", 'na"me\r\n/é.csv')


async def api(request: web.Request) -> web.StreamResponse:
    return json_answer({"a": 1})


async def socket(request: web.Request) -> web.StreamResponse:
    return await sockets.open_socket(request, plugin="alpha")


ROUTES = [
    get("/alpha/page", drawn),
    get("/alpha/wide", widened),
    get("/alpha/boom", failing),
    get("/alpha/redirect", raising),
    get("/alpha/nothing", nothing),
    get("/alpha/stream", stream),
    get("/alpha/file", download),
    get("/alpha/ws", socket),
    get("/alpha/mine", drawn, permission="alpha.things.edit"),
    post("/alpha/form", drawn),
    get("/api/v1/alpha", api, name="alpha.api"),
]


def check(answer: Answered) -> None:
    assert set(answer.headers) >= ALWAYS, set(answer.headers)
    assert "Server" not in answer.headers
    for name in ALWAYS:
        assert len(answer.headers.getall(name)) == 1, name


ANSWERS = [
    ("/alpha/page", 200),
    ("/alpha/boom", 500),
    ("/alpha/nothing", 500),
    ("/alpha/redirect", 303),
    ("/alpha/stream", 200),
    ("/alpha/file", 200),
    ("/alpha/ws", 400),
    ("/alpha/mine", 303),
    ("/nowhere", 404),
    ("/api/v1/alpha", 200),
    ("/api/v1/nowhere", 404),
    ("/api/v1/openapi.json", 200),
    ("/static/kernel/x/css/core.css", 200),
    ("/static/kernel/x/nothing.css", 404),
    ("/health/live", 200),
]


async def test_every_answer(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        for path, status in ANSWERS:
            answer = await acme.get(path)
            assert answer.status == status, path
            check(answer)
            check(await acme.ask("HEAD", path))


async def test_refusals(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, site.client() as acme, site.client("no.localhost") as lost:
        for answer, status in (
            (await acme.ask("POST", "/alpha/form", data={}), 403),
            (await acme.ask("POST", "/alpha/form", data=b"x" * 2_000_000, headers={"Content-Type": FORM}), 413),
            (await acme.ask("PUT", "/alpha/page"), 405),
            (await acme.get("/alpha/page", headers={"Expect": "nonsense"}), 417),
            (await lost.get("/alpha/page"), 421),
            (await acme.get("/alpha/ws", headers={**UPGRADE, "Origin": "https://evil.test"}), 403),
            (await acme.get("/static/kernel/x/css/core.css", headers={"Range": "bytes=0-3"}), 206),
            (await acme.get("/static/kernel/x/css/core.css", headers={"Range": "bytes=9999999-"}), 416),
        ):
            assert answer.status == status
            check(answer)


FORM = "application/x-www-form-urlencoded"
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


async def test_what_is_no_request(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: nonsense\r\n\r\n")
        raw = (await reader.read()).decode()
        writer.close()
        assert raw.startswith("HTTP/1.0 400")
        assert "nonsense" not in raw
        for name in ALWAYS:
            assert f"\r\n{name}:" in raw
        assert "\r\nServer:" not in raw


async def test_policies(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, scheme="https") as site, site.client() as acme:
        page = await acme.get("/alpha/page")
        csp = page.headers["Content-Security-Policy"]
        assert "script-src 'self' 'sha256-" in csp
        assert "unsafe" not in csp
        assert "frame-src" not in csp
        assert page.headers["Permissions-Policy"].startswith("camera=()")
        assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        wide = await acme.get("/alpha/wide")
        assert "frame-src https://pay.example;" in wide.headers["Content-Security-Policy"]
        assert wide.headers["Permissions-Policy"].startswith("camera=(self)")
        assert (await acme.get("/alpha/page")).headers["Content-Security-Policy"] == csp
        assert (await acme.get("/api/v1/alpha")).headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_sources_are_checked(tmp_path: Path) -> None:
    for directive, source in (("frame-src", "https://x; script-src *"), ("default-src", "https://x"), ("img-src", "*")):
        with pytest.raises(ValueError, match=r"origin|widened"):
            headers.allow_sources(None, directive, [source])  # type: ignore[arg-type]


def test_file_names() -> None:
    assert disposition('a"b\r\nc/é.pdf', inline=False) == (
        "attachment; filename=\"a_b__c__.pdf\"; filename*=UTF-8''a_b__c_%C3%A9.pdf"
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/home?x=1#y", "/home?x=1#y"),
        ("/é", "/%C3%A9"),
        ("//evil.test", "/"),
        ("/\\evil.test", "/"),
        ("/\t/evil.test", "/"),
        ("https://evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("\\\\evil", "/"),
        (" /home", "/home"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_where_next(given: str | None, kept: str) -> None:
    assert local_path(given) == kept
    assert see_other(local_path(given)).headers["Location"] == kept


@pytest.mark.parametrize("bad", ["//x", "/a\r\nSet-Cookie: x=1", "http://x", "x", "/a b", ""])
def test_no_redirect_elsewhere(bad: str) -> None:
    with pytest.raises(ValueError, match="redirect"):
        see_other(bad)


def test_deadlines_have_defaults() -> None:
    assert Deadlines().head == 10.0
