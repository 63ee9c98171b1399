"""Somebody else's server for webhooks, and short ways to make and feed them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from kernel import audit, unit_of_work
from kernel.testing.people import Site, TenantKit

API = "/api/v1/webhooks"
EVENT = "kernel.audited.v1"
Run = Callable[..., Awaitable[int]]


@dataclass
class Receiver:
    """What it got, and what it answers from now on."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        return web.Response(status=self.status, headers=self.headers, text="" if self.status == 204 else "as you wish")

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _body in self.got]


def signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mine = "v1," + base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    return any(hmac.compare_digest(mine, one) for one in headers["webhook-signature"].split())


async def make(site: Site, url: str, *events: str) -> dict[str, Any]:
    answer = await site.post(API, json={"url": url, "events": list(events)})
    assert answer.status == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def happen(tenant: TenantKit, what: str = "x") -> None:
    """Publishes one EVENT."""
    with tenant.scope():
        async with unit_of_work():
            await audit.record(f"test.{what}", subject="thing", subject_id=what)


async def quiet(tenant: TenantKit, receiver: Receiver, run_jobs: Run) -> None:
    """Send what making a webhook has caused itself, and forget it."""
    await run_jobs(tenant)
    receiver.got.clear()
