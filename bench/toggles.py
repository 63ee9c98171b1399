"""Switching while people read: p99 and failures with a plugin switched ten times a second (`python bench/toggles.py`).

G18: p99 while toggling ÷ p99 without <= 1.5 (moonshot 1.1), no failed request. Also: how long a switch takes to reach
a second process by the 1 s look at the epoch alone, and over Redis if a redis-server is installed (goals 2 s, 50 ms).
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._common import drive, p99

PLUGIN, PAGE, STEADY = "helpdesk", "/help", "/sign-in"
SECONDS = 4


async def paced(port: int, request: bytes, seconds: float, rate: int = 60) -> list[float]:
    """Requests at a steady rate, so that the figure is waiting time and not queueing."""
    taken: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        taken += await drive(port, request, 1, connections=1)
        await asyncio.sleep(max(0.0, 1 / rate - (time.monotonic() - began)))
    return taken


async def status(port: int, host: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {PAGE} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    found = (await reader.readline()).split()[1]
    writer.close()
    return found


async def main() -> None:
    from aiohttp.test_utils import unused_port

    from kernel.app import installed, started
    from kernel.base.context import tenant_scope
    from kernel.engines import embedded
    from kernel.plugging.migrate import apps_of
    from kernel.tenancy.tenants import create_tenant
    from kernel.tenancy.toggles import switch
    from kernel.testing.databases import run_database
    from tests.processes import Redis, config_of, serve, weak

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gr-")))
        server = embedded.start(folder / "pg", durable=False)
        stack.callback(server.stop)
        config = config_of(unused_port(), folder)
        apps = apps_of({pid: found[0] for pid, found in installed(config).models.items() if found})
        owner, _app = await stack.enter_async_context(run_database(server, apps))
        dsns = (owner, weak(owner))
        binary = shutil.which("redis-server")
        redis = Redis(binary, folder) if binary else None
        if redis is not None:
            stack.callback(redis.kill)
        async with started(config, migrating=False, database=dsns):
            tenant = await create_tenant("acme", "Acme", hosts=["acme.localhost"])
            for name, url in (("1 s look alone", ""), ("Redis", redis.url if redis else None)):
                if url is None:
                    print("Redis                      not measured: redis-server is not installed")
                    continue
                await one(name, url, tenant, serve, owner, folder, switch, tenant_scope, config)


async def one(
    name: str, url: str, tenant: Any, serve: Any, owner: str, folder: Path, switch: Any, scope: Any, config: Any
) -> None:
    import dataclasses

    from aiohttp.test_utils import unused_port

    from kernel.base.runtime import runtime
    from kernel.engines.bus import open_bus

    port = unused_port()
    env = {"GREENROOM_REDIS_URL": url} if url else {}
    bus = runtime().bus
    if url:
        runtime().bus = await open_bus(dataclasses.replace(config, redis_url=url))
    try:
        with serve(owner, port, folder, **env) as program:
            await program.says("serves on")
            request = f"GET {STEADY} HTTP/1.1\r\nHost: acme.localhost\r\n\r\n".encode()
            await paced(port, request, 2)
            idle = await paced(port, request, SECONDS)
            busy = True

            async def toggling() -> None:
                on = False
                while busy:
                    with scope(tenant):
                        await switch(tenant, PLUGIN, on, reason="bench")
                    on = not on
                    await asyncio.sleep(0.1)

            task = asyncio.create_task(toggling())
            loaded = await paced(port, request, SECONDS)
            busy = False
            await task
            delays = []
            for on in (False, True) * 3:
                with scope(tenant):
                    await switch(tenant, PLUGIN, on, reason="bench")
                began = time.monotonic()
                while (await status(port, "acme.localhost") != b"404") is not on:
                    await asyncio.sleep(0.002)
                delays.append(time.monotonic() - began)
            print(
                f"{name:16} G18 p99 toggling ÷ idle {p99(loaded) / p99(idle):5.2f} ({p99(idle) * 1e3:.1f} -> "
                f"{p99(loaded) * 1e3:.1f} ms), 0 failed of {len(loaded)}; a switch is followed after "
                f"{statistics.median(delays) * 1e3:.0f} ms (worst {max(delays) * 1e3:.0f})"
            )
    finally:
        if url:
            await runtime().bus.close()
        runtime().bus = bus


if __name__ == "__main__":
    asyncio.run(main())
