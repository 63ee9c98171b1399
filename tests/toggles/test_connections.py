"""Long connections of a plugin end with it, and only for the tenant that switched it off."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from kernel.app import Greenroom
from kernel.testing.contract.walk import seed
from kernel.testing.people import Site, TenantKit

OFF = 4404
_PRACTICE = re.compile(r'<(?:input|button)[^>]*name="type"[^>]*value="([0-9a-f-]{36})"')


def needs(greenroom: Greenroom, *plugins: str) -> None:
    missing = [pid for pid in plugins if pid not in greenroom.runtime.registry.ready]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


async def switch(owner: Site, key: str, on: bool) -> None:
    answer = await owner.post(f"/admin/plugins/{key}", {"on": str(int(on)), "reason": "tried in a test", "follow": "1"})
    assert answer.status == 303, answer.text[:500]


async def room_socket(kit: TenantKit) -> aiohttp.ClientWebSocketResponse:
    """The socket of a practice that somebody has just begun."""
    await seed(kit)
    candidate = await kit.sign_in("candidate")
    page = await candidate.get("/practice")
    kind = _PRACTICE.search(page.text)
    assert kind is not None, page.text[:2000]
    begun = await candidate.post("/practice", {"type": kind[1], "_key": "practice-one"})
    assert begun.status == 303, begun.text[:500]
    room = "/rooms/" + begun.location.rstrip("/").rpartition("/")[2]
    ticket = await candidate.post(f"{room}/ticket")
    assert ticket.status == 200, ticket.text[:500]
    socket: aiohttp.ClientWebSocketResponse = await candidate.socket(f"{room}/ws?ticket={ticket.json()['ticket']}")
    welcome = json.loads((await socket.receive(5)).data)
    assert welcome["t"] == "welcome"
    return socket


async def close_code(socket: aiohttp.ClientWebSocketResponse, seconds: float = 5.0) -> int | None:
    async with asyncio.timeout(seconds):
        while True:
            frame = await socket.receive()
            if frame.type is not aiohttp.WSMsgType.TEXT:
                return socket.close_code


@asynccontextmanager
async def events(site: Site, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
    """An event stream, as the browser's EventSource opens it."""
    async with site._http.get(site._base + path, headers={"Accept": "text/event-stream"}) as response:
        assert response.status == 200
        assert (await response.content.readline()).startswith(b":")
        yield response


async def rest_of(response: aiohttp.ClientResponse, seconds: float = 5.0) -> bytes:
    async with asyncio.timeout(seconds):
        return await response.content.read()


async def test_the_rooms_socket_closes_with_4404(
    tenant: TenantKit, other_tenant: TenantKit, greenroom: Greenroom
) -> None:
    needs(greenroom, "live", "scheduling")
    ours, theirs = await room_socket(tenant), await room_socket(other_tenant)
    await switch(await tenant.sign_in("owner"), "live", False)
    assert await close_code(ours) == OFF
    await theirs.ping()
    with pytest.raises(TimeoutError):
        await close_code(theirs, 0.3)
    # What a room requires takes the room along.
    await switch(await other_tenant.sign_in("owner"), "scheduling", False)
    assert await close_code(theirs) == OFF


async def test_an_event_stream_ends(tenant: TenantKit, other_tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, "notifications")
    route = next(r for r in greenroom.runtime.registry.routes["notifications"] if r.name == "notifications.stream")
    owner, member, stranger = await tenant.sign_in("owner"), await tenant.sign_in(), await other_tenant.sign_in()
    async with events(member, route.path + "?seen=0") as ours, events(stranger, route.path + "?seen=0") as theirs:
        await switch(owner, "notifications", False)
        await rest_of(ours)
        with pytest.raises(TimeoutError):
            await rest_of(theirs, 0.3)
        again = await member.get(route.path)
        assert again.status == 404
    await switch(owner, "notifications", True)
    async with events(member, route.path + "?seen=0"):
        pass


async def test_switching_a_neighbour_disturbs_no_connection(tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, "notifications", "theming")
    owner, member = await tenant.sign_in("owner"), await tenant.sign_in()
    route = next(r for r in greenroom.runtime.registry.routes["notifications"] if r.name == "notifications.stream")
    async with events(member, route.path + "?seen=0") as stream:
        await switch(owner, "theming", False)
        with pytest.raises(TimeoutError):
            await rest_of(stream, 0.3)
    await switch(owner, "theming", True)
