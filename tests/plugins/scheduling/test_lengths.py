"""Several lengths of one interview: chosen on the page, kept to the end, the price follows; grids and seasons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel import Money, now
from plugins.scheduling import pricing
from plugins.scheduling.lengths import lasting, lengths
from plugins.scheduling.models import InterviewType
from plugins.scheduling.services import moving

from .conftest import World, day_after, instant, interviewer, stamp


async def _with(world: World, **changes: Any) -> None:
    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
        await kind.update_from_dict(changes).save()


async def test_a_chosen_length_is_kept_from_the_page_to_the_moved_session(world: World) -> None:
    await _with(world, durations=[30, 120])
    site = await world.tenant.sign_in("candidate")
    page = (await site.get(f"{world.book}?length=120")).text
    assert 'aria-current="true">120 min' in page
    assert 'name="length" value="120"' in page
    base = f"/api/v1/scheduling/slots?interviewer={world.slug}&type={world.kind.slug}"
    long = (await site.get(f"{base}&minutes=120")).json()
    assert long["duration_minutes"] == 120
    usual = (await site.get(base)).json()["slots"]
    assert set(long["slots"]) < set(usual)  # the last hour of a day is too short for it
    assert (await site.get(f"{base}&minutes=77")).status == 422
    start = long["slots"][6]
    held = await site.post(world.book, {"start": start, "tz": "Europe/Berlin", "length": "120"})
    assert held.status == 303, held.text
    assert "120 minutes" in (await site.get(held.location)).text
    assert "length=120" in (await site.get(held.location)).text  # the way back keeps it
    done = await site.post(held.location, {"goal": ""})
    assert done.status == 303
    row = (await world.rows())[-1]
    assert row.ends_at - row.starts_at == timedelta(hours=2)
    with world.tenant.scope():
        to = next(instant(s) for s in long["slots"] if instant(s) > row.starts_at + timedelta(days=3))
        moved = await moving.reschedule(row.id, row.candidate_id, to)
    assert moved.ends_at - moved.starts_at == timedelta(hours=2)


async def test_another_length_at_the_same_time_replaces_the_hold(world: World) -> None:
    await _with(world, durations=[30])
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts())[4]
    first = await site.post(world.book, {"start": start, "tz": "UTC"})
    second = await site.post(world.book, {"start": start, "tz": "UTC", "length": "30"})
    assert (first.status, second.status) == (303, 303)
    assert first.location != second.location
    assert [row.status for row in await world.rows()] == ["expired", "held"]


async def test_a_length_that_is_not_offered_is_refused(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = (await world.starts())[4]
    for length in ("45", "0", "-60", "abc", "6.5"):
        refused = await site.post(world.book, {"start": start, "tz": "UTC", "length": length})
        assert refused.status == 422, length
    sent = {"interviewer": world.slug, "type": world.kind.slug, "start": start, "minutes": 45}
    headers = {"Idempotency-Key": "length-45", "X-CSRF-Token": await site.token()}
    assert (await site.request("POST", "/api/v1/scheduling/bookings", json=sent, headers=headers)).status == 422
    assert await world.rows() == []


async def test_any_suitable_interviewer_for_another_length(world: World) -> None:
    await _with(world, durations=[90])
    await interviewer(world.tenant, slug="noor")
    site = await world.tenant.sign_in("candidate")
    page = await site.get(f"/book-any/{world.kind.slug}?length=90")
    assert 'aria-current="true">90 min' in page.text
    held = await site.post(
        f"/book-any/{world.kind.slug}", {"start": stamp(day_after(4, 9)), "tz": "UTC", "length": "90"}
    )
    assert held.status == 303, held.text
    row = (await world.rows())[-1]
    assert row.ends_at - row.starts_at == timedelta(minutes=90)


async def test_the_price_follows_the_length(world: World) -> None:
    fixed = InterviewType(
        duration_minutes=60, durations=[45, 90], price_rule="fixed", price_minor=6_001, currency="EUR"
    )
    assert lengths(fixed) == [45, 60, 90]
    assert lasting(fixed, 90).price_minor == 9_002  # 9,001.5, half a minor unit up
    assert lasting(fixed, 45).price_minor == 4_501
    assert lasting(fixed, 60) is fixed
    with world.tenant.scope():
        priced = pricing.price_of(lasting(fixed, 90), None)
    assert priced in (Money(9_002, "EUR"), Money(0, "EUR"))


async def test_the_form_of_a_type_takes_lengths_grid_and_season(world: World) -> None:
    admin = await world.tenant.sign_in("admin")
    path = f"/admin/interview-types/{world.kind.id}"
    base = {"title": "System design", "kind": "human", "duration_minutes": "60", "step_minutes": "60", "version": "1",
            "price_rule": "rate", "policy": "moderate", "mode": "instant", "active": "on"}  # fmt: skip
    for name, value in (
        ("durations", "30, soon"), ("durations", "5"), ("durations", "15,20,25,30,35,40"), ("offset_minutes", "60"),
        ("window_from", "2031-02-30"),
    ):  # fmt: skip
        refused = await admin.post(path, {**base, name: value})
        assert refused.status == 422, (name, value)
        assert f'href="#f-{name}"' in refused.text
    season = {"window_from": "2031-05-01", "window_to": "2031-04-01"}
    assert (await admin.post(path, {**base, **season})).status == 422
    first, last = ((now() + timedelta(days=n)).date() for n in (6, 8))
    good = {"durations": "90; 30,30", "offset_minutes": "15", "window_from": str(first), "window_to": str(last)}
    saved = await admin.post(path, {**base, **good})
    assert saved.status == 303, saved.text
    with world.tenant.scope():
        kind = await InterviewType.get(id=world.kind.id)
    assert (kind.durations, kind.offset_minutes, kind.window_from, kind.window_to) == ([30, 90], 15, first, last)
    page = (await admin.get(path)).text
    assert 'value="30, 90"' in page
    starts = [instant(s) for s in await world.starts()]
    assert {s.minute for s in starts} == {15}
    assert {s.date() for s in starts} == {first + timedelta(days=n) for n in range(3)}
