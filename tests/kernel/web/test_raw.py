"""Requests as no browser sends them: each is answered below 500 or dropped, and the next one is served."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from kernel.web.csrf import token
from kernel.web.deadlines import Deadlines
from kernel.web.visit import visit_of

from .site import get, post, served


async def show(request: web.Request) -> web.StreamResponse:
    """Touches what handlers touch."""
    text = f"{request.query.get('q', '')} {request.match_info.get('id', '')}"
    return web.Response(text=f"{text.encode().decode()} {token(visit_of(request))}")


ROUTES = [get("/alpha/show", show), get("/alpha/show/{id}", show), post("/alpha/save", show, csrf=False)]
HOST = b"Host: acme.localhost\r\n"

REQUESTS: list[tuple[bytes, set[int]]] = [
    (b"GET /alpha/show\r\n\r\n", {400, 421}),
    (b"GET /alpha/show HTTP/1.0\r\n\r\n", {421}),
    (b"GET /alpha/show HTTP/1.1\r\n\r\n", {400}),
    (b"GET http://fern.localhost/alpha/show HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    (b"GET //evil.test/alpha/show HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404}),
    (b"GET /alpha/show/../show HTTP/1.1\r\n" + HOST + b"\r\n", {404, 200}),
    (b"GET /alpha/show/%2e%2e HTTP/1.1\r\n" + HOST + b"\r\n", {404, 200}),
    (b"GET /alpha/show/\xff HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    (b"GET /alpha/show/\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n", {200, 400}),
    (b"GET /alpha/show/%ed%a0%80 HTTP/1.1\r\n" + HOST + b"\r\n", {200, 400, 404}),
    (b"GET /alpha/show?q=%ff HTTP/1.1\r\n" + HOST + b"\r\n", {200, 400}),
    (b"GET /alpha/show?q=%00 HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    (b"GET /alpha/show?q=\xff HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    (b"GET /alpha/show?%%%=%&=&&=%zz HTTP/1.1\r\n" + HOST + b"\r\n", {200, 400}),
    (b"GET /alpha/show HTTP/1.1\r\n" + HOST + b"Cookie: locale=\xff; anon=\xff; flash=\xff.\xff\r\n\r\n", {200}),
    (b"GET /alpha/show HTTP/1.1\r\n" + HOST + b'Cookie: ;;;=;==;""="\r\n\r\n', {200}),
    (b"GET /alpha/show HTTP/1.1\r\n" + HOST + b"Accept-Language: \xff;q=9,,,;;q=\r\n\r\n", {200}),
    (b"GET /alpha/show HTTP/1.1\r\n" + HOST + b"User-Agent: \xff\r\nAccept: \xff\r\n\r\n", {200}),
    (b"GET /nowhere HTTP/1.1\r\n" + HOST + b"User-Agent: \xff\r\nAccept: \xff\r\n\r\n", {404}),
    (b"* * HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404, 405}),
    (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404, 405}),
    (b"CONNECT acme.localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404, 405}),
    (b"GET /alpha/show HTTP/1.1\r\n" + HOST + HOST + b"\r\n", {400}),
    (b"GET /alpha/show HTTP/1.1\r\nHost: acme.localhost:99999\r\n\r\n", {400, 421}),
    (b"GET /alpha/show HTTP/1.1\r\nHost: acme.localhost\x00.evil\r\n\r\n", {400}),
    (b"GET /alpha/show HTTP/1.1\r\nHost: \xff\r\n\r\n", {400, 421}),
    (b"GET /alpha/show HTTP/1.1\r\n" + HOST + b"Expect: 200-maybe\r\n\r\n", {417}),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {400, 414}),
    (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 9000 + b"\r\n\r\n", {400, 431}),
    (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 200 + b"\r\n", {400, 431}),
    (b"POST /alpha/save HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", {400}),
    (b"POST /alpha/save HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\n", {400, 413, 200}),
    (b"POST /alpha/save HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: cow\r\n\r\n", {400}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
    (b"\r\n" * 10 + b"GET /alpha/show HTTP/1.1\r\n" + HOST + b"\r\n", {200, 400}),
    # Framing: two readers must not see two requests (RFC 9112, 6 and 11.2).
    *(
        (b"POST /alpha/save HTTP/1.1\r\n" + HOST + framing + b"\r\n\r\n" + b"0\r\n\r\n", {400})
        for framing in (
            b"Content-Length: 5\r\nTransfer-Encoding: chunked",
            b"Content-Length: 5\r\nContent-Length: 6",
            b"Content-Length: 5\r\nContent-Length: 5",
            b"Content-Length: +5",
            b"Content-Length: 0x5",
            b"Content-Length: 1_0",
            b"Content-Length: \xb2",
            b"Transfer-Encoding: chunked, identity",
            b"Transfer-Encoding: xchunked",
            b"Transfer-Encoding : chunked",
            b"X: a\r\n b",
            b"X: a\x00b",
            b"X: a\rb",
            b"X\xff: a",
            b": a",
            b"X y: a",
        )
    ),
    (b"POST /alpha/save HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", {200, 400}),
    (b"POST /alpha/save HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", {200, 400}),
    # Hosts: a tenant is found by an exact name or not at all.
    *(
        (b"GET /alpha/show HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", {400, 421})
        for host in (
            b"acme.localhost/evil?x=",
            b"acme.localhost@evil.test",
            b"evil.test#acme.localhost",
            b"acme.localhost,x",
            b"",
            b" ",
            b"acme.localhost:",
            b"[::1",
            b"acme..localhost",
            b"%61cme.localhost",
            b"acme.localhost:-1",
            b"xacme.localhost",
            b"localhost",
            b"127.0.0.1",
            b"a" * 300,
        )
    ),
    (b"GET /alpha/show HTTP/1.1\r\nHost: ACME.localhost.\r\n\r\n", {200}),  # the same name, written otherwise
    (b"GET acme.localhost HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404}),
    (b"GET /alpha/show HTTP/9.9\r\n" + HOST + b"\r\n", {400, 505}),
    (b"GET /alpha/show http/1.1\r\n" + HOST + b"\r\n", {400}),
    (b"get /alpha/show HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404, 405}),
    (b"G(T /alpha/show HTTP/1.1\r\n" + HOST + b"\r\n", {400}),
    (b"TRACE /alpha/show HTTP/1.1\r\n" + HOST + b"\r\n", {400, 405}),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
]


async def test_odd_requests(tmp_path: Path) -> None:
    """All of them on one site; each names itself when it fails."""
    async with served(tmp_path, ROUTES, deadlines=Deadlines(head=0.5)) as site, site.client() as acme:
        answered = 0
        for raw, wanted in REQUESTS:
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(raw.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1) if b"HTTP/1.1" in raw else raw)
            async with asyncio.timeout(5):
                answer = (await reader.read()).decode("utf-8", "replace")
            writer.close()
            answered += bool(answer)
            if answer:
                assert int(answer.split()[1]) in wanted, (raw[:80], answer[:300])
                assert "nosniff" in answer, raw[:80]
                assert "\r\nServer:" not in answer, raw[:80]
                assert "Traceback" not in answer
        assert answered >= len(REQUESTS) - 2
        assert (await acme.get("/alpha/show")).status == 200
