"""Requests that change something need a page of ours behind them."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from kernel.base.contract import SIGNED_IN

from .site import Client, get, hello, post, served


async def token_of(client: Client) -> str:
    return (await client.get("/alpha/token")).text


ROUTES = [
    post("/alpha/do", hello),
    post("/alpha/hook", hello, csrf=False),
    post("/alpha/edit", hello, permission="alpha.things.edit"),
    get("/alpha/edit", hello, permission="alpha.things.edit"),
    get("/alpha/mine", hello, permission=SIGNED_IN),
    post("/api/v1/alpha", hello, name="alpha.api", permission="alpha.things.edit"),
]


async def test_tokens(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, site.client() as acme, site.client() as other:
        assert (await acme.ask("POST", "/alpha/do", data={})).status == 403
        token = await token_of(acme)
        assert token != await token_of(acme)  # masked anew each time
        for _again in range(2):
            assert (await acme.ask("POST", "/alpha/do", data={"_csrf": token})).status == 200
        assert (await acme.ask("POST", "/alpha/do", json={}, headers={"X-CSRF-Token": token})).status == 200
        # Another browser, another tenant, a session instead of none: not theirs.
        await token_of(other)
        assert (await other.ask("POST", "/alpha/do", data={"_csrf": token})).status == 403
        acme.host = "fern.localhost"
        assert (await acme.ask("POST", "/alpha/do", data={"_csrf": token})).status == 403
        acme.host = "acme.localhost"
        acme.cookies.update(site.sign_in())
        assert (await acme.ask("POST", "/alpha/do", data={"_csrf": token})).status == 403
        assert (await acme.post("/alpha/do")).status == 200


async def test_odd_tokens(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        await token_of(acme)
        for bad in ("", "x", "é" * 43, "A" * 43, "A" * 44, "A" * 100_000, "=" * 44):
            assert (await acme.ask("POST", "/alpha/do", data={"_csrf": bad})).status == 403


FROM = [
    ({"Origin": "http://acme.localhost"}, 200),
    ({"Origin": "https://ACME.localhost"}, 200),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://acme.localhost.evil.test"}, 403),
    ({"Origin": "http://fern.localhost"}, 403),
    ({"Origin": "http://acme.localhost:81"}, 403),
    ({"Origin": "http://[::1"}, 403),
    ({"Origin": ""}, 403),
    ({"Referer": "http://acme.localhost/alpha"}, 200),
    ({"Referer": "http://evil.test/acme.localhost"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "same-origin"}, 200),
]


async def test_where_it_comes_from(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        for headers, status in FROM:
            assert (await acme.post("/alpha/do", headers=headers)).status == status, headers


async def test_provider_callbacks_authenticate_otherwise(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        assert (await acme.ask("POST", "/alpha/hook", data=b"x", headers={"Origin": "https://pay.test"})).status == 200


async def test_rights(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        away = await acme.get("/alpha/edit?a=1&b=%2F")
        assert (away.status, away.headers["Location"]) == (303, "/sign-in?next=/alpha/edit%3Fa%3D1%26b%3D/")
        assert (await acme.post("/alpha/edit")).status == 401
        machine = await acme.get("/alpha/edit", headers={"Accept": "application/json"})
        assert (machine.status, machine.headers["Content-Type"]) == (401, "application/problem+json")
        partial = await acme.get("/alpha/edit", headers={"HX-Request": "true"})
        assert (partial.status, partial.headers["HX-Redirect"][:14]) == (401, "/sign-in?next=")
        acme.cookies.update(site.sign_in())
        assert (await acme.get("/alpha/mine")).status == 200
        refused = await acme.get("/alpha/edit")
        assert refused.status == 403
        assert "Edit things" in refused.text
        assert (await acme.ask("POST", "/api/v1/alpha", json={})).status == 403
        acme.cookies.update(site.sign_in("alpha.things.edit"))
        assert (await acme.get("/alpha/edit")).status == 200
        assert (await acme.post("/alpha/edit")).status == 200
        site.snapshots.switch("acme", "alpha")
        assert (await acme.get("/alpha/edit")).status == 404


async def test_cookies_are_bound_to_the_host_over_https(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES, scheme="https") as site, site.client() as acme:
        answer = await acme.get("/alpha/token")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-anon=")
        assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
        assert "Set-Cookie" not in (await acme.get("/alpha/token")).headers


async def test_rate(tmp_path: Path) -> None:
    routes = [get("/alpha/slow", hello, rate="2/60")]
    async with served(tmp_path, routes) as site, site.client() as acme, site.client("fern.localhost") as fern:
        assert [(await acme.get("/alpha/slow")).status for _ in range(3)] == [200, 200, 429]
        late = await acme.get("/alpha/slow")
        assert 0 < int(late.headers["Retry-After"]) <= 60
        assert (await fern.get("/alpha/slow")).status == 200


async def test_client_addresses(tmp_path: Path) -> None:
    from ipaddress import ip_network

    async def whoami(request: web.Request) -> web.StreamResponse:
        return web.Response(text=request.remote or "")

    routes = [get("/alpha/me", whoami)]
    forged = {"X-Forwarded-For": "1.1.1.1, 9.9.9.9"}
    async with served(tmp_path, routes) as site, site.client() as acme:
        assert (await acme.get("/alpha/me", headers=forged)).text == "127.0.0.1"
    proxies = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))
    async with served(tmp_path, routes, trusted_proxies=proxies) as site, site.client() as acme:
        assert (await acme.get("/alpha/me", headers=forged)).text == "9.9.9.9"
        chain = {"X-Forwarded-For": "1.1.1.1, 9.9.9.9, 10.0.0.7"}
        assert (await acme.get("/alpha/me", headers=chain)).text == "9.9.9.9"
        assert (await acme.get("/alpha/me", headers={"X-Forwarded-For": "garbage"})).text == "127.0.0.1"
        assert (await acme.get("/alpha/me")).text == "127.0.0.1"
