"""Processes that are killed or told to stop, as operators and power cuts do it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from kernel.engines import embedded
from kernel.operations.bundles import PASSWORD
from kernel.testing.people import Site

from ..processes import Program, here, own_database, running, serve

PLUGIN, PAGE = "helpdesk", "/help"


async def signed_in(port: int) -> Site:
    """The demo's administrator, through the form."""
    site = Site("acme.localhost", port)
    await site.get("/sign-in")
    answer = await site.post("/sign-in", {"email": "admin@demo.test", "password": PASSWORD})
    assert answer.status == 303, answer.text[:500]
    return site


async def switch(site: Site, on: bool) -> None:
    answer = await site.post(f"/admin/plugins/{PLUGIN}", {"on": str(int(on)), "reason": "tried in a test"})
    assert answer.status == 303, answer.text[:500]


def postmaster(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def alive(pid: int) -> bool:
    """Running, that is more than an entry that nobody has cleared away yet."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_killed_demo_comes_back_with_its_data(folder: Path) -> None:
    port, data = unused_port(), folder / "demo"
    began = time.monotonic()

    def demo() -> Program:
        return Program("demo", "--port", str(port), "--data", str(data), report=folder / f"{time.monotonic()}.log")

    program = demo()
    try:
        await program.says("Greenroom is ready", 120)
        first = time.monotonic() - began
        site = await signed_in(port)
        assert (await site.get(PAGE)).status == 200
        await switch(site, False)

        # Greenroom alone: its database goes on, and the next one takes it over.
        server = postmaster(data)
        program.kill()
        assert alive(server)
        program = demo()
        await program.says("Greenroom is ready")
        assert postmaster(data) == server
        assert (await site.get("/home")).status == 200  # still signed in: the secret is kept, too
        assert (await site.get(PAGE)).status == 404
        await switch(site, True)

        # Both at once, like a power cut: PostgreSQL repeats its log.
        program.kill()
        os.kill(server, signal.SIGKILL)
        began = time.monotonic()
        program = demo()
        await program.says("Greenroom is ready")
        assert time.monotonic() - began < max(first, 20)
        assert postmaster(data) != server
        assert (await site.get(PAGE)).status == 200
        again = await signed_in(port)
        assert (await again.get("/admin/people")).status == 200
        await again.close()

        # And politely: nothing is left running.
        server = postmaster(data)
        program.signal(signal.SIGTERM)
        assert await program.ended(15) == 0
        assert not alive(server)
        assert not (data / "postgres" / "postmaster.pid").exists()
        await site.close()
    finally:
        if program.process.poll() is None:
            program.kill()
        found = embedded.attach(data)
        if found is not None:
            os.kill(postmaster(data), signal.SIGINT)


@dataclass
class Load:
    """Visitors who go from page to page; what each request that was begun before the signal came to."""

    site: Site
    paths: list[str]
    told: float = float("inf")
    answers: list[int] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    after: list[int] = field(default_factory=list)

    async def visit(self) -> None:
        """One person with a connection of their own for each page, so that none is idle when the server goes."""
        turn = 0
        while True:
            turn += 1
            began = time.monotonic()
            path = self.paths[turn % len(self.paths)]
            try:
                answer = await self.site.get(path, headers={"Connection": "close"})
            except aiohttp.ClientError as exc:
                if began < self.told - 0.02:  # sent for certain before the signal
                    self.broken.append(f"{path}: {exc!r}")
                if self.told < float("inf"):
                    return
                continue
            (self.answers if began < self.told else self.after).append(answer.status)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_told_to_stop_under_load_it_finishes_what_it_has(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> None:
    port = unused_port()
    async with own_database(cluster, "stop") as dsn:
        async with here(dsn, port, tmp_path / "data") as make:
            kit = await make("acme")
            site = await kit.sign_in("owner")
        with serve(dsn, port, tmp_path) as program:
            await program.says("serves on")
            load = Load(site, ["/home", "/sign-in", "/admin/roles", "/health/ready"])
            token = await site.token()
            visitors = [asyncio.create_task(load.visit()) for _ in range(4)]
            await asyncio.sleep(1.5)
            # One request whose body is only half there when the signal comes.
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            body = b"value=dark&_csrf=" + token.encode()
            head = (
                f"POST /preferences/theme HTTP/1.1\r\nHost: {site.host}:{port}\r\nOrigin: {site.origin}\r\n"
                f"Cookie: {'; '.join(f'{k}={v}' for k, v in site.cookies().items())}\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body[:10])
            await writer.drain()
            await asyncio.sleep(0.3)
            load.told = time.monotonic()
            program.signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            writer.write(body[10:])
            answer = (await asyncio.wait_for(reader.readline(), 10)).decode()
            writer.close()
            assert await program.ended(load.told + 11 - time.monotonic()) == 0
            took = time.monotonic() - load.told
            for visitor in visitors:
                visitor.cancel()
            await asyncio.gather(*visitors, return_exceptions=True)
            assert answer.startswith("HTTP/1.1 303"), answer or program.words[-3000:]
            assert took <= 10.5, f"it took {took:.1f} s"
            assert load.broken == []
            assert len(load.answers) > 20
            assert set(load.answers) <= {200, 303}
            # Who comes in its last moments hears that it is going, at worst.
            assert not [s for s in load.after if s >= 500 and s != 503]
            assert " 500 " not in program.words, program.words[-3000:]
        await kit.close()


@pytest.mark.slow
async def test_a_taken_data_folder_is_not_entered_twice(folder: Path) -> None:
    """The second process says so in one sentence, and the first is not disturbed."""
    server = embedded.start(folder / "data", durable=False)
    try:
        arguments = ("demo", "--port", str(unused_port()), "--data", str(folder / "data"))
        with running(*arguments, report=folder / "second.log") as second:
            assert await second.ended(60) == 1
            assert "in use by another running Greenroom" in second.words
            assert "Traceback" not in second.words
        assert alive(postmaster(folder / "data"))
    finally:
        server.stop()
