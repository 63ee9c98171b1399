"""Reminders of an interview type: on their page, as JSON, and the site's own rules when they change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel import set_setting, unit_of_work
from kernel.base.clock import frozen_at
from kernel.testing.people import TenantKit
from plugins.scheduling.models import InterviewType

from .conftest import World, day_after, stamp
from .test_reminders import planned, told


async def _rules(world: World) -> list[str] | None:
    with world.tenant.scope():
        return (await InterviewType.get(id=world.kind.id)).reminders


async def test_the_page_keeps_when_who_and_how_and_booked_sessions_follow(world: World, run_jobs: Any) -> None:
    site, admin = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("owner")
    start = day_after(5, 10)
    await world.booked(site, stamp(start))
    assert [minutes for minutes, _at in await planned(world)] == [1440, 60]
    path = f"/admin/interview-types/{world.kind.id}/reminders"
    assert path in (await admin.get(path.removesuffix("/reminders"))).text
    page = await admin.get(path)
    assert "1 upcoming session of this type follows" in page.text
    assert 'name="own" value="0" checked' in page.text
    form = [
        ("own", "1"), ("version", page.fields()["version"]),
        ("when", "240"), ("when", "+60"), ("when", ""), ("when", "15"),
        ("role", ""), ("role", "candidate"), ("role", ""), ("role", "interviewer"),
        ("channel", ""), ("channel", "email"), ("channel", ""), ("channel", "inapp"),
    ]  # fmt: skip
    saved = await admin.post(path, form)
    assert (saved.status, saved.location) == (303, path)
    assert await _rules(world) == ["240", "+60 candidate email", "15 interviewer inapp"]
    assert (await admin.post(path, form)).status == 303  # a second click
    stale = await admin.post(path, [*form, ("when", "30")])
    assert stale.status == 409
    assert "Somebody else changed this type" in stale.text
    await run_jobs(world.tenant)
    assert [minutes for minutes, _at in await planned(world)] == [240, 15]
    again = await admin.get(path)
    assert '<option value="240" selected>' in again.text
    with frozen_at(start - timedelta(minutes=239)):
        await run_jobs(world.tenant)
        assert len(await told(world)) == 2
    with frozen_at(start - timedelta(minutes=14)):
        await run_jobs(world.tenant)
        assert len(await told(world)) == 2  # the last one is on the site only
    back = await admin.post(path, {"own": "0", "version": again.fields()["version"]})
    assert back.status == 303
    assert await _rules(world) is None


async def test_too_many_odd_ones_and_strangers_are_refused(world: World, other_tenant: TenantKit) -> None:
    admin = await world.tenant.sign_in("owner")
    path = f"/admin/interview-types/{world.kind.id}/reminders"
    odd = await admin.post(path, {"own": "1", "version": "0", "when": "90000"})
    assert odd.status == 422
    assert "At most two weeks" in odd.text
    many = await admin.post(path, [("own", "1"), ("version", "0"), *[("when", str(n)) for n in range(1, 10)]])
    assert "at most eight" in many.text
    assert await _rules(world) is None
    assert (await (await other_tenant.sign_in("owner")).get(path)).status == 404
    assert (await (await world.tenant.sign_in("candidate")).get(path)).status == 403


async def test_the_same_as_json(world: World) -> None:
    admin = await world.tenant.sign_in("owner")
    path = f"/api/v1/scheduling/admin/interview-types/{world.kind.id}/reminders"
    seen = (await admin.get(path)).json()
    assert (seen["reminders"], seen["site"]) == (None, ["1440", "60", "+1440 candidate"])
    sent = {"reminders": ["30  candidate", "30 candidate"], "version": seen["version"]}
    done = await admin.post(path, json=sent, method="PUT")
    assert done.json()["reminders"] == ["30 candidate"]
    stale = await admin.post(path, json={"reminders": [], "version": seen["version"]}, method="PUT")
    assert stale.status == 409
    odd = await admin.post(path, json={**sent, "reminders": ["tomorrow"]}, method="PUT")
    assert (odd.status, odd.json()["errors"][0]["field"]) == (422, "reminders")
    none = await admin.post(path, json={"reminders": [], "version": done.json()["version"]}, method="PUT")
    assert none.json()["reminders"] == []
    site = await world.tenant.sign_in("candidate")
    await world.booked(site)
    assert await planned(world) == []  # nobody is reminded


async def test_rules_of_the_site_reach_sessions_that_are_booked(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    await world.booked(site, stamp(day_after(5, 10)))
    with world.tenant.scope():
        async with unit_of_work():
            await set_setting("scheduling.reminder_offsets", ["30"])
    await run_jobs(world.tenant)
    assert [minutes for minutes, _at in await planned(world)] == [30]
