"""One message for each planned moment, person and state of a booking, and never for one that moved on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import happened, published_events, set_setting, sql, unit_of_work
from kernel.base.clock import frozen_at
from kernel.testing.people import Site
from plugins.scheduling import notifications, reminders
from plugins.scheduling.models import InterviewType, Reminder
from plugins.scheduling.services import changes
from plugins.scheduling.services import reminders as service
from tests.plugins.mailbox import mails

from .conftest import World, day_after, stamp


async def planned(world: World, kind: str = "before") -> list[tuple[int, Any]]:
    """Moments that wait, each once for all its people."""
    with world.tenant.scope():
        rows = await Reminder.filter(kind=kind, done_at=None).order_by("due_at")
    return list(dict.fromkeys((row.minutes, row.due_at) for row in rows))


async def told(world: World, type_id: str = "scheduling.reminder") -> list[tuple[str, str]]:
    """(to, subject) of what was mailed, the oldest first."""
    return [(m.to, m.subject) for m in reversed(await mails(world.tenant)) if m.type_id == type_id]


async def results(world: World) -> list[str]:
    with world.tenant.scope():
        return sorted([row.result for row in await Reminder.exclude(done_at=None)])


async def test_each_offset_once(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    await world.booked(site, stamp(start))
    assert await planned(world) == [(1440, start - timedelta(days=1)), (60, start - timedelta(hours=1))]
    with frozen_at(start - timedelta(hours=24)):
        await run_jobs(world.tenant)
        await run_jobs(world.tenant)
    assert len(await told(world)) == 2
    with frozen_at(start - timedelta(minutes=60)):
        await run_jobs(world.tenant)
    assert len(await told(world)) == 4
    # Repeated by a dead worker, an impatient administrator or a clock that was set back: nothing is said twice.
    with world.tenant.scope(), frozen_at(start - timedelta(minutes=59)):
        assert not await service.send_due()
        async with unit_of_work():
            await service.plan(await world.row((await world.rows())[0].id))
        assert not await service.send_due()


async def test_an_offset_that_has_passed_is_left_out(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(2, 10)
    with frozen_at(start - timedelta(hours=20)):
        await world.booked(site, stamp(start))
        await run_jobs(world.tenant)
        assert [offset for offset, _at in await planned(world)] == [60]
    assert await told(world) == []


async def test_none_for_a_cancelled_session(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    with world.tenant.scope():
        kept = await Reminder.all().order_by("due_at").first()
    await site.post(f"/bookings/{booking_id}/cancel", {"code": "time"})
    assert await planned(world) == []
    assert kept is not None
    with world.tenant.scope(), frozen_at(kept.due_at):
        # Even one that slipped through is checked when its time comes.
        await Reminder.bulk_create([kept])
        assert await service.send_due() == {"moot": 1}
    assert await told(world) == []


async def test_a_moved_session_is_reminded_of_at_its_new_time_only(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start, new = day_after(5, 10), day_after(7, 12)
    booking_id = await world.booked(site, stamp(start))
    with world.tenant.scope():
        old = await Reminder.all()
    await site.post(f"/bookings/{booking_id}/reschedule", {"start": stamp(new)})
    assert [at for _o, at in await planned(world)] == [new - timedelta(days=1), new - timedelta(hours=1)]
    with world.tenant.scope(), frozen_at(start - timedelta(hours=1)):
        await Reminder.bulk_create(old)
        assert set(await service.send_due()) == {"moot"}  # planned for the old time
    assert await told(world) == []
    with frozen_at(new - timedelta(minutes=60)):
        await run_jobs(world.tenant)
    assert {subject for _to, subject in await told(world)} == {
        "Soon: System design with Maya Lind",
        f"Soon: System design with {(await _name(world, site))}",
    }


async def _name(world: World, site: Site) -> str:
    from kernel import accounts

    with world.tenant.scope():
        assert site.account_id is not None
        return (await accounts.accounts_by_ids([site.account_id]))[site.account_id].name


async def test_no_flood_after_a_long_stop(world: World, run_jobs: Any, caplog: pytest.LogCaptureFixture) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    await world.booked(site, stamp(start))
    with frozen_at(start - timedelta(hours=3)):  # the day-before one is 21 hours late
        await run_jobs(world.tenant)
    assert await told(world) == []
    assert await results(world) == ["stale", "stale"]
    assert "2 reminders were missed by too much" in caplog.text
    with frozen_at(start - timedelta(minutes=40)):  # 20 minutes late is still of use
        await run_jobs(world.tenant)
    assert len(await told(world)) == 2
    with frozen_at(start + timedelta(days=30)):  # the clock jumps
        await run_jobs(world.tenant)
    assert len(await told(world)) == 2


async def test_a_tenant_s_rules_name_people_and_channels(world: World, run_jobs: Any) -> None:
    with world.tenant.scope():
        async with unit_of_work():
            await set_setting("scheduling.reminder_offsets", ["90 interviewer email", "30 candidate inapp"])
    site = await world.tenant.sign_in("candidate", email="ada@example.test")
    start = day_after(5, 10)
    await world.booked(site, stamp(start))
    with frozen_at(start - timedelta(minutes=90)):
        await run_jobs(world.tenant)
    (only,) = await told(world)
    assert only[0] != "ada@example.test"
    with frozen_at(start - timedelta(minutes=30)):
        await run_jobs(world.tenant)
    assert await told(world) == [only]
    with world.tenant.scope():
        found = await sql(
            "SELECT account_id FROM notifications_message WHERE tenant_id = $1 AND type_id = 'scheduling.reminder'",
            world.tenant.ref.id,
        )
    assert [row.account_id for row in found] == [site.account_id]


async def test_a_type_s_own_rules_and_a_person_s_own_choice(world: World) -> None:
    with world.tenant.scope():
        async with unit_of_work():
            await InterviewType.filter(id=world.kind.id).update(reminders=["240 candidate", "15"])
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    await world.booked(site, stamp(start))
    assert [minutes for minutes, _at in await planned(world)] == [240, 15]
    with world.tenant.scope():
        assert await service.choose(world.interviewer_id, [45, 10]) == 1
        mine = await Reminder.filter(account_id=world.interviewer_id, kind="before").order_by("due_at")
        theirs = await Reminder.filter(account_id=site.account_id, kind="before").order_by("due_at")
        assert [r.minutes for r in mine] == [45, 10]
        assert [r.minutes for r in theirs] == [240, 15]
        await service.choose(world.interviewer_id, [])
        assert [r.minutes for r in await Reminder.filter(account_id=world.interviewer_id, kind="before")] == [15]


async def test_switching_reminders_on_mails_nobody_about_the_past(world: World, run_jobs: Any) -> None:
    with world.tenant.scope():
        async with unit_of_work():
            await set_setting("scheduling.reminder_offsets", [])
    site = await world.tenant.sign_in("candidate")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    assert await planned(world) == []
    with frozen_at(start - timedelta(hours=20)):
        with world.tenant.scope():
            async with unit_of_work():
                await set_setting("scheduling.reminder_offsets", ["1440", "60", "+60"])
            assert await service.replan() == 1
        assert [minutes for minutes, _at in await planned(world)] == [60]
        await run_jobs(world.tenant)
    assert await told(world) == []
    with world.tenant.scope(), frozen_at(start + timedelta(hours=1)):
        await changes.finish(booking_id, "completed")
        async with unit_of_work():
            await set_setting("scheduling.reminder_offsets", ["+10"])
        assert await service.replan() == 0  # a session that is over hears nothing new
        assert {r.minutes async for r in Reminder.filter(kind="after")} == {60}


async def test_what_is_told_after_a_session(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate", email="ada@example.test")
    start = day_after(5, 10)
    done = await world.booked(site, stamp(start))
    missed = await world.booked(site, stamp(start + timedelta(hours=3)))
    over = start + timedelta(hours=4)
    with world.tenant.scope(), frozen_at(over):
        await changes.finish(done, "completed")
        await changes.finish(missed, "no_show_candidate")
    assert await planned(world, "after") == [(1440, over + timedelta(days=1))]
    with frozen_at(over + timedelta(days=1)):
        await run_jobs(world.tenant)
    assert await told(world, "scheduling.follow_up") == [("ada@example.test", "What next after System design?")]
    (mail,) = [m for m in await mails(world.tenant) if m.type_id == "scheduling.follow_up"]
    assert "/interviewers" in mail.text
    assert "/unsubscribe/" in mail.text or "unsubscribe" in mail.text.lower()


async def test_whoever_has_booked_again_is_not_asked_to(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    start = day_after(3, 10)
    done = await world.booked(site, stamp(start))
    await world.booked(site, stamp(start + timedelta(days=4)))
    with world.tenant.scope(), frozen_at(start + timedelta(hours=1)):
        await changes.finish(done, "completed")
    with frozen_at(start + timedelta(hours=25)):
        await run_jobs(world.tenant)
    assert await told(world, "scheduling.follow_up") == []


async def test_words_zone_and_language_are_the_recipient_s(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate", email="ada@example.test", zone="America/New_York")
    with world.tenant.scope():
        await sql("UPDATE kernel_account SET locale = 'de' WHERE id = $1 RETURNING id", site.account_id)
    start = day_after(5, 15)
    await world.booked(site, stamp(start))
    with frozen_at(start - timedelta(minutes=60)):
        await run_jobs(world.tenant)
    (hers,) = [
        m for m in await mails(world.tenant) if m.type_id == "scheduling.reminder" and m.to == "ada@example.test"
    ]
    (his,) = [m for m in await mails(world.tenant) if m.type_id == "scheduling.reminder" and m.to != "ada@example.test"]
    assert "New York" in hers.text
    assert "Berlin" in his.text
    assert hers.subject.startswith("Bald")
    assert his.subject.startswith("Soon")


async def test_one_broken_reminder_does_not_hold_up_the_others(
    world: World, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plugins.scheduling.notifications import near

    site = await world.tenant.sign_in("candidate", email="ada@example.test")
    start = day_after(5, 10)
    await world.booked(site, stamp(start))
    real, broken = near._one, [True]

    async def one(row: Any, *rest: Any) -> Any:
        if broken and row.account_id == site.account_id:
            raise RuntimeError("boom")
        return await real(row, *rest)

    monkeypatch.setattr(near, "_one", one)
    with world.tenant.scope(), frozen_at(start - timedelta(minutes=60)):
        with pytest.raises(RuntimeError, match="boom"):
            await service.send_due()
        assert len(await told(world)) == 1
        broken.clear()
        assert await service.send_due() == {"sent": 1}  # the job is tried again, with back-off
    assert len(await told(world)) == 2


def test_rules_are_lines() -> None:
    lines = ["1440", " 60  candidate ", "+5 interviewer inapp", "0", "x", "60 candidate"]
    assert [str(r) for r in reminders.rules(lines)] == ["1440", "60 candidate", "+5 interviewer inapp"]
    assert reminders.problem(["30000"]) is not None
    assert reminders.problem(["1"] * 9) is not None
    assert reminders.problem(["1440", "15 inapp"]) is None


async def _notices(world: World, event: str, compose: Any) -> list[Any]:
    with world.tenant.scope():
        found = [e async for e in published_events(event)]
        again = await happened(found[-1].id)
        assert again is not None
        return list(await compose(again))


async def test_mails_carry_the_calendar_file(world: World) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    notices = await _notices(world, "scheduling.booking_confirmed.v1", notifications.confirmed)
    assert {n.account_id for n in notices} == {site.account_id, world.interviewer_id}
    assert [n.params["partner"] for n in notices] == ["Maya Lind", "Ada Novak"]
    for notice in notices:
        ((name, kind, data),) = notice.attachments
        assert name == "session.ics"
        assert "method=REQUEST" in kind
        assert f"UID:{booking_id}@greenroom".encode() in data
    await site.post(f"/bookings/{booking_id}/reschedule", {"start": stamp(day_after(6, 10))})
    moved = await _notices(world, "scheduling.booking_rescheduled.v1", notifications.moved)
    assert all(b"SEQUENCE:1" in n.attachments[0][2] for n in moved)
    await site.post(f"/bookings/{booking_id}/cancel", {"reason": "Ill"})
    called = await _notices(world, "scheduling.booking_cancelled.v1", notifications.cancelled)
    assert all("method=CANCEL" in n.attachments[0][1] and b"SEQUENCE:2" in n.attachments[0][2] for n in called)
    assert all(n.params["reason"] == "Ill" for n in called)
    # The news of the move is stale by now: nobody is told the time of a cancelled session.
    assert await _notices(world, "scheduling.booking_rescheduled.v1", notifications.moved) == []
    assert UUID(str(booking_id)) == booking_id
