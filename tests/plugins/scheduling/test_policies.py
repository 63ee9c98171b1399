"""Policies: what is shown is what is done, over any time, price and terms; versions, simulator, strikes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel import set_setting, sql
from kernel.base.clock import frozen_at
from plugins.scheduling import policies
from plugins.scheduling.models import Booking, Strike
from plugins.scheduling.policies import Case, Terms, ready, seal, terms_of, weigh
from plugins.scheduling.services import cancelling, changes, policy, strikes
from plugins.scheduling.states import Status

from .conftest import World, day_after, stamp

START = datetime(2030, 3, 31, 1, 0, tzinfo=UTC)

hours = st.integers(0, 400)
terms = st.builds(
    Terms,
    tiers=st.dictionaries(hours, st.integers(0, 100), max_size=4).map(
        lambda found: tuple(sorted(found.items(), reverse=True))
    ),
    cancel_hours=hours, move_hours=hours, moves=st.integers(0, 5), strike_hours=hours, furthest_days=st.integers(1, 90),
    interviewer_strike_hours=hours, absent_percent=st.integers(0, 100), both_absent_percent=st.integers(0, 100),
)  # fmt: skip
cases = st.builds(
    Case,
    act=st.sampled_from(["cancel", "move", "no_show"]), by=st.sampled_from(["candidate", "interviewer", "admin"]),
    price_minor=st.integers(0, 10_000_000), starts_at=st.just(START), moves=st.integers(0, 6),
    at=st.integers(-3000, 30_000).map(lambda minutes: START - timedelta(minutes=minutes)),
)  # fmt: skip


@given(terms, cases)
@settings(max_examples=400, deadline=None)
def test_no_minor_unit_is_lost_and_a_snapshot_says_the_same(rules: Terms, case: Case) -> None:
    result = weigh(rules.data(), case)
    assert result.refund_minor + result.kept_minor == case.price_minor
    assert 0 <= result.refund_minor <= case.price_minor
    assert weigh(json.loads(json.dumps(rules.data())), case) == result
    assert terms_of(rules.data()) == rules
    assert bool(policies.why(result, rules.data())) == bool(result.refused)
    if case.act == "cancel" and case.by != "candidate":
        assert result.percent == 100


@given(terms, cases)
@settings(max_examples=300, deadline=None)
def test_a_result_holds_until_the_moment_it_names(rules: Terms, case: Case) -> None:
    """`until` is no empty promise: any moment before it gives the same money and strikes."""
    case = replace(case, act="cancel")
    result = weigh(rules.data(), case)
    if result.until is not None:
        for share in (0.3, 0.9, 1.0):
            later = weigh(rules.data(), replace(case, at=case.at + (result.until - case.at) * share))
            assert (later.refund_minor, later.marks) == (result.refund_minor, result.marks)


def test_another_result_has_another_seal() -> None:
    case = Case("cancel", "candidate", 9500, START, START - timedelta(hours=30))
    one = weigh(ready("moderate"), case)
    two = weigh(ready("moderate"), replace(case, at=START - timedelta(hours=3)))
    assert seal(one, "b") == seal(weigh(ready("moderate"), case), "b")
    assert len({seal(one, "b"), seal(two, "b"), seal(one, "c")}) == 3


@pytest.mark.parametrize("key", ["flexible", "moderate", "strict"])
async def test_what_the_page_shows_is_what_is_done(world: World, key: str) -> None:
    """Preview == execution, through HTTP, over notices around every edge of the policy."""
    site = await world.tenant.sign_in("candidate")
    start, shown = day_after(6, 10), 0
    for minutes in (6000, 72 * 60, 72 * 60 - 1, 24 * 60, 24 * 60 - 1, 120, 119, 60, 1):
        booking_id = await world.booked(site, stamp(start))
        with world.tenant.scope():
            await Booking.filter(id=booking_id).update(price_minor=9501, policy=ready(key))
            await Strike.all().delete()
        with frozen_at(start - timedelta(minutes=minutes)):
            path = f"/api/v1/scheduling/bookings/{booking_id}/cancel"
            seen = (await site.get(path)).json()
            done = await site.post(path, json={"code": "ill", "seen": seen["seen"]})
        assert (done.status, done.json().get("status")) == (200, "cancelled"), done.text
        with world.tenant.scope():
            (told,) = await sql(
                "SELECT details::text AS d FROM scheduling_booking_change WHERE tenant_id = $1 AND booking_id = $2"
                " AND after = 'cancelled'", world.tenant.ref.id, booking_id,
            )  # fmt: skip
            given_points = sum(s.points for s in await Strike.all())
        details = json.loads(told.d)
        assert (details["refund_percent"], details["refund_minor"]) == (seen["refund_percent"], seen["refund_minor"])
        assert seen["refund_minor"] + seen["kept_minor"] == 9501
        assert given_points == seen["strikes"]["candidate"]
        shown += 1
    assert shown == 9


async def test_a_changed_result_is_told_instead_of_done(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(9, 10)
    booking_id = await world.booked(site, stamp(start))
    with world.tenant.scope():
        await Booking.filter(id=booking_id).update(price_minor=9500)
    path = f"/api/v1/scheduling/bookings/{booking_id}/cancel"
    seen = (await site.get(path)).json()
    with frozen_at(start - timedelta(hours=3)):
        stale = await site.post(path, json={"code": "ill", "seen": seen["seen"]})
        assert (stale.status, stale.json()["code"]) == (409, "outcome_changed")
        assert stale.json()["refund_minor"] == 4750
        assert (await world.row(booking_id)).status == "accepted"
        again = await site.post(path, json={"code": "ill", "seen": stale.json()["seen"]})
        assert again.json()["status"] == "cancelled"
    assert (await world.row(booking_id)).refund_percent == 50


async def test_a_new_version_leaves_old_bookings_alone(world: World) -> None:
    site, admin = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("admin")
    old = await world.booked(site, stamp(day_after(9, 10)))
    page = await admin.get("/admin/policies/moderate")
    assert "Full refund if you cancel at least 24 hours before the start." in page.text
    form: dict[str, Any] = {
        "title": "Moderate", "base": "1", "tier_hours": "48", "tier_percent": "80", "cancel_hours": "0",
        "move_hours": "4", "moves": "3", "furthest_days": "60", "strike_hours": "0", "interviewer_strike_hours": "24",
        "interviewer_move_hours": "2", "late_minutes": "15", "absent_percent": "0", "both_absent_percent": "100",
        "candidate_no_show_strikes": "1", "interviewer_no_show_strikes": "2",
    }  # fmt: skip
    assert (await admin.post("/admin/policies/moderate", form)).status == 303
    assert (await admin.post("/admin/policies/moderate", form)).status == 303  # a second click makes no third version
    stale = await admin.post("/admin/policies/moderate", form | {"moves": "2"})  # somebody else's, from version 1
    assert stale.status == 409
    new = await world.booked(site, stamp(day_after(10, 10)))
    kept, fresh = (await world.row(old)).policy, (await world.row(new)).policy
    assert (kept["version"], kept["tiers"]) == (1, [[24, 100], [2, 50]])
    assert (fresh["version"], fresh["tiers"]) == (2, [[48, 80]])
    with world.tenant.scope():
        assert [v.number for v in await policy.versions("moderate")] == [2, 1]
    wrong = await admin.post("/admin/policies/moderate", form | {"base": "2", "tier_percent": "x"})
    assert (wrong.status, "Enter whole hours" in wrong.text) == (422, True)
    assert (await site.get("/admin/policies")).status == 403


async def test_the_simulator_uses_the_rules_that_act(world: World) -> None:
    admin = await world.tenant.sign_in("admin")
    page = await admin.get("/admin/policies/moderate?price=95&start=2030-05-02T10:00&at=2030-05-02T06:00")
    assert "€47.50 back (50 %), €47.50 kept" in page.text
    made = {"act": "cancel", "by": "candidate", "price_minor": 9500, "starts_at": "2030-05-02T10:00Z",
            "at": "2030-05-02T06:00Z"}  # fmt: skip
    answer = await admin.post("/api/v1/scheduling/policies/moderate/simulate", json=made)
    assert (answer.json()["refund_minor"], answer.json()["kept_minor"]) == (4750, 4750)
    assert (await admin.get("/admin/policies/unknown")).status == 404


async def test_strikes_are_given_shown_block_run_out_and_are_taken_back(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    assert site.account_id is not None
    with world.tenant.scope():
        await set_setting("scheduling.strike_limit", 1)
    booking_id = await world.booked(site, stamp(day_after(3, 10)))
    with world.tenant.scope():
        await changes.start(booking_id)
        await changes.finish(booking_id, "no_show_candidate")
        await changes.finish(booking_id, "no_show_candidate")  # told twice
        assert await strikes.standing(site.account_id) == 1
    assert "Did not come" in (await site.get("/standing")).text
    refused = await world.hold(site, stamp(day_after(5, 10)))
    assert (refused.status, "because of strikes" in refused.text) == (422, True)
    with frozen_at(day_after(91, 10)), world.tenant.scope():
        assert await strikes.standing(site.account_id) == 0
    admin = await world.tenant.sign_in("admin")
    with world.tenant.scope():
        row = await Strike.get()
    assert "Did not come" in (await admin.get("/admin/strikes")).text
    assert (await admin.post(f"/admin/strikes/{row.id}/waive", {"reason": ""})).status == 303
    with world.tenant.scope():
        assert await strikes.standing(site.account_id) == 1  # no reason, nothing done
    await admin.post(f"/admin/strikes/{row.id}/waive", {"reason": "Their line was down"})
    assert "Their line was down" in (await site.get("/standing")).text
    assert (await world.hold(site, stamp(day_after(5, 10)))).status == 303


async def test_not_coming_gives_back_what_the_policy_says(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    for outcome, percent in (("no_show_candidate", 10), ("no_show_interviewer", 100), ("no_show_both", 60)):
        booking_id = await world.booked(site, stamp(day_after(4, 10)))
        with world.tenant.scope():
            rules = replace(Terms(), absent_percent=10, both_absent_percent=60).data()
            await Booking.filter(id=booking_id).update(price_minor=10_000, policy=rules)
            await changes.start(booking_id)
            await changes.finish(booking_id, outcome)
        row = await world.row(booking_id)
        assert (row.status, row.refund_percent) == ("completed", percent)


async def test_an_administrators_override_needs_a_reason(world: World) -> None:
    site, admin = await world.tenant.sign_in("candidate"), await world.tenant.sign_in("admin")
    booking_id = await world.booked(site, stamp(day_after(3, 10)))
    with world.tenant.scope():
        await Booking.filter(id=booking_id).update(moves=99)
    base = f"/api/v1/scheduling/admin/bookings/{booking_id}"
    start = stamp(day_after(4, 10))
    assert (await site.post(f"{base}/reschedule", json={"start": start, "reason": "because"})).status == 403
    assert (await admin.post(f"{base}/reschedule", json={"start": start})).status == 422
    moved = await admin.post(f"{base}/reschedule", json={"start": start, "reason": "Past the rules, agreed by phone"})
    assert moved.status == 200, moved.text
    longer = await admin.post(f"{base}/extend", json={"minutes": 30, "reason": "They agreed on more"})
    assert longer.status == 200, longer.text
    row = await world.row(booking_id)
    assert row.moves == 99  # an administrator's move is not counted
    assert row.ends_at - row.starts_at == timedelta(minutes=90)
    assert (await admin.post(f"{base}/cancel", json={"reason": ""})).status == 422
    gone = await admin.post(f"{base}/cancel", json={"reason": "House closed", "percent": 40})
    assert gone.json()["status"] == "cancelled"
    assert (await world.row(booking_id)).refund_percent == 40
    assert cancelling.why_not_cancelled(await world.row(booking_id), "admin", day_after(0, 1))
    assert (await world.row(booking_id)).status == Status.CANCELLED


async def test_how_far_and_how_late_a_session_may_move(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(3, 9)
    booking_id = await world.booked(site, stamp(start))
    path = f"/api/v1/scheduling/bookings/{booking_id}/reschedule"

    async def under(rules: Terms) -> None:
        with world.tenant.scope():
            await Booking.filter(id=booking_id).update(policy=rules.data())

    await under(Terms(furthest_days=2))
    far = await site.post(path, json={"start": stamp(day_after(8, 9))})
    assert (far.status, "moved by at most 2 days" in far.text) == (422, True)
    page = await site.get(f"/bookings/{booking_id}/reschedule?day={day_after(8, 9).date()}")
    assert f'value="{stamp(day_after(8, 9))}"' not in page.text  # not even listed
    with frozen_at(start + timedelta(minutes=70)):
        later = {"start": stamp(day_after(4, 15))}
        assert (await site.post(path, json=later)).status == 409
        await under(Terms(past_moves=True))
        assert (await site.post(path, json=later)).status == 200
