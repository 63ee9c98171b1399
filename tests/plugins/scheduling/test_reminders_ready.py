"""Getting ready, running late, and whoever is not there when it begins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp

from kernel.base.clock import frozen_at
from plugins.live import services as rooms
from plugins.live.models import LiveSession, Presence
from plugins.scheduling.models import Preparation
from plugins.scheduling.queries import BOOKINGS
from tests.plugins.mailbox import mails

from .conftest import World, day_after, stamp
from .test_reminders import told


async def _text(world: World, to: str) -> str:
    (found,) = [m.text for m in await mails(world.tenant) if m.to == to and m.type_id == "scheduling.reminder"]
    return found


async def test_the_day_before_names_only_what_is_missing(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate", email="ada@example.test")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    page = (await site.get(f"/bookings/{booking_id}")).text
    assert "Get ready" in page
    assert "Upload your résumé" in page
    await site.post(f"/bookings/{booking_id}/ready", {"item": "device", "on": "1"})
    await site.post(f"/bookings/{booking_id}/ready", {"item": "device", "on": "1"})  # a second click
    with frozen_at(start - timedelta(days=1)):
        await run_jobs(world.tenant)
    hers = await _text(world, "ada@example.test")
    assert "Still to do" in hers
    assert "Upload your résumé" in hers
    assert "Read the brief" in hers
    assert "camera" not in hers
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    assert "résumé" not in (await host.get(f"/bookings/{booking_id}")).text.split("Get ready")[1][:2000]
    assert (await host.post(f"/bookings/{booking_id}/ready", {"item": "resume", "on": "1"})).status == 404
    stranger = await world.tenant.sign_in("candidate")
    assert (await stranger.post(f"/bookings/{booking_id}/ready", {"item": "brief"})).status == 404


async def test_who_is_ready_is_only_reminded(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate", email="ada@example.test")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    form = aiohttp.FormData()
    form.add_field("resume", b"%PDF-1.7 my life", filename="cv.pdf", content_type="application/pdf")
    assert (await site.post(f"/bookings/{booking_id}/resume", form)).status == 303
    for item in ("device", "brief"):
        await site.post(f"/bookings/{booking_id}/ready", {"item": item, "on": "1"})
    assert "You are ready" in (await site.get(f"/bookings/{booking_id}")).text
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    got = await host.get(f"/bookings/{booking_id}/resume")
    assert (got.status, got.body) == (200, b"%PDF-1.7 my life")
    assert "attachment" in got.headers["Content-Disposition"]
    stranger = await world.tenant.sign_in("candidate")
    assert (await stranger.get(f"/bookings/{booking_id}/resume")).status == 404
    with frozen_at(start - timedelta(days=1)):
        await run_jobs(world.tenant)
    assert "Still to do" not in await _text(world, "ada@example.test")


async def test_a_file_of_another_kind_is_refused(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    form = aiohttp.FormData()
    form.add_field("resume", b"MZ\x00\x01", filename="cv.pdf", content_type="application/pdf")
    answer = await site.post(f"/bookings/{booking_id}/resume", form, follow=True)
    assert "Use a PDF" in answer.text
    with world.tenant.scope():
        assert not await Preparation.all().exists()


async def test_running_late_tells_the_other_side_and_shifts_the_clock(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak", email="ada@example.test")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    path = f"/bookings/{booking_id}/late"
    assert (await site.post(path, {"minutes": "10"})).status == 303  # far too early: refused with a flash
    with world.tenant.scope():
        assert not await Preparation.all().exists()
    with frozen_at(start - timedelta(minutes=5)):
        assert "Running late?" in (await site.get(f"/bookings/{booking_id}")).text
        for _click in range(2):
            await site.post(path, {"minutes": "10"})
        assert (await site.post(path, {"minutes": "45"})).status == 422
        await run_jobs(world.tenant)
        (mail,) = [m for m in await mails(world.tenant) if m.type_id == "scheduling.running_late"]
        assert mail.subject == "Ada Novak runs late for System design"
        assert mail.to != "ada@example.test"
        host = await world.tenant.sign_in(account_id=world.interviewer_id)
        assert "will be 10 minutes late" in (await host.get(f"/bookings/{booking_id}")).text
    with world.tenant.scope():
        session = await LiveSession.get(booking_id=booking_id)
        assert session.late_until == start + timedelta(minutes=10)
        presence = await Presence.create(
            session=session, account_id=world.interviewer_id, role="interviewer", connection=UUID(int=2),
            joined_at=start - timedelta(minutes=1),
        )  # fmt: skip
        info = await BOOKINGS.get(booking_id)
        assert info is not None
        last = 10 + (info.wait_minutes or 10)  # as long as the booking's policy says, from the later moment on
        for minutes, state in ((11, "lobby"), (last - 1, "lobby"), (last, "no_show_candidate")):
            at = start + timedelta(minutes=minutes)
            await Presence.filter(id=presence.id).update(seen_at=at)
            with frozen_at(at):
                assert (await rooms.settle(session.id)).state == state


async def test_whoever_is_not_there_two_minutes_after_the_start_is_told(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate", email="ada@example.test")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    at = start + timedelta(minutes=2)
    with world.tenant.scope():
        session = await LiveSession.create(
            booking_id=booking_id, kind="human", state="lobby", candidate_id=site.account_id,
            interviewer_id=world.interviewer_id, starts_at=start, ends_at=start + timedelta(hours=1),
        )  # fmt: skip
        await Presence.create(
            session=session, account_id=world.interviewer_id, role="interviewer", connection=UUID(int=3),
            joined_at=start, seen_at=at,
        )  # fmt: skip
    with frozen_at(at):
        await run_jobs(world.tenant)
    assert await told(world, "scheduling.not_joined") == [
        ("ada@example.test", "It has begun: System design with Maya Lind")
    ]


async def test_who_said_to_be_late_is_not_nagged(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate", email="ada@example.test")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    with frozen_at(start - timedelta(minutes=5)):
        await site.post(f"/bookings/{booking_id}/late", {"minutes": "5"})
    with frozen_at(start + timedelta(minutes=2)):
        await run_jobs(world.tenant)
    assert "ada@example.test" not in [to for to, _s in await told(world, "scheduling.not_joined")]
