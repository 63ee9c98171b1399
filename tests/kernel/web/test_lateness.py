"""Answers that do not come, and what an answered request leaves behind: nothing."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from kernel.web import lateness
from kernel.web.visit import Visit

from .site import Site, get, served


def patience(site: Site, seconds: float) -> None:
    site.runtime.config = replace(site.runtime.config, page_seconds=seconds)


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"begun")
    await asyncio.sleep(1.2)  # longer than a page may take
    await response.write_eof(b" and ended")
    return response


async def test_a_page_that_never_answers_is_cut_and_a_stream_that_has_begun_is_not(tmp_path: Path) -> None:
    async with served(tmp_path, [get("/alpha/hang", hang), get("/alpha/stream", stream)]) as site:
        patience(site, 0.3)
        async with site.client() as client:
            late, streamed = await asyncio.gather(client.get("/alpha/hang"), client.get("/alpha/stream"))
            assert late.status == 503
            assert late.headers["Retry-After"] == "30"
            assert (streamed.status, streamed.text) == (200, "begun and ended")
            assert (await client.get("/sign-in")).status == 200
        assert not lateness._running


async def test_answered_requests_leave_nothing_to_the_garbage_collector(tmp_path: Path) -> None:
    """Cycles through a request cost its answer a fifth more, in collections."""

    def visits() -> int:
        return sum(isinstance(thing, Visit) for thing in gc.get_objects())

    async with served(tmp_path, [get("/alpha/hello")]) as site, site.client() as client:
        await client.get("/alpha/hello")
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                assert (await client.get("/alpha/hello")).status == 200
            await asyncio.sleep(0)
            assert visits() <= 1  # the last one may still be in a finished task's hands
        finally:
            gc.enable()
