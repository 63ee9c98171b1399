"""People in tests: a tenant, its visitors and signed-in accounts, each with an HTTP client like a browser's."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
from aiohttp.test_utils import make_mocked_request
from yarl import URL

from ..auth import accounts, sessions
from ..base.context import TenantRef, acting_as, speaking, tenant_scope
from ..engines.connection import unit_of_work

PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'name="_csrf"[^>]*value="([^"]+)"|name="csrf-token"[^>]*content="([^"]+)"')
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    text: str
    url: str
    body: bytes = b""

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    def json(self) -> Any:
        import json

        return json.loads(self.body)

    def fields(self) -> dict[str, str]:
        """Hidden and text inputs on the page by name (the last one of a name counts)."""
        found = re.findall(r"<input\b[^>]*>", self.text)
        out: dict[str, str] = {}
        for tag in found:
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name:
                out[name[1]] = html.unescape(value[1]) if value else ""
        return out


class Site:
    """One browser on one tenant's site. `account_id` is who is signed in, or None."""

    def __init__(self, host: str, port: int, account_id: UUID | None = None) -> None:
        self.host, self.port, self.account_id = host, port, account_id
        self._base = f"http://127.0.0.1:{port}"
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Host": f"{host}:{port}"}, auto_decompress=True
        )
        self._token = ""

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def request(self, method: str, path: str, *, follow: bool = False, **options: Any) -> Answer:
        path = path.removeprefix(self.origin)
        async with self._http.request(method, self._base + path, allow_redirects=follow, **options) as response:
            body = await response.read()
            text = body.decode("utf-8", "replace")
            if match := _TOKEN.search(text):
                self._token = html.unescape(match[1] or match[2])
            return Answer(response.status, response.headers, text, str(response.url.relative()), body)

    async def get(self, path: str, *, follow: bool = False, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.request("GET", path, follow=follow, headers=headers)

    async def post(
        self,
        path: str,
        data: Any = None,
        *,
        json: Any = None,
        follow: bool = False,
        headers: Mapping[str, str] | None = None,
        csrf: bool = True,
        method: str = "POST",
    ) -> Answer:
        """Send a form (or JSON) as a page of this site would, with its token."""
        sent = dict(headers or {})
        if csrf:
            sent.setdefault("X-CSRF-Token", await self.token())
        options: dict[str, Any] = {"json": json} if json is not None else {"data": data if data is not None else {}}
        return await self.request(method, path, follow=follow, headers=sent, **options)

    async def token(self) -> str:
        if not self._token:
            await self.get("/home" if self.account_id else "/sign-in")
        return self._token

    def cookies(self) -> dict[str, str]:
        return {c.key: c.value for c in self._http.cookie_jar}

    def set_cookie(self, name: str, value: str) -> None:
        self._http.cookie_jar.update_cookies({name: value}, URL(self._base))

    def browser_cookies(self) -> list[dict[str, Any]]:
        """The same cookies for a browser context."""
        return [{"name": k, "value": v, "domain": self.host, "path": "/"} for k, v in self.cookies().items()]

    async def socket(self, path: str, **options: Any) -> Any:
        """Open a WebSocket as a page of this site would. Raises aiohttp.WSServerHandshakeError when refused."""
        headers = {"Origin": self.origin, **options.pop("headers", {})}
        return await self._http.ws_connect(self._base + path, headers=headers, **options)

    async def close(self) -> None:
        await self._http.close()


@dataclass(slots=True)
class TenantKit:
    """A tenant of a test."""

    ref: TenantRef
    host: str
    port: int
    _sites: list[Site] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    @contextmanager
    def scope(self, *, locale: str = "en", zone: str = "UTC") -> Iterator[None]:
        """Call services directly, as this tenant."""
        with tenant_scope(self.ref), speaking(locale, zone):
            yield

    def visitor(self) -> Site:
        """Somebody who is not signed in."""
        site = Site(self.host, self.port)
        self._sites.append(site)
        return site

    async def account(self, *roles: str, email: str = "", name: str = "", zone: str = "Europe/Berlin") -> UUID:
        """A new active account with these roles besides `member`."""
        number = next(_numbers)
        with self.scope():
            async with unit_of_work():
                row = await accounts.create_account(
                    email or f"person{number}@example.test",
                    name or f"Person {number}",
                    password=PASSWORD,
                    zone=zone,
                    state="active",
                    roles=("member", *roles),
                    by_rule=True,
                )
        return row.id

    async def sign_in(self, *roles: str, account_id: UUID | None = None, **person: str) -> Site:
        """A browser signed in as a new account with these roles, or as the given account."""
        account_id = account_id or await self.account(*roles, **person)
        site = self.visitor()
        site.account_id = account_id
        with self.scope():
            row = await accounts.account(account_id)
            token = await sessions.start_session(row, make_mocked_request("POST", "/sign-in"))
            site.set_cookie(sessions.cookie_name(), token)
        return site

    @contextmanager
    def acting(self, actor: Any) -> Iterator[None]:
        with self.scope(), acting_as(actor):
            yield

    async def close(self) -> None:
        for site in self._sites:
            await site.close()
