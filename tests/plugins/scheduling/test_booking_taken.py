"""Whoever is second: two people, fifty, a row written past the service; and what is told to them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from kernel import new_id, violated
from kernel.testing.people import TenantKit
from plugins.scheduling.availability import minute
from plugins.scheduling.models import Booking
from plugins.scheduling.services import core

from .conftest import World, day_after, instant, interviewer, stamp

Worlds = Callable[..., Awaitable[World]]


async def test_two_people_take_the_same_time_and_one_wins(world: World) -> None:
    first, second = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    start = (await world.starts())[4]
    assert (await world.hold(first, start)).status == 303
    lost = await world.hold(second, start)
    assert lost.status == 409
    assert "This time was just taken." in lost.text
    offered = re.findall(r'name="start" value="([^"]+)"[^>]*>[^<]*<svg|value="([^"]+)" type="submit"', lost.text)
    nearest = re.findall(r'<button[^>]*name="start"[^>]*>|<button[^>]*value="\d{4}-[^"]+"[^>]*>', lost.text)
    assert len(nearest) == 3, offered
    times = [re.search(r'value="([^"]+)"', tag)[1] for tag in nearest]  # type: ignore[index]
    free = await world.starts()
    assert start not in times
    assert set(times) <= set(free)
    closest = sorted(free, key=lambda s: abs(instant(s) - instant(start)))[:3]
    assert sorted(times) == sorted(closest)
    # One of them is a click away.
    assert (await world.hold(second, times[0])).status == 303


async def test_fifty_parallel_attempts_give_one_booking(world: World) -> None:
    sites = [await world.tenant.sign_in("candidate") for _n in range(50)]
    start = (await world.starts())[3]
    await asyncio.gather(*(site.token() for site in sites))
    answers = await asyncio.gather(*(world.hold(site, start) for site in sites))
    statuses = [answer.status for answer in answers]
    assert statuses.count(303) == 1
    assert statuses.count(409) == 49
    assert len(await world.rows()) == 1


async def test_the_database_itself_refuses_an_overlap(world: World, other_tenant: TenantKit) -> None:
    """The wall behind the service: rows written past it collide, for either calendar, and not across tenants."""

    def row(interviewer_no: int | None, candidate_no: int, at: Any, **changes: Any) -> Booking:
        low = minute(at)
        values = {
            "id": new_id(), "type_id": world.kind.id, "interviewer_id": world.interviewer_id, "candidate_id": new_id(),
            "starts_at": at, "ends_at": at + timedelta(hours=1), "status": "accepted", "kind": "human", "title": "x",
            "candidate_zone": "UTC", "currency": "EUR", "ical_uid": "u", "calendar_no": interviewer_no,
            "candidate_no": candidate_no, "from_minute": low, "to_minute": low + 60, "guard_from": low,
            "guard_to": low + 60,
        }  # fmt: skip
        return Booking(**{**values, **changes})

    at = day_after(3, 9)
    with world.tenant.scope():
        mine, yours, third = [await core.calendar_number(new_id()) for _n in range(3)]
        await row(mine, yours, at).save(force_create=True)
        with pytest.raises(IntegrityError) as refused:
            await row(mine, third, at + timedelta(minutes=30)).save(force_create=True)
        assert violated(refused.value) == "scheduling_booking_interviewer_free"
        with pytest.raises(IntegrityError) as refused:
            await row(None, yours, at + timedelta(minutes=59)).save(force_create=True)
        assert violated(refused.value) == "scheduling_booking_candidate_free"
        await row(mine, third, at + timedelta(hours=1)).save(force_create=True)  # back to back is fine
        await row(mine, third, at, status="cancelled").save(force_create=True)  # what is over blocks nothing
    with other_tenant.scope():
        assert await core.calendar_number(new_id()) not in {mine, yours, third}


async def test_a_candidate_cannot_be_in_two_sessions_at_once(world: World) -> None:
    other = await interviewer(world.tenant, slug="noor")
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts())[2]
    await world.booked(site, start)
    answer = await other.hold(site, start)
    assert answer.status == 422
    assert "You have another session at this time" in answer.text
    assert start not in await other.starts(site)  # and it was not listed for them


async def test_buffers_keep_their_distance(make_world: Worlds) -> None:
    world = await make_world(buffer_before=15, buffer_after=15)
    one, other = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("candidate")
    noon = day_after(4, 11)
    await world.booked(one, stamp(noon))
    free = await world.starts(other)
    assert stamp(noon + timedelta(hours=1)) not in free
    assert stamp(noon + timedelta(minutes=90)) in free
    assert (await world.hold(other, stamp(noon + timedelta(hours=1)))).status == 409
