"""Practice with the scripted interviewer: at once, beside nobody's calendar."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from kernel import new_id, now, set_setting
from kernel.base.clock import frozen_at
from kernel.testing.people import TenantKit
from plugins.scheduling.models import Booking, InterviewType

from .conftest import World, day_after, stamp


async def _kind(tenant: TenantKit) -> InterviewType:
    with tenant.scope():
        return await InterviewType.get(slug="ai-coding")


async def test_it_begins_at_once_and_takes_nobodys_time(world: World) -> None:
    free = await world.starts()
    site = await world.tenant.sign_in("candidate")
    kind = await _kind(world.tenant)
    answer = await site.post("/practice", {"type": str(kind.id)})
    assert answer.status == 303
    (row,) = await world.rows()
    assert answer.location == f"/bookings/{row.id}"
    assert (row.status, row.kind, row.interviewer_id, row.price_minor) == ("accepted", "ai", None, 0)
    assert now() - timedelta(minutes=2) < row.starts_at <= now()
    assert await world.starts() == free
    page = await site.get(answer.location)
    assert page.status == 200
    assert "scripted interviewer" in page.text


async def test_a_double_click_begins_one(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    kind = await _kind(world.tenant)
    await site.token()
    answers = await asyncio.gather(*(site.post("/practice", {"type": str(kind.id)}) for _n in range(4)))
    assert {answer.status for answer in answers} == {303}
    assert len(await world.rows()) == 1


async def test_not_during_another_session(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    kind = await _kind(world.tenant)
    start = day_after(2, 10)
    await world.booked(site, stamp(start))
    with frozen_at(start - timedelta(minutes=10)):
        answer = await site.post("/practice", {"type": str(kind.id)})
        assert answer.status == 422
        assert "You have another session at this time" in answer.text


async def test_a_daily_limit(world: World) -> None:
    with world.tenant.scope():
        await set_setting("scheduling.practice_per_day", 1)
    site = await world.tenant.sign_in("candidate")
    kind = await _kind(world.tenant)
    first = await site.post("/practice", {"type": str(kind.id)})
    with world.tenant.scope():
        await Booking.filter(id=first.location.rsplit("/", 1)[1]).update(status="completed")
    answer = await site.post("/practice", {"type": str(kind.id)})
    assert answer.status == 429
    assert "Choose another day" in answer.text


async def test_only_practice_types(world: World, other_tenant: TenantKit) -> None:
    site = await world.tenant.sign_in("candidate")
    foreign = await _kind(other_tenant)
    for wrong in (world.kind.id, foreign.id, new_id()):
        assert (await site.post("/practice", {"type": str(wrong)})).status == 404
    assert (await site.post("/practice", {"type": "x"})).status == 422
    assert await world.rows() == []
    assert (await world.tenant.visitor().get("/practice")).status == 303
