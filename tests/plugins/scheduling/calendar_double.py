"""Strict doubles of calendars elsewhere: they check every request as the real ones would."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from aiohttp.test_utils import TestServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Double:
    """A server on the loopback interface. `asked` is what was asked of it, `wrong` what a real one would refuse."""

    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    server: TestServer | None = None

    async def start(self, *routes: tuple[str, str, Handler]) -> str:
        app = web.Application()
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)
        self.server = TestServer(app, host="127.0.0.1")
        await self.server.start_server()
        return str(self.server.make_url("")).rstrip("/")

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.close()
        assert not self.wrong, self.wrong

    def must(self, fine: bool, what: str) -> None:
        if not fine:
            self.wrong.append(what)


class Tokens(Double):
    """The token endpoint of a provider: codes with PKCE, refresh tokens, client secret; everything exactly once."""

    def __init__(self) -> None:
        super().__init__()
        self.challenge = ""
        self.codes = {"code-1"}
        self.revoked = False
        self.issued = 0

    async def token(self, request: web.Request) -> web.StreamResponse:
        sent = {k: v[0] for k, v in parse_qs((await request.text()), strict_parsing=True).items()}
        self.asked.append(f"token:{sent['grant_type']}")
        self.must(request.content_type == "application/x-www-form-urlencoded", "token requests are forms")
        self.must((sent["client_id"], sent["client_secret"]) == ("id-1", "secret-1"), "client authentication")
        if sent["grant_type"] == "authorization_code":
            made = hashlib.sha256(sent["code_verifier"].encode()).digest()
            fits = base64.urlsafe_b64encode(made).rstrip(b"=").decode() == self.challenge
            self.must(fits, "the verifier does not fit the challenge")
            self.must(sent["redirect_uri"].endswith("/calendars/signed-in"), "redirect address")
            if sent["code"] not in self.codes:
                return web.json_response({"error": "invalid_grant"}, status=400)
            self.codes.discard(sent["code"])
        elif self.revoked or sent.get("refresh_token") != "refresh-1":
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.issued += 1
        found: dict[str, Any] = {"access_token": f"access-{self.issued}", "expires_in": 3599, "token_type": "Bearer"}
        if sent["grant_type"] == "authorization_code":
            found["refresh_token"] = "refresh-1"
        return web.json_response(found)

    def signed_in(self, request: web.Request) -> None:
        self.must(request.headers.get("Authorization") == f"Bearer access-{self.issued}", "a stale or missing token")


def event(uid: str, start: str, end: str, *more: str) -> str:
    return "\r\n".join(
        [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            "DTSTAMP:20260101T000000Z",
            f"DTSTART{start}",
            f"DTEND{end}",
            *more,
            "END:VEVENT",
        ]
    )


def calendar(*events: str, name: str = "Home") -> str:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Double//EN", f"X-WR-CALNAME:{name}"]
    return "\r\n".join([*head, *events, "END:VCALENDAR", ""])
