"""Busy times of calendars elsewhere: read, kept out of the offered times, and everything that can go wrong there."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web

from kernel import now, sql
from kernel.base.clock import frozen_at
from kernel.testing.people import Site
from plugins.scheduling.calendars import reading
from plugins.scheduling.models import Busy, OtherCalendar
from plugins.scheduling.services import calendars as service

from .calendar_double import Double, calendar, event
from .conftest import World, day_after, stamp

BERLIN = "Europe/Berlin"


@pytest.fixture
def loopback(greenroom: Any) -> Any:
    """The operator lets us call the loopback interface."""
    before = greenroom.runtime.config
    greenroom.runtime.config = replace(before, outbound_allow=(ip_network("127.0.0.0/8"),))
    yield
    greenroom.runtime.config = before


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    made = Double()
    yield made
    await made.stop()


@pytest.fixture
async def host(world: World) -> Site:
    return await world.tenant.sign_in(account_id=world.interviewer_id)


def utc(at: datetime) -> str:
    return f":{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


async def connect(site: Site, address: str, **more: str) -> Any:
    return await site.post(f"/calendars/connect/{more.pop('provider', 'ics')}", {"address": address, **more})


# --- what counts as busy ------------------------------------------------------------------------------------------


async def _busy(*events: str, days: tuple[str, str] = ("2026-10-20", "2026-11-05"), zone: str = BERLIN) -> list[str]:
    span = tuple(datetime.fromisoformat(day).replace(tzinfo=UTC) for day in days)
    found, _name = await reading.busy_in([calendar(*events).encode()], span, zone)  # type: ignore[arg-type]
    return [f"{start:%d %H:%M}-{end:%d %H:%M}" for start, end in found]


async def test_a_weekly_meeting_keeps_its_wall_time_over_the_change_of_clocks(tenant: Any) -> None:
    weekly = event(
        "1", f";TZID={BERLIN}:20261020T090000", f";TZID={BERLIN}:20261020T100000", "RRULE:FREQ=WEEKLY;COUNT=3",
        f"EXDATE;TZID={BERLIN}:20261103T090000",
    )  # fmt: skip
    assert await _busy(weekly) == ["20 07:00-20 08:00", "27 08:00-27 09:00"]


async def test_a_moved_occurrence_is_at_its_new_time_only(tenant: Any) -> None:
    daily = event("1", ":20261021T100000Z", ":20261021T110000Z", "RRULE:FREQ=DAILY;COUNT=2")
    moved = event("1", ":20261022T150000Z", ":20261022T160000Z", "RECURRENCE-ID:20261022T100000Z")
    assert await _busy(daily, moved) == ["21 10:00-21 11:00", "22 15:00-22 16:00"]


async def test_whole_days_floating_times_and_what_takes_no_time(tenant: Any) -> None:
    found = await _busy(
        event("1", ";VALUE=DATE:20261021", ";VALUE=DATE:20261022"),
        event("2", ":20261023T120000", ":20261023T130000"),
        event("3", ":20261024T120000Z", ":20261024T130000Z", "TRANSP:TRANSPARENT"),
        event("4", ":20261024T120000Z", ":20261024T130000Z", "STATUS:CANCELLED"),
        event("5", ":20261028T100000Z", ":20261028T110000Z"),
        event("6", ":20261028T103000Z", ":20261028T120000Z"),
    )
    assert found == ["20 22:00-21 22:00", "23 10:00-23 11:00", "28 10:00-28 12:00"]


@pytest.mark.parametrize("text", [b"", b"hello", b"<html>", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", b"\xff\xfe\x00"])
async def test_what_is_no_calendar_is_refused_in_words(tenant: Any, text: bytes) -> None:
    from plugins.scheduling.api import CalendarFailed

    span = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    with pytest.raises(CalendarFailed, match="cannot be read") if text else pytest.raises(CalendarFailed):
        await reading.busy_in([text], span, BERLIN)


# --- an address of a calendar file --------------------------------------------------------------------------------


def serving(double: Double, text: Callable[[], str], status: int = 200) -> Any:
    async def answer(request: web.Request) -> web.StreamResponse:
        double.asked.append(request.path)
        return web.Response(text=text(), status=status, content_type="text/calendar")

    return answer


async def test_busy_times_are_not_offered_and_are_given_back(
    world: World, host: Site, double: Double, loopback: None
) -> None:
    start = day_after(4, 10)
    busy = [event("1", utc(start), utc(start + timedelta(hours=2)), "SUMMARY:Dentist")]
    base = await double.start(("GET", "/me.ics", serving(double, lambda: calendar(*busy))))
    assert stamp(start) in await _starts(world)
    done = await connect(host, f"{base}/me.ics")
    assert done.status == 303, done.text
    assert stamp(start) not in await _starts(world)
    assert stamp(start + timedelta(hours=2)) in await _starts(world)
    page = (await host.get("/calendars")).text
    assert "Home" in page
    assert "1 busy time" in page
    assert "Dentist" not in page
    with world.tenant.scope():
        row = await OtherCalendar.get(account_id=world.interviewer_id)
        stored = await sql("SELECT row_to_json(c)::text AS t FROM scheduling_other_calendar c")
        assert "me.ics" not in stored[0].t  # sealed
        assert "Dentist" not in stored[0].t
    busy.clear()
    assert (await host.post(f"/calendars/{row.id}/refresh")).status == 303
    assert stamp(start) in await _starts(world)
    busy.append(event("1", utc(start), utc(start + timedelta(hours=2))))
    await host.post(f"/calendars/{row.id}/refresh")
    assert stamp(start) not in await _starts(world)
    assert (await host.post(f"/calendars/{row.id}/disconnect")).status == 303
    assert stamp(start) in await _starts(world)


async def _starts(world: World) -> list[str]:
    return [stamp(datetime.fromisoformat(text)) for text in await world.starts()]


async def test_conflicts_are_listed_and_the_booking_is_not_touched(
    world: World, host: Site, double: Double, loopback: None
) -> None:
    candidate = await world.tenant.sign_in("candidate")
    start = day_after(4, 10)
    booking_id = await world.booked(candidate, stamp(start))
    text = calendar(event("1", utc(start - timedelta(minutes=30)), utc(start + timedelta(minutes=30))))
    base = await double.start(("GET", "/me.ics", serving(double, lambda: text)))
    await connect(host, f"{base}/me.ics")
    page = (await host.get("/calendars")).text
    assert "1 booked session overlaps another appointment" in page
    assert f"/bookings/{booking_id}" in page
    assert (await world.row(booking_id)).status == "accepted"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:9/me.ics", "Port 9 is not allowed"),
        ("http://10.0.0.1/me.ics", "private network"),
        ("https://[::1]/me.ics", "private network"),
        ("http://169.254.169.254/latest", "private network"),
        ("ftp://example.test/me.ics", "begins with https"),
        ("https://user:pass@example.test/a.ics", "must not contain a user name"),
    ],
)
async def test_private_and_odd_addresses_are_refused_with_a_sentence(
    world: World, host: Site, address: str, said: str
) -> None:
    answer = await connect(host, address)
    assert answer.status == 422
    assert said in answer.text
    with world.tenant.scope():
        assert not await OtherCalendar.all().exists()


async def test_slow_huge_and_malformed_feeds_are_refused_with_a_sentence(
    world: World, host: Site, double: Double, loopback: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    async def huge(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 70_000)

    monkeypatch.setattr(reading, "TIMEOUT", 0.5)
    monkeypatch.setattr(reading, "LIMIT", 65_536)
    many = calendar(event("1", ":20260101T000000Z", ":20260101T000001Z", "RRULE:FREQ=SECONDLY"))
    base = await double.start(
        ("GET", "/slow", slow), ("GET", "/huge", huge), ("GET", "/html", serving(double, lambda: "<html>")),
        ("GET", "/down", serving(double, str, 500)), ("GET", "/many", serving(double, lambda: many)),
    )  # fmt: skip
    monkeypatch.setattr(reading, "MOST", 50)
    for path, said in (
        ("slow", "No answer within"), ("huge", "larger than we accept"), ("html", "cannot be read"),
        ("down", "answered with an error (500)"), ("gone", "no calendar at that address"), ("many", "too many events"),
    ):  # fmt: skip
        answer = await connect(host, f"{base}/{path}")
        assert (answer.status, said in answer.text) == (422, True), (path, answer.text[:3000])


async def test_failures_back_off_keep_what_is_known_and_raise_a_banner(
    world: World, host: Site, double: Double, loopback: None, run_jobs: Any
) -> None:
    start = day_after(4, 10)
    down: list[int] = []

    async def answer(_request: web.Request) -> web.StreamResponse:
        if down:
            return web.Response(status=503)
        return web.Response(text=calendar(event("1", utc(start), utc(start + timedelta(hours=1)))))

    base = await double.start(("GET", "/me.ics", answer))
    await connect(host, f"{base}/me.ics")
    down.append(1)
    pauses = []
    with world.tenant.scope():
        row = await OtherCalendar.get(account_id=world.interviewer_id)
        for _n in range(4):
            with frozen_at(row.next_at):
                assert await service.refresh_due() == 1
                await run_jobs(world.tenant)
                row = await OtherCalendar.get(id=row.id)
                pauses.append(row.next_at - now())
                assert await service.refresh_due() == 0
        assert pauses == [timedelta(minutes=15 * n) for n in (1, 2, 4, 8)]
        assert await Busy.filter(account_id=world.interviewer_id).count() == 1
    page = (await host.get("/calendars")).text
    assert "A calendar is out of date" in page
    assert "answered with an error (503)" in page
    down.clear()
    await host.post(f"/calendars/{row.id}/refresh")
    assert "A calendar is out of date" not in (await host.get("/calendars")).text


async def test_calendars_are_their_owner_s_alone(world: World, host: Site, double: Double, loopback: None) -> None:
    base = await double.start(("GET", "/me.ics", serving(double, calendar)))
    await connect(host, f"{base}/me.ics")
    with world.tenant.scope():
        row = await OtherCalendar.get(account_id=world.interviewer_id)
    other = await world.tenant.sign_in("interviewer")
    candidate = await world.tenant.sign_in("candidate")
    for site, status in ((other, 404), (candidate, 403)):
        for act in ("refresh", "disconnect"):
            assert (await site.post(f"/calendars/{row.id}/{act}")).status == status
    assert "Other calendars" not in (await candidate.get("/calendars")).text


# --- CalDAV -------------------------------------------------------------------------------------------------------

_MULTI = '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">{}</d:multistatus>'
_PART = (
    "<d:response><d:href>{}</d:href><d:propstat><d:prop>{}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    "</d:response>"
)
_ME = "<d:current-user-principal><d:href>/p/ada/</d:href></d:current-user-principal>"
_HOME = "<c:calendar-home-set><d:href>/cal/ada/</d:href></c:calendar-home-set>"
_CALENDAR = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
_TASKS = (
    "<d:resourcetype><c:calendar/></d:resourcetype>"
    '<c:supported-calendar-component-set><c:comp name="VTODO"/></c:supported-calendar-component-set>'
)


class Dav:
    """A CalDAV server: discovery over the well-known address, principal and home; one calendar with two events."""

    def __init__(self, double: Double) -> None:
        self.double, self.evil, self.password = double, "", "app-pass"

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.double.asked.append(f"{request.method} {request.path}")
        wanted = "Basic " + base64.b64encode(f"ada:{self.password}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
        body = await request.text()
        self.double.must(request.content_type == "application/xml", "XML bodies")
        self.double.must(request.headers.get("Depth") == "1", "depth")
        if request.path == "/.well-known/caldav":
            return web.Response(status=301, headers={"Location": "/dav/"})
        parts = {
            "/dav/": _PART.format("/dav/", _ME),
            "/p/ada/": _PART.format("/p/ada/", _HOME),
            "/cal/ada/": _PART.format(self.evil or "/cal/ada/home/", _CALENDAR)
            + _PART.format("/cal/ada/tasks/", _TASKS),
        }
        if request.method == "PROPFIND" and request.path in parts:
            return web.Response(status=207, text=_MULTI.format(parts[request.path]), content_type="application/xml")
        if request.method == "REPORT" and request.path == "/cal/ada/home/":
            self.double.must("time-range" in body and "calendar-query" in body, "a query with a time range")
            start = day_after(4, 10)
            data = calendar(event("1", utc(start), utc(start + timedelta(hours=1))))
            text = _MULTI.format(_PART.format("/cal/ada/home/1.ics", f"<c:calendar-data>{data}</c:calendar-data>"))
            return web.Response(status=207, text=text, content_type="application/xml")
        return web.Response(status=404)


async def test_caldav_finds_the_calendars_and_reads_them(
    world: World, host: Site, double: Double, loopback: None
) -> None:
    dav = Dav(double)
    base = await double.start(("*", "/{path:.*}", dav))
    wrong = await connect(host, base + "/", provider="caldav", user="ada", password="no")
    assert wrong.status == 422
    assert "does not let us in" in wrong.text
    assert 'value="no"' not in wrong.text  # passwords are not echoed
    done = await connect(host, base + "/", provider="caldav", user="ada", password="app-pass")
    assert done.status == 303, done.text
    assert "REPORT /cal/ada/home/" in double.asked
    assert not any("tasks" in path for path in double.asked)
    assert stamp(day_after(4, 10)) not in await _starts(world)
    double.asked.clear()
    with world.tenant.scope():
        row = await OtherCalendar.get(account_id=world.interviewer_id)
        assert await service.refresh(row.id)
    assert double.asked == ["REPORT /cal/ada/home/"]  # discovery is remembered
    dav.password = "changed"
    with world.tenant.scope():
        for _n in range(3):
            assert not await service.refresh(row.id)
        assert (await OtherCalendar.get(id=row.id)).state == "refused"
        with frozen_at(now() + timedelta(days=2)):
            assert await service.refresh_due() == 0  # only its owner can mend it


async def test_a_caldav_server_cannot_send_the_password_elsewhere(
    world: World, host: Site, double: Double, loopback: None
) -> None:
    dav = Dav(double)
    dav.evil = "https://elsewhere.example.test/cal/"
    base = await double.start(("*", "/{path:.*}", dav))
    answer = await connect(host, base + "/", provider="caldav", user="ada", password="app-pass")
    assert answer.status == 422
    assert "sends us on to another site" in answer.text


async def test_xml_with_entities_is_refused_unread(world: World, host: Site, double: Double, loopback: None) -> None:
    async def bomb(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=207, text='<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', content_type="application/xml")

    base = await double.start(("*", "/{path:.*}", bomb))
    answer = await connect(host, base + "/", provider="caldav", user="ada", password="x")
    assert answer.status == 422
    assert "cannot be read" in answer.text
