"""Finding an interviewer, and what the demo tenants begin with."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from kernel import now
from kernel.engines import client
from plugins.scheduling import demo
from plugins.scheduling.models import Booking, InterviewType
from plugins.scheduling.queries import BOOKINGS
from plugins.users import demo as people

from .conftest import World, interviewer


def _found(page: str) -> list[str]:
    return re.findall(r'class="sch-name"><a href="/interviewers/([a-z-]+)"', page)


async def test_search_and_filters(world: World) -> None:
    await interviewer(world.tenant, slug="noor", weekly={"1": [["10:00", "12:00"]]})
    visitor = world.tenant.visitor()
    assert set(_found((await visitor.get("/interviewers")).text)) == {"maya", "noor"}
    assert _found((await visitor.get("/interviewers?q=noor")).text) == ["noor"]
    assert set(_found((await visitor.get("/interviewers?skill=system+design")).text)) == {"maya", "noor"}
    assert _found((await visitor.get("/interviewers?skill=Cooking")).text) == []
    nothing = await visitor.get("/interviewers?q=zzz")
    assert "Nobody matches this search" in nothing.text
    assert set(_found((await visitor.get("/interviewers?type=system-design")).text)) == {"maya", "noor"}
    assert _found((await visitor.get("/interviewers?type=coding")).text) == []
    assert _found((await visitor.get("/interviewers?sort=name")).text) == ["maya", "noor"]
    assert (await visitor.get("/interviewers?page=99&price=abc&sort=x&language=%00")).status in (200, 400)
    profile = await visitor.get("/interviewers/maya")
    assert profile.status == 200
    assert f'href="{world.book}"' in profile.text


async def test_the_palette_finds_people_and_own_sessions(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site)
    found = (await site.get("/search?q=maya")).text
    assert "/interviewers/maya" in found
    assert f"/bookings/{booking_id}" in found
    stranger = await world.tenant.sign_in("candidate")
    assert f"/bookings/{booking_id}" not in (await stranger.get("/search?q=system")).text


async def test_an_empty_house_says_what_will_be_here(tenant: Any) -> None:
    page = await tenant.visitor().get("/interviewers")
    assert page.status == 200
    assert "No interviewers yet" in page.text


async def test_the_times_of_a_dozen_cost_one_query_for_what_is_taken(tenant: Any, monkeypatch: Any) -> None:
    for number in range(12):
        await interviewer(tenant, slug=f"person-{chr(97 + number)}")
    asked: list[str] = []
    real = client.Client.fetch_rows

    async def counted(self: Any, query: str, values: Any) -> Any:
        asked.append(query)
        return await real(self, query, values)

    monkeypatch.setattr(client.Client, "fetch_rows", counted)
    page = await tenant.visitor().get("/interviewers")
    assert len(_found(page.text)) == 12
    assert sum("guard_from" in q for q in asked) == 1
    assert sum("scheduling_schedule" in q for q in asked) == 1


async def test_the_demo_has_something_to_show(make_tenant: Any) -> None:
    from kernel import accounts, unit_of_work

    for slug in ("acme", "fern"):
        tenant = await make_tenant(locale="de" if slug == "fern" else "en")
        names = {"acme": ("Ada Novak", "Tomás Ferreira"), "fern": ("Lena Hartmann", "Jonas Keller")}[slug]
        with tenant.scope():
            async with unit_of_work():
                for email, name, role in zip(("candidate@demo.test", "interviewer@demo.test"), names,
                                             ("candidate", "interviewer"), strict=True):  # fmt: skip
                    await accounts.create_account(email, name, state="active", roles=("member", role), by_rule=True)
            await people.seed(slug)
            await demo.seed(slug)
            me = await accounts.find_account("candidate@demo.test")
            host = await accounts.find_account("interviewer@demo.test")
            assert me is not None
            assert host is not None
            soon = [b for b in await BOOKINGS.upcoming(me.id) if b.starts_at - now() <= timedelta(minutes=10)]
            assert [(b.interviewer_id, b.status) for b in soon] == [(host.id, "accepted")]
            past = await Booking.filter(status="completed").count()
            assert 40 <= past + await Booking.filter(status="cancelled").count() <= 75
            assert await Booking.filter(status="accepted").count() >= 8
            assert (await InterviewType.filter(kind="ai").count()) >= 2
        visitor = tenant.visitor()
        assert len(_found((await visitor.get("/interviewers")).text)) == 12


async def test_a_new_tenant_has_types_in_its_own_language(make_tenant: Any) -> None:
    tenant = await make_tenant(locale="de")
    with tenant.scope():
        titles = set(await InterviewType.all().values_list("title", flat=True))
    assert "Programmieren" in titles
    assert "Coding" not in titles
