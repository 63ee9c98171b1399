"""What real calendars make of our files: read by two parsers of other people, and applied in any order."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest

from kernel.testing.people import Site
from plugins.scheduling import ics
from tests.plugins.mailbox import mails

from .conftest import World, day_after, stamp
from .test_ics import entry

GOLDEN = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Greenroom//Scheduling//EN\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n"
    "X-WR-CALNAME:Acme\\, Inc.\r\n"
    "NAME:Acme\\, Inc.\r\nREFRESH-INTERVAL;VALUE=DURATION:PT30M\r\nX-PUBLISHED-TTL:PT30M\r\n"
    "BEGIN:VEVENT\r\nUID:1@greenroom\r\nSEQUENCE:2\r\nDTSTAMP:20261101T080000Z\r\nDTSTART:20261124T093000Z\r\n"
    "DTEND:20261124T103000Z\r\nSUMMARY:System design\r\nDESCRIPTION:x\r\nURL:http://a.localhost/bookings/1\r\n"
    "LOCATION:http://a.localhost/bookings/1\r\nSTATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\n"
    "DESCRIPTION:System design\r\nTRIGGER:-PT10M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_golden_feed_and_its_reading_by_others() -> None:
    data = ics.write_feed("Acme, Inc.", [(entry(sequence=2), datetime(2026, 11, 1, 8, tzinfo=UTC))])
    assert data.decode() == GOLDEN
    calendar = icalendar.Calendar.from_ical(data)
    (event,) = calendar.events
    assert (event.start, event.end) == (entry().starts_at, entry().ends_at)
    assert event["SUMMARY"] == "System design"
    assert "ATTENDEE" not in event
    assert [a["TRIGGER"].dt for a in event.walk("VALARM")] == [timedelta(minutes=-10)]
    # A property that the reader does not know is left as it was written, its comma escaped.
    assert str(calendar["X-WR-CALNAME"]) == "Acme\\, Inc."


def test_a_second_parser_reads_the_same() -> None:
    vobject = pytest.importorskip("vobject")
    found = vobject.readOne(ics.write(entry(summary="Räume; and, more " * 9, sequence=4)).decode())
    assert found.method.value == "REQUEST"
    assert found.vevent.summary.value == "Räume; and, more " * 9
    assert found.vevent.dtstart.value == entry().starts_at
    assert found.vevent.sequence.value == "4"
    assert found.vevent.attendee.value == "mailto:ada@example.test"
    assert found.vevent.valarm.trigger.value == timedelta(minutes=-10)


class Client:
    """A calendar that does what RFC 5546 asks: one entry for each UID, the highest SEQUENCE counts, CANCEL removes."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[int, str, Any]] = {}

    def receive(self, data: bytes) -> None:
        calendar = icalendar.Calendar.from_ical(data)
        (event,) = calendar.events
        uid, sequence = str(event["UID"]), int(event["SEQUENCE"])
        if uid not in self.known or self.known[uid][0] <= sequence:
            self.known[uid] = (sequence, str(calendar["METHOD"]), event.start)

    def entries(self) -> list[Any]:
        return [start for _sequence, method, start in self.known.values() if method == "REQUEST"]


async def _files(world: World, to: str) -> list[bytes]:
    return [
        data for m in await mails(world.tenant) if m.to == to for _n, kind, data in m.attachments if "calendar" in kind
    ]


async def _life(world: World, site: Site, run_jobs: Any, *, cancel: bool) -> list[bytes]:
    """All calendar files that the candidate got in a booking's life."""
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    await run_jobs(world.tenant)
    for day in (6, 7, 8):
        moved = await site.post(f"/bookings/{booking_id}/reschedule", {"start": stamp(day_after(day, 12))})
        assert moved.status == 303
        await run_jobs(world.tenant)
    if cancel:
        assert (await site.post(f"/bookings/{booking_id}/cancel", {"code": "time"})).status == 303
        await run_jobs(world.tenant)
    return await _files(world, "ada@example.test")


@pytest.mark.parametrize("cancel", [False, True])
async def test_any_order_leaves_exactly_the_right_entry(world: World, run_jobs: Any, cancel: bool) -> None:
    with world.tenant.scope():
        await type(world.kind).filter(id=world.kind.id).update(policy="flexible")
    site = await world.tenant.sign_in("candidate", email="ada@example.test")
    files = await _life(world, site, run_jobs, cancel=cancel)
    assert len(files) == (5 if cancel else 4)
    dice = random.Random(7)
    for _round in range(50):
        client = Client()
        order = files * 2  # some arrive twice
        dice.shuffle(order)
        for data in order:
            client.receive(data)
        assert client.entries() == ([] if cancel else [day_after(8, 12)])


# --- the private feed ---------------------------------------------------------------------------------------------


async def _address(site: Site) -> str:
    made = (await site.post("/api/v1/scheduling/feed", json={})).json()["address"]
    assert "/calendar-feed/" in made
    return str(made)


async def test_a_feed_is_read_without_signing_in_and_follows(world: World) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak", email="ada@example.test")
    booking_id = await world.booked(site, stamp(day_after(5, 10)), goal="Something private")
    address, anybody = await _address(site), world.tenant.visitor()
    first = await anybody.get(address)
    assert first.status == 200
    assert first.headers["Content-Type"].startswith("text/calendar")
    (event,) = icalendar.Calendar.from_ical(first.body).events
    assert event["SUMMARY"] == "System design with Maya Lind"
    assert b"private" not in first.body
    assert b"@example.test" not in first.body
    tag = first.headers["ETag"]
    again = await anybody.get(address, headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    await site.post(f"/bookings/{booking_id}/reschedule", {"start": stamp(day_after(6, 10))})
    moved = await anybody.get(address, headers={"If-None-Match": tag})
    assert moved.status == 200
    (event,) = icalendar.Calendar.from_ical(moved.body).events
    assert (event.start, int(event["SEQUENCE"])) == (day_after(6, 10), 1)
    await site.post(f"/bookings/{booking_id}/cancel", {"code": "time"})
    assert not icalendar.Calendar.from_ical((await anybody.get(address)).body).events


async def test_a_feed_s_alias_keeps_the_candidate_s_name_out(world: World) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    with world.tenant.scope():
        from plugins.scheduling.models import Booking

        await Booking.filter(id=booking_id).update(alias="Quiet Fox")
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    body = (await world.tenant.visitor().get(await _address(host))).body
    assert b"Quiet Fox" in body
    assert b"Novak" not in body


async def test_a_new_or_revoked_address_ends_the_old_one(world: World) -> None:
    site = await world.tenant.sign_in("candidate")
    anybody = world.tenant.visitor()
    old = await _address(site)
    new = await _address(site)
    assert old != new
    assert (await anybody.get(old)).status == 410
    assert (await anybody.get(new)).status == 200
    assert "last read" in (await site.get("/calendars")).text
    await site.post("/calendars/feed/revoke")
    assert (await anybody.get(new)).status == 410
    other = await world.tenant.sign_in("candidate")
    assert (await other.get("/api/v1/scheduling/feed")).json() == {"address": "", "read_at": None}


async def test_a_blocked_person_s_feed_is_closed(world: World) -> None:
    from kernel import sql

    site = await world.tenant.sign_in("candidate")
    address = await _address(site)
    with world.tenant.scope():
        await sql("UPDATE kernel_account SET state = 'blocked' WHERE id = $1 RETURNING id", site.account_id)
    assert (await world.tenant.visitor().get(address)).status == 410
