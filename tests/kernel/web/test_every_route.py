"""Walks the real router: every route answers with the whole header set, whoever asks, and never for another site."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import pytest

from kernel.app import Greenroom
from kernel.testing.people import TenantKit
from kernel.web.routing import ENDPOINTS

ALWAYS = (
    "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
    "Content-Security-Policy", "Permissions-Policy", "X-Frame-Options",
)  # fmt: skip
FOREIGN = {"Origin": "https://evil.test"}


def filled(path: str) -> str:
    """A path with its holes filled by what looks like an id."""
    return re.sub(r"\{[^{}]*(\{[^{}]*\}[^{}]*)*\}", "0190a0b0-0000-7000-8000-000000000000", path)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_every_route_has_every_header_and_no_other_site_may_read_it(
    greenroom: Greenroom, tenant: TenantKit
) -> None:
    site = await tenant.sign_in("owner")
    cookies = "; ".join(f"{k}={v}" for k, v in site.cookies().items())
    base, faults, seen = f"http://127.0.0.1:{greenroom.runtime.config.port}", [], 0
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:

        async def ask(method: str, path: str, **headers: str) -> None:
            nonlocal seen
            async with http.request(
                method, base + path, allow_redirects=False, headers={"Host": tenant.host, **headers}
            ) as answer:
                seen += 1
                where = f"{method} {path} -> {answer.status}"
                faults.extend(f"{where}: {n} {answer.headers.getall(n, [])}" for n in ALWAYS
                              if len(answer.headers.getall(n, [])) != 1)  # fmt: skip
                faults.extend(f"{where}: {n}" for n in answer.headers if n.startswith("Access-Control"))
                if "Server" in answer.headers or (answer.status >= 500 and answer.status != 503):
                    faults.append(f"{where}: {answer.headers.get('Server', 'failed')}")
                if method not in ("GET", "OPTIONS") and "Cookie" in headers and answer.status < 400:
                    faults.append(f"{where}: done without a token, {headers.get('Origin', 'no origin')}")

        for endpoint in greenroom.app[ENDPOINTS].values():
            path, method = filled(endpoint.route.path), endpoint.route.method
            await ask(method, path)  # nobody
            await ask("OPTIONS", path, **FOREIGN, **{"Access-Control-Request-Method": method})
            if method == "GET":
                stream = {"Accept": "text/html"}
                await ask("GET", path, Cookie=cookies, **stream)
                await ask("TRACE", path)
            elif endpoint.unsafe:
                await ask(method, path, Cookie=cookies, **FOREIGN)
                await ask(method, path, Cookie=cookies)
        for method, path in (
            ("GET", "/nowhere"),
            ("TRACE", "/home"),
            ("CONNECT", "/home"),
            ("GET", "/static/kernel/x/n"),
        ):
            await ask(method, path)
        async with http.get(base + "/", headers={"Host": "nobody.example"}) as lost:
            assert lost.status == 421 and all(name in lost.headers for name in ALWAYS)
    assert faults == []
    assert seen > 500
    await site.close()


async def test_unused_methods_are_off(greenroom: Greenroom, tenant: TenantKit) -> None:
    base = f"http://127.0.0.1:{greenroom.runtime.config.port}"
    async with aiohttp.ClientSession() as http:
        for method in ("TRACE", "TRACK", "OPTIONS", "PROPFIND", "PUT", "DELETE"):
            async with http.request(method, base + "/sign-in", headers={"Host": tenant.host}) as answer:
                assert answer.status in (400, 405), method
                assert "Cookie" not in await answer.text()


async def test_ten_times_the_load_is_shed_and_never_a_500(greenroom: Greenroom, tenant: TenantKit) -> None:
    """Far more at once than a tenant may have: some are served, the rest told when to come again; then all is well."""
    base, statuses = f"http://127.0.0.1:{greenroom.runtime.config.port}", []
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(connector=connector) as http:

        async def one() -> None:
            async with http.get(base + "/sign-in", headers={"Host": tenant.host}) as answer:
                await answer.read()
                statuses.append(answer.status)
                if answer.status in (429, 503):
                    assert int(answer.headers["Retry-After"]) > 0

        await asyncio.gather(*(one() for _ in range(1500)))
        assert set(statuses) <= {200, 429, 503}, set(statuses)
        assert 200 in statuses and len(statuses) == 1500
        for _ in range(50):
            async with http.get(base + "/sign-in", headers={"Host": tenant.host}) as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.2)
    raise AssertionError("it did not recover within 10 seconds")
