"""The search: every filter, counts, cursors, what is said when nobody is free; and the same as JSON."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from kernel import now, zones
from kernel.testing.people import Answer, Site
from plugins.scheduling import finding
from plugins.scheduling.models import Booking, InterviewType, Offer, Schedule
from plugins.users.models import InterviewerProfile

from .conftest import World, day_after, instant, interviewer


def _found(page: str) -> list[str]:
    return re.findall(r'class="sch-name"><a href="/interviewers/([a-z-]+)"', page)


async def _send(site: Site, method: str, path: str, json: object) -> Answer:
    return await site.request(method, path, json=json, headers={"X-CSRF-Token": await site.token()})


async def _noor(world: World, **changes: Any) -> World:
    noor = await interviewer(world.tenant, slug="noor", zone="Asia/Tokyo", weekly={"3": [["10:00", "12:00"]]})
    with world.tenant.scope():
        values = {"company": "Initech", "languages": ["de"], "skills": ["Go", "System design"]} | changes
        await InterviewerProfile.filter(slug="noor").update(**values)
    return noor


async def test_every_filter_narrows_and_is_counted(world: World) -> None:
    noor = await _noor(world)
    with world.tenant.scope():
        product = await InterviewType.get(slug="product-sense")
        await InterviewType.filter(id=product.id).update(level="senior")
        await Offer.create(account_id=noor.interviewer_id, type_id=product.id)
    visitor = world.tenant.visitor()
    for query, slugs in {
        "company=initech": ["noor"],
        "language=de": ["noor"],
        "role=product": ["noor"],
        "role=software": ["maya", "noor"],
        "level=senior": ["maya", "noor"],
        "level=senior&type=product-sense": ["noor"],
        "role=product&type=system-design": [],
        "skill=go": ["noor"],
        "rating=4": [],
        "role=nonsense&level=zzz&day=x&part=y": ["maya", "noor"],
    }.items():
        page = await visitor.get(f"/interviewers?{query}&sort=name")
        assert (page.status, _found(page.text)) == (200, slugs), query
    page = (await visitor.get("/interviewers?skill=Go")).text
    assert "System design (2)" in page  # the counts of a filter ignore that filter
    assert "Initech (1)" in page
    found = (await visitor.get("/api/v1/scheduling/search?skill=Go")).json()
    assert [one["slug"] for one in found["interviewers"]] == ["noor"]
    assert found["facets"]["skill"]["System design"] == 2
    assert "Knows Go" in found["interviewers"][0]["reasons"]
    told = [" ".join(one["reasons"]) for one in found["interviewers"]]
    assert "in common" not in told[0]  # of a stranger the time zone is not known


async def test_day_and_part_are_read_on_the_viewers_clock(world: World) -> None:
    await _noor(world)
    with world.tenant.scope():
        await Schedule.filter(account_id=world.interviewer_id).update(weekly={"2": [["18:00", "21:00"]]})
    visitor = world.tenant.visitor()
    page = (await visitor.get("/interviewers?part=evening&tz=Europe/Berlin")).text
    assert _found(page) == ["maya"]
    found = (await visitor.get("/api/v1/scheduling/search?part=night&tz=Europe/Berlin")).json()
    assert [one["slug"] for one in found["interviewers"]] == ["noor"]  # ten in Tokyo
    start = instant(found["interviewers"][0]["next_free"])
    assert zones.wall(start, "Asia/Tokyo").hour in (10, 11)


async def test_when_nobody_is_free_it_says_when_somebody_is(world: World) -> None:
    today = zones.wall(now(), "Europe/Berlin").date()
    monday = today - timedelta(days=today.weekday()) + timedelta(days=7)
    with world.tenant.scope():
        row = await Schedule.get(account_id=world.interviewer_id)
        await Schedule.filter(id=row.id).update(weekly={})
        from plugins.scheduling.models import DateOverride

        await DateOverride.create(schedule_id=row.id, date=monday + timedelta(days=3), ranges=[["09:00", "12:00"]])
    page = await world.tenant.visitor().get("/interviewers?day=week&tz=Europe/Berlin")
    assert _found(page.text) == []
    assert "Nobody is free then. Next week 1 interviewer is." in page.text
    assert "day=next" in page.text
    assert _found((await world.tenant.visitor().get("/interviewers?day=next&tz=Europe/Berlin")).text) == ["maya"]


async def test_pages_go_on_by_cursor_and_survive_somebody_leaving(tenant: Any) -> None:
    for number in range(14):
        await interviewer(tenant, slug=f"person-{chr(97 + number)}")
    visitor = tenant.visitor()
    first = await visitor.get("/interviewers?sort=name")
    names = _found(first.text)
    assert len(names) == 12
    rest = await visitor.get(f"/interviewers?sort=name&after={names[-1]}")
    assert _found(rest.text) == ["person-m", "person-n"]
    back = await visitor.get("/interviewers?sort=name&before=person-m")
    assert _found(back.text) == names
    assert len(_found((await visitor.get("/interviewers?sort=name&after=gone")).text)) == 12


async def test_any_suitable_interviewer_is_held_for_the_candidate(world: World) -> None:
    noor = await interviewer(world.tenant, slug="noor")
    site = await world.tenant.sign_in("candidate")
    page = await site.get(f"/book-any/{world.kind.slug}")
    assert page.status == 200
    assert "2 interviewers offer this" in page.text
    start = (await site.get(f"/api/v1/scheduling/free?type={world.kind.slug}")).json()["slots"][4]
    seen = set()
    for _n in range(2):
        other = await world.tenant.sign_in("candidate")
        held = await other.post(f"/book-any/{world.kind.slug}", {"start": start, "tz": "Europe/Berlin"})
        assert held.status == 303, held.text
    with world.tenant.scope():
        seen = set(await Booking.all().values_list("interviewer_id", flat=True))
    assert seen == {world.interviewer_id, noor.interviewer_id}
    gone = await site.post(f"/book-any/{world.kind.slug}", {"start": start, "tz": "Europe/Berlin"})
    assert gone.status == 409
    assert (await site.get("/book-any/nothing")).status == 404
    first = (await site.get(f"/api/v1/scheduling/free/first?type={world.kind.slug}")).json()["times"]
    assert [one["interviewers"] for one in first][:3] == [2, 2, 2]
    assert len(first) == 5


async def test_hours_as_json(world: World) -> None:
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    base = "/api/v1/scheduling/availability"
    have = (await host.get(base)).json()
    version = have["schedules"][0]["version"]
    day = str((now() + timedelta(days=6)).date())
    sent = {"zone": "Europe/Berlin", "weekly": {"2": [["09:00", "12:00"]]}, "types": [world.kind.slug],
            "version": version, "caps": {"per_month": 9}}  # fmt: skip
    saved = await _send(host, "PUT", base, json=sent)
    assert saved.status == 200, saved.text
    assert saved.json()["schedules"][0]["weekly"] == {"2": [["09:00", "12:00"]]}
    assert (await _send(host, "PUT", base, json=sent)).status == 200  # a second click
    assert (await _send(host, "PUT", base, json={**sent, "zone": "Europe/Paris"})).status == 409
    assert (await _send(host, "PUT", base, json={**sent, "zone": "Mars/Base"})).status == 422
    days = await _send(host, "POST", f"{base}/days", json={"days": [{"date": day, "ranges": [["07:00", "09:00"]]}]})
    assert days.status == 200, days.text
    assert [one["date"] for one in days.json()["days"]] == [day]
    off = {"starts_at": day_after(9, 0).isoformat(), "ends_at": day_after(10, 0).isoformat()}
    assert (await _send(host, "POST", f"{base}/time-off", json=off)).status == 201
    trip = {"first": day, "last": day, "zone": "Asia/Tokyo"}
    assert (await _send(host, "POST", f"{base}/travel", json=trip)).status == 201
    assert (await _send(host, "PUT", f"{base}/holidays", json={"countries": ["DE"]})).json()["holidays"] == ["DE"]
    candidate = await world.tenant.sign_in("candidate")
    assert (await candidate.get(base)).status == 403


async def test_candidates_say_when_they_could_and_get_three_proposals(world: World) -> None:
    noor = await interviewer(world.tenant, slug="noor", weekly={str(d): [["09:00", "11:00"]] for d in range(1, 8)})
    site = await world.tenant.sign_in("candidate")
    days = [(now() + timedelta(days=n)).date() for n in (4, 5)]
    sent = {"zone": "Europe/Berlin", "days": [{"date": str(d), "ranges": [["09:00", "10:30"]]} for d in days]}
    path = f"/api/v1/scheduling/windows/proposals/{world.kind.slug}"
    assert (await site.get(path)).json() == {"proposals": []}
    assert (await _send(site, "PUT", "/api/v1/scheduling/windows", json=sent)).status == 200
    found = (await site.get(path)).json()["proposals"]
    walls = [zones.wall(instant(p["start"]), "Europe/Berlin") for p in found]
    assert len(found) == 3
    assert {w.date() for w in walls} == set(days)
    assert all(9 <= w.hour < 10 for w in walls)
    assert {p["interviewer_id"] for p in found} <= {str(world.interviewer_id), str(noor.interviewer_id)}
    odd = {**sent, "zone": "Mars/Base"}
    assert (await _send(site, "PUT", "/api/v1/scheduling/windows", json=odd)).status == 422
    assert (await site.get("/api/v1/scheduling/windows/proposals/none")).status == 404


def test_hours_in_common_go_round_the_clock() -> None:
    assert finding.overlap("Europe/Berlin", "Europe/Paris", now()) == 14
    assert finding.overlap("Asia/Tokyo", "America/New_York", now()) <= 4
    assert finding.overlap("Mars/Base", "Europe/Paris", now()) == 0
