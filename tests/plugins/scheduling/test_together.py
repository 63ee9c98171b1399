"""Candidates state when they could on a page and take one of three proposals; turns by priority and weight."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

from kernel import now, zones
from kernel.base.clock import frozen_at
from kernel.testing.people import Answer, Site
from plugins.scheduling.models import Offer, Window
from plugins.scheduling.services.assignment import choose_interviewer

from .conftest import World, day_after, instant, interviewer, stamp

PAGE = "/times-together"


def _form(world: World, days: dict[str, Any]) -> dict[str, Any]:
    return {"tz": "Europe/Berlin", "type": world.kind.slug, **days}


def _day(n: int) -> str:
    return (zones.wall(now(), "Europe/Berlin").date() + timedelta(days=n)).isoformat()


async def test_three_times_that_suit_both_and_one_click_holds_one(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    empty = await site.get(PAGE)
    assert empty.status == 200
    assert "Say when you could" in empty.text
    first, second = _day(4), _day(6)
    days = {f"part_{first}": ["morning", "afternoon"], f"from_{second}": ["18:00"], f"to_{second}": ["19:30"]}
    saved = await site.post(PAGE, _form(world, days))
    assert saved.status == 303, saved.text
    page = (await site.get(saved.location)).text
    assert "These times suit both of you" in page
    starts = re.findall(r'name="start" value="([^"]+)"', page)
    assert len(starts) == 3
    walls = [zones.wall(instant(s), "Europe/Berlin") for s in starts]
    assert {w.date().isoformat() for w in walls} == {first, second}
    assert all(8 <= w.hour < 17 or w.hour == 18 for w in walls)
    # What was said is drawn as it was said.
    assert len(re.findall(rf'name="part_{first}" value="(?:morning|afternoon)" checked', page)) == 2
    assert f'name="from_{second}" value="18:00"' in page
    held = await site.post(f"/book/{world.slug}/{world.kind.slug}", {"start": starts[0], "tz": "Europe/Berlin"})
    assert held.status == 303
    assert (await world.rows())[0].starts_at == instant(starts[0])
    listed = await site.get("/api/v1/scheduling/windows")
    assert [day["date"] for day in listed.json()["days"]] == [first, second]


async def test_what_makes_no_sense_is_told_and_nothing_is_lost(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    day, other = _day(3), _day(5)
    assert (await site.post(PAGE, _form(world, {f"part_{day}": ["evening"]}))).status == 303
    for sent in (
        {f"from_{other}": ["10:00"], f"to_{other}": [""]},
        {f"from_{other}": ["10:00"], f"to_{other}": ["10:00"]},
        {f"from_{other}": ["ten"], f"to_{other}": ["11:00"]},
    ):
        refused = await site.post(PAGE, _form(world, {f"part_{day}": ["morning"], **sent}))
        assert refused.status == 422, sent
        assert re.search(rf'name="part_{day}" value="morning" checked', refused.text)
    with world.tenant.scope():
        assert [(str(w.date), w.ranges) for w in await Window.all()] == [(day, [["17:00", "22:00"]])]
    # Nonsense names and days that were not asked for are left out; another zone that is none falls back.
    odd = {"part_2031-99-99": ["morning"], "part_x": ["morning"], f"part_{day}": ["noon", "evening"], "tz": "Mars/Base"}
    assert (await site.post(PAGE, {**_form(world, {}), **odd})).status == 303
    with world.tenant.scope():
        assert [str(w.date) for w in await Window.all()] == [day]
    # Nothing chosen: nothing said any more.
    assert (await site.post(PAGE, _form(world, {f"from_{day}": [""], f"to_{day}": [""]}))).status == 303
    with world.tenant.scope():
        assert await Window.all().count() == 0


async def test_parts_of_today_that_are_over_are_not_offered(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    today = zones.wall(now(), "Europe/Berlin").date()
    cases = {
        time(11, 59): ["morning", "afternoon", "evening"],
        time(12): ["afternoon", "evening"],
        time(21, 59): ["evening"],
        time(22): [],
    }
    for clock, parts in cases.items():
        with frozen_at(zones.instant(today, clock, "Europe/Berlin")):
            page = (await site.get(f"{PAGE}?tz=Europe/Berlin")).text
        assert re.findall(rf'name="part_{today}" value="(\w+)"', page) == parts, clock
        assert (f'name="from_{today}"' in page) is bool(parts)
        assert page.count("<fieldset") == 14
        assert len(re.findall(rf'name="part_{today + timedelta(days=1)}"', page)) == 3


async def test_days_beyond_the_form_stay_and_nobody_free_is_told(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    far = _day(40)
    sent = {"zone": "Europe/Berlin", "days": [{"date": far, "ranges": [["02:00", "03:30"]]}]}
    assert (await _send(site, "PUT", "/api/v1/scheduling/windows", sent)).status == 200
    day = _day(2)
    night = {f"from_{day}": ["22:00"], f"to_{day}": ["00:00"]}
    assert (await site.post(PAGE, _form(world, night))).status == 303
    with world.tenant.scope():
        found = {str(w.date): w.ranges for w in await Window.all()}
    assert found == {day: [["22:00", "24:00"]], far: [["02:00", "03:30"]]}
    page = (await site.get(f"{PAGE}?type={world.kind.slug}")).text
    assert "Nobody is free then" in page
    assert f'name="to_{day}" value="00:00"' in page
    assert (await world.tenant.visitor().get(PAGE)).status in (302, 303)


async def _send(site: Site, method: str, path: str, sent: Any) -> Answer:
    return await site.request(method, path, json=sent, headers={"X-CSRF-Token": await site.token()})


async def test_priority_and_weight_are_kept_and_decide_whose_turn_it_is(world: World) -> None:
    noor = await interviewer(world.tenant, slug="noor")
    admin = await world.tenant.sign_in("admin")
    path = f"/admin/interview-types/{world.kind.id}/turns"
    page = (await admin.get(path)).text
    assert "Maya Lind" in page
    assert "Noor Lind" in page
    saved = await admin.post(path, {f"priority_{noor.interviewer_id}": "4", f"weight_{noor.interviewer_id}": "250"})
    assert saved.status == 303, saved.text
    with world.tenant.scope():
        row = await Offer.get(account_id=noor.interviewer_id, type_id=world.kind.id)
        other = await Offer.get(account_id=world.interviewer_id, type_id=world.kind.id)
        start = instant(stamp(day_after(4, 9)))
        chosen = [await choose_interviewer(world.kind, start) for _n in range(2)]
    assert (row.priority, row.weight, other.priority, other.weight) == (4, 250, 2, 100)
    assert {card.account_id for card in chosen if card} == {noor.interviewer_id}
    for sent in ({"weight": "0"}, {"weight": "1001"}, {"weight": "x"}, {"priority": "9"}):
        (name, value), *_rest = sent.items()
        assert (await admin.post(path, {f"{name}_{noor.interviewer_id}": value})).status == 422, sent
    candidate = await world.tenant.sign_in("candidate")
    assert (await candidate.get(path)).status in (403, 404)


async def test_turns_as_json(world: World) -> None:
    admin = await world.tenant.sign_in("admin")
    path = f"/api/v1/scheduling/admin/interview-types/{world.kind.slug}/interviewers"
    mine = str(world.interviewer_id)
    put = await _send(admin, "PUT", path, {"interviewers": [{"interviewer_id": mine, "priority": 1, "weight": 7}]})
    assert put.status == 200, put.text
    (one,) = (await admin.get(path)).json()["interviewers"]
    assert (one["interviewer_id"], one["priority"], one["weight"], one["recent"]) == (mine, 1, 7, 0)
    stranger = {"interviewers": [{"interviewer_id": str(uuid4()), "priority": 1, "weight": 7}]}
    assert (await _send(admin, "PUT", path, stranger)).status == 404
    wrong = {"interviewers": [{"interviewer_id": mine, "priority": 5, "weight": 7}]}
    assert (await _send(admin, "PUT", path, wrong)).status == 422
    assert (await admin.get(path.replace(world.kind.slug, "nothing"))).status == 404
    candidate = await world.tenant.sign_in("candidate")
    assert (await candidate.get(path)).status in (403, 404)


async def test_any_suitable_interviewer_as_json(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    path = "/api/v1/scheduling/free/hold"

    async def hold(key: str, **changes: Any) -> Answer:
        sent = {"type": world.kind.slug, "start": stamp(day_after(4, 9)), **changes}
        headers = {"X-CSRF-Token": await site.token(), "Idempotency-Key": key}
        return await site.request("POST", path, json=sent, headers=headers)

    held = await hold("first-time")
    assert held.status == 201, held.text
    assert (held.json()["status"], held.json()["interviewer_id"]) == ("held", str(world.interviewer_id))
    assert (await hold("first-time")).json()["id"] == held.json()["id"]
    assert (await hold("no-such-type", type="nothing")).status == 404
    assert (await hold("no-such-zone", zone="Mars/Base")).status == 422
    assert (await hold("no-such-length", minutes=7)).status == 422
    assert (await hold("at-night", start=stamp(day_after(4, 2)))).status == 409
