"""A second click, a retry, a lost answer: whatever is sent twice happens once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kernel.testing.people import Answer, Site
from plugins.scheduling.models import Booking, BookingChange, Feed, Proposal, Schedule, TimeOff, Travel, Waiting
from plugins.scheduling.routes import ROUTES
from plugins.scheduling.services import links

from .conftest import World, day_after, instant, stamp

API = "/api/v1/scheduling"
TEMPLATES = Path(__file__).parents[3] / "plugins/scheduling/templates/scheduling"
#: Sent twice these would do something twice, or tell of an error the second time: their forms carry a key.
KEYED = (
    "confirm", "cancel_post", "propose_post", "now_post", "claim_post", "type_create", "type_delete", "schedule_add",
    "schedule_delete", "override_remove", "time_off_add", "time_off_remove", "travel_add", "travel_remove",
    "calendar_connect", "calendar_disconnect", "feed_make", "admin_bulk_cancel", "admin_cancel_post",
    "admin_reassign_post", "admin_move_post", "admin_extend_post", "admin_mark_post",
)  # fmt: skip
_ACTION = re.compile(r'url\("scheduling\.(\w+)"')


def _calls(text: str) -> Iterator[str]:
    """Calls of the macros that draw forms, with everything between their brackets."""
    for found in re.finditer(r"ui\.(?:form|postbutton|dialog)\(", text):
        depth = 1
        for end in range(found.end(), len(text)):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            if depth == 0:
                yield text[found.start() : end]
                break


def test_forms_of_what_must_happen_once_carry_a_key() -> None:
    """Every form, button and dialog that leads to such a route, in any template."""
    without = set(KEYED)
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text()
        for tag in _calls(text):
            for name in _ACTION.findall(tag):
                if name in KEYED:
                    assert "key=" in tag, f"{path.name}: {tag[:120]}"
                    without.discard(name)
    # Their forms get the address as `action`.
    assert without <= {"cancel_post", "admin_cancel_post", "claim_post"}, without
    for name in ("_cancel_form.html", "claim.html"):
        assert "key=true" in (TEMPLATES / name).read_text()


def test_every_form_honours_a_key() -> None:
    assert [r.name for r in ROUTES if r.method == "POST" and "/api/" not in r.path and not r.idempotent] == []


async def _twice(site: Site, path: str, form: dict[str, Any]) -> list[Answer]:
    """Two clicks at once, then a third one."""
    await site.token()
    both = await asyncio.gather(*(site.post(path, form) for _n in range(2)))
    return [*both, await site.post(path, form)]


async def test_hours_of_an_interviewer(world: World) -> None:
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    day = str(day_after(9, 0).date())
    for path, form in (
        ("/availability/schedules", {"name": "Evenings", "_key": "schedule-evenings"}),
        ("/availability/time-off", {"first": day, "last": day, "_key": "away-one-day"}),
        ("/availability/travel", {"first": day, "last": day, "zone": "Asia/Tokyo", "_key": "travel-tokyo"}),
        ("/calendars/feed", {"_key": "feed-number-one"}),
    ):
        answers = await _twice(host, path, form)
        assert {a.status for a in answers} == {303}, (path, [a.text[:200] for a in answers])
        assert len({a.location for a in answers}) == 1
    with world.tenant.scope():
        assert await Schedule.filter(name="Evenings").count() == 1
        assert (await TimeOff.all().count(), await Travel.all().count(), await Feed.all().count()) == (1, 1, 1)
        away = await TimeOff.first()
    assert away is not None
    gone = await _twice(host, f"/availability/time-off/{away.id}/remove", {"_key": "away-no-more"})
    assert {a.status for a in gone} == {303}


async def test_waiting_and_leaving(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    answers = await _twice(site, "/waiting-list", {"type": world.kind.slug, "interviewer": world.slug})
    assert {a.status for a in answers} == {303}
    with world.tenant.scope():
        (row,) = await Waiting.all()
    assert {a.status for a in await _twice(site, f"/waiting-list/{row.id}/leave", {})} == {303}


async def test_any_suitable_interviewer_is_held_once(world: World) -> None:
    from .conftest import interviewer

    await interviewer(world.tenant, slug="noor")
    site = await world.tenant.sign_in("candidate")
    form = {"start": (await world.starts())[5], "tz": "Europe/Berlin"}
    answers = await _twice(site, f"/book-any/{world.kind.slug}", form)
    assert {a.status for a in answers} == {303}, [a.text[:300] for a in answers]
    assert len({a.location for a in answers}) == 1
    assert [row.status for row in await world.rows()] == ["held"]


async def test_moving_and_cancelling(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    new = stamp(day_after(6, 12))
    moved = await _twice(site, f"/bookings/{booking_id}/reschedule", {"start": new, "_key": "move-to-friday"})
    assert {a.status for a in moved} == {303}
    assert ((await world.row(booking_id)).moves, stamp((await world.row(booking_id)).starts_at)) == (1, new)
    again = await site.post(f"{API}/bookings/{booking_id}/reschedule", json={"start": new})
    assert (again.status, (await world.row(booking_id)).moves) == (200, 1)
    path, key = f"{API}/bookings/{booking_id}/cancel", {"Idempotency-Key": "cancel-for-good"}
    first, second = [await site.post(path, json={"code": "ill"}, headers=key) for _n in range(2)]
    assert (first.status, second.status, first.json()) == (200, 200, second.json())
    other = await site.post(path, json={"code": "time"}, headers=key)
    assert other.status == 409
    assert {a.status for a in await _twice(site, f"/bookings/{booking_id}/cancel", {"code": "ill"})} <= {303, 409}
    with world.tenant.scope():
        assert await BookingChange.filter(booking_id=booking_id, after="cancelled").count() == 1


async def test_a_mailed_link(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    with world.tenant.scope():
        assert site.account_id is not None
        link = await links.link_for(await Booking.get(id=booking_id), site.account_id)
    visitor = world.tenant.visitor()
    await visitor.get(link)
    form = {"act": "cancel", "code": "ill", "_key": "cancel-by-link"}
    answers = await _twice(visitor, link, form)
    assert {a.status for a in answers} == {200}
    assert (await world.row(booking_id)).status == "cancelled"


@pytest.mark.parametrize("act", ["accept", "decline", "withdraw"])
async def test_answers_to_a_proposal(world: World, act: str) -> None:
    site = await world.tenant.sign_in("candidate")
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    start = stamp(day_after(7, 15))
    path = f"{API}/bookings/{booking_id}/proposals"
    key = {"Idempotency-Key": f"propose-{act}"}
    made = [await host.post(path, json={"starts": [start]}, headers=key) for _n in range(2)]
    assert {a.status for a in made} == {201}, made[0].text
    proposal = UUID(made[0].json()["id"])
    with world.tenant.scope():
        assert await Proposal.all().count() == 1
    for _n in range(2):
        if act == "withdraw":
            done = await host.post(f"{path}/{proposal}", method="DELETE")
        else:
            sent = {"act": act, "start": start if act == "accept" else ""}
            done = await site.post(f"{path}/{proposal}", json=sent)
        assert done.status == 200, done.text
    row = await world.row(booking_id)
    assert row.starts_at == (instant(start) if act == "accept" else day_after(5, 10))
    assert (row.status, row.ical_sequence) == ("accepted", 1 if act == "accept" else 0)
    page = await host.post(f"/bookings/{booking_id}/proposal/withdraw")
    assert page.status == 303  # nothing is open any more: no error
