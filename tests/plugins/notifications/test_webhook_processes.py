"""Deliveries while their worker is killed: as processes, with a real receiver."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from kernel import audit, sealing, unit_of_work
from kernel.engines import embedded
from plugins.notifications.models import Webhook
from plugins.notifications.webhooks.services import place
from plugins.notifications.webhooks.signing import new_secret

from ...processes import here, own_database, running, until, weak
from .hooks import EVENT, signed

_EVENTS = 12


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_killed_workers_deliveries_arrive_and_are_repeated_once_at_most(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> None:
    got: list[tuple[dict[str, str], bytes]] = []
    dead = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        got.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        if len(got) > 2:  # the third and those beside it have arrived, but nobody answers before the kill
            await dead.wait()
        return web.Response(status=204)

    app, secret = web.Application(), new_secret()
    app.router.add_post("/hook", take)
    server = TestServer(app)
    await server.start_server()
    async with own_database(cluster, "hooks") as dsn:
        async with here(dsn, unused_port(), tmp_path / "data") as make:
            kit = await make("acme")
            with kit.scope():
                async with unit_of_work():
                    hook = Webhook(url=str(server.make_url("/hook")), events=[EVENT], secret=b"")
                    hook.secret = sealing.seal(secret, place(hook.id))
                    await hook.save(force_create=True)
                    for number in range(_EVENTS):
                        await audit.record(f"test.n{number}", subject="thing", subject_id=str(number))
        conn = await asyncpg.connect(dsn)
        env = {
            "GREENROOM_MODE": "test", "GREENROOM_DATABASE_URL": dsn, "GREENROOM_APP_DATABASE_URL": weak(dsn),
            "GREENROOM_OUTBOUND_ALLOW": "127.0.0.0/8",
        }  # fmt: skip

        async def settled() -> bool:
            states = await conn.fetch("SELECT state FROM notifications_webhook_delivery")
            return len(states) == _EVENTS and {row["state"] for row in states} == {"delivered"}

        async def under_way() -> bool:
            return len(got) > 2

        try:
            with running("worker", "--data", str(tmp_path / "1"), report=tmp_path / "1.log", **env) as first:
                await until(under_way, 60)
                first.kill()
            dead.set()
            assert not await settled()
            with running("worker", "--data", str(tmp_path / "2"), report=tmp_path / "2.log", **env):
                await until(settled, 120, 0.2)
            times = Counter(headers["webhook-id"] for headers, _body in got)
            events = await conn.fetch("SELECT id FROM kernel_event WHERE name = $1", EVENT)
            assert set(times) == {str(row["id"]) for row in events}
            assert max(times.values()) == 2  # what was under way; nobody can know whether it arrived
            assert all(signed(secret, headers, body) for headers, body in got)
            bodies = {json.loads(body)["id"]: body for _headers, body in got}
            assert all(bodies[headers["webhook-id"]] == body for headers, body in got)  # the same bytes again
        finally:
            dead.set()
            await conn.close()
            await kit.close()
            await server.close()
