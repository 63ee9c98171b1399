"""Routes that come and go per tenant, and the addresses made from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiohttp import web

from kernel.base.context import tenant_scope
from kernel.base.contract import Feature
from kernel.web.routing import absolute_url, url, url_with

from .site import get, hello, post, served


async def echo(request: web.Request) -> web.StreamResponse:
    return web.json_response(dict(request.match_info))


def plain(html: str) -> str:
    """Without the parts that differ from one drawing to the next."""
    return re.sub(r'(value|content)="[\w-]{43}"', "", html)


ROUTES = [
    get("/alpha", name="alpha.index"),
    get("/alpha/{id}", echo, name="alpha.show"),
    post("/alpha/{id}", echo, name="alpha.save"),
    get("/alpha/files/{path:.+}", echo, name="alpha.file"),
    get("/alpha/hook/x", name="alpha.hook", always="a provider calls it"),
    get("/alpha/extra/x", name="alpha.extra", feature="alpha.more"),
    post("/alpha/extra/x", name="alpha.extra_post"),
]
HOOKS = {"features": [Feature(id="alpha.more", label="More")]}


async def test_switching_at_run_time(tmp_path: Path) -> None:
    async with (
        served(tmp_path, ROUTES, hooks=HOOKS) as site,
        site.client() as acme,
        site.client("fern.localhost") as fern,
    ):
        assert (await acme.get("/alpha")).status == 200
        site.snapshots.switch("acme", "alpha", "alpha.more")
        await acme.get("/nowhere")  # gives the browser its cookie
        gone, missing = await acme.get("/alpha"), await acme.get("/nowhere")
        assert gone.status == missing.status == 404
        assert set(gone.headers) == set(missing.headers)
        assert "We cannot find that page" in gone.text
        assert plain(gone.text).replace("/alpha", "/nowhere") == plain(missing.text)
        wrong = await acme.ask("DELETE", "/alpha")
        assert wrong.status == 404
        assert "Allow" not in wrong.headers
        assert (await acme.get("/alpha/hook/x")).status == 200  # always
        assert (await fern.get("/alpha")).status == 200
        site.snapshots.switch("acme", on=("alpha",))
        assert (await acme.get("/alpha")).status == 200
        assert (await acme.get("/alpha/extra/x")).status == 405  # its POST is on, its GET is not
        assert "GET" not in (await acme.get("/alpha/extra/x")).headers["Allow"]
        site.snapshots.switch("acme", on=("alpha.more",))
        assert (await acme.get("/alpha/extra/x")).status == 200


async def test_methods(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, site.client() as acme:
        head = await acme.ask("HEAD", "/alpha")
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "5")
        refused = await acme.ask("PUT", "/alpha/7")
        assert refused.status == 405
        assert set(refused.headers["Allow"].split(",")) == {"GET", "HEAD", "POST"}
        assert (await acme.ask("TRACE", "/alpha")).status == 405
        assert (await acme.ask("OPTIONS", "/nowhere")).status == 404


ODD = ("other.localhost", "", "127.0.0.1", "acme.localhost@evil.test", "acme.localhost/x?y=", "a" * 400, "ácme")


async def test_unknown_hosts(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site:
        for host in ODD:
            async with site.client(host) as client:
                answer = await client.get("/alpha")
            assert answer.status in (400, 421), host
            assert "Acme" not in answer.text
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_hosts_as_browsers_write_them(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site:
        for host in ("ACME.localhost", "acme.localhost.", "acme.localhost:8080"):
            async with site.client(host) as client:
                assert (await client.get("/alpha")).status == 200, host
        async with site.client("acme.localhost:99999") as client:
            assert (await client.get("/alpha")).status == 421
        async with site.client("nobody.localhost") as client:
            assert (await client.get("/health/live")).status == 200


async def test_suspended(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, site.client() as acme:
        site.snapshots.switch("acme", state="suspended")
        answer = await acme.get("/alpha")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "3600")


async def test_addresses(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site:
        assert url("alpha.index") == "/alpha"
        assert url("alpha.show", id="a/b c?é") == "/alpha/a%2Fb%20c%3F%C3%A9"
        assert url("alpha.file", path="a/b c") == "/alpha/files/a/b%20c"
        assert url_with("alpha.index", {}, {"q": "a b", "none": None, "tag": ["x", "y"]}) == "/alpha?q=a+b&tag=x&tag=y"
        for bad in ({}, {"id": 1, "more": 2}, {"x": 1}):
            with pytest.raises(LookupError):
                url("alpha.show", **bad)
        with pytest.raises(LookupError):
            url("alpha.nothing")
        with tenant_scope(site.snapshots.by_host["acme.localhost"].tenant):
            assert absolute_url("alpha.show", id=3) == "https://acme.localhost/alpha/3"
            assert absolute_url("/x") == "https://acme.localhost/x"


async def test_odd_targets(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, hooks=HOOKS) as site, site.client() as acme:
        assert (await acme.get("/alpha/%00")).status == 400
        assert (await acme.get("/alpha/%ff")).status in (200, 400, 404)


def test_hello_is_public() -> None:
    assert get("/x", hello).public
