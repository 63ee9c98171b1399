"""Calendar files, read back by a parser that shares no code with the writer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kernel.testing.people import TenantKit
from plugins.scheduling import ics

from .conftest import World, day_after, stamp


def parse(data: bytes) -> dict[str, tuple[dict[str, str], str]]:
    """Properties of the one event (and METHOD) by name: parameters and raw value."""
    text = data.decode()
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    found: dict[str, tuple[dict[str, str], str]] = {}
    for line in text.replace("\r\n ", "").split("\r\n"):
        quoted, cut = False, len(line)
        for i, char in enumerate(line):
            quoted ^= char == '"'
            if char == ":" and not quoted:
                cut = i
                break
        name, *parameters = line[:cut].split(";")
        if name in found:
            continue  # the alarm repeats some of its event's
        found[name] = (dict(p.partition("=")[::2] for p in parameters), line[cut + 1 :])
    return found


def unescape(value: str) -> str:
    return value.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")


def entry(**changes: object) -> ics.Entry:
    values: dict[str, object] = {
        "uid": "1@greenroom", "sequence": 0, "starts_at": datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        "ends_at": datetime(2026, 11, 24, 10, 30, tzinfo=UTC), "summary": "System design", "description": "x",
        "url": "http://a.localhost/bookings/1", "organizer": ("Acme", "a@x.invalid"),
        "attendee": ("Ada", "ada@example.test"),
    }  # fmt: skip
    return ics.Entry(**{**values, **changes})  # type: ignore[arg-type]


def test_a_request_has_what_calendars_need(tenant: TenantKit) -> None:
    found = parse(ics.write(entry()))
    assert found["METHOD"][1] == "REQUEST"
    assert found["DTSTART"][1] == "20261124T093000Z"
    assert found["DTEND"][1] == "20261124T103000Z"
    assert (found["UID"][1], found["SEQUENCE"][1], found["STATUS"][1]) == ("1@greenroom", "0", "CONFIRMED")
    assert found["ATTENDEE"][1] == "mailto:ada@example.test"
    assert found["ATTENDEE"][0]["CN"] == '"Ada"'


def test_a_cancellation_takes_it_out_again() -> None:
    found = parse(ics.write(entry(cancelled=True, sequence=3)))
    assert (found["METHOD"][1], found["STATUS"][1], found["SEQUENCE"][1]) == ("CANCEL", "CANCELLED", "3")


@pytest.mark.parametrize(
    "text",
    [
        "a;b,c\\d",
        "two\nlines\r\nthree",
        "Ünïcode " * 30,
        "\u05d0" * 90,
        "😀" * 40,
        'a"b',
        "BEGIN:VEVENT\r\nUID:evil",
        "\x00\x1f",
    ],
)
def test_no_text_breaks_the_file(text: str) -> None:
    data = ics.write(entry(summary=text, attendee=(text, "ada@example.test"), organizer=(text, "a@x.invalid")))
    found = parse(data)
    clean = "".join(c for c in text.replace("\r\n", "\n").replace("\r", "\n") if c >= " " or c == "\n")
    assert unescape(found["SUMMARY"][1]) == clean
    assert found["UID"][1] == "1@greenroom"
    assert data.count(b"BEGIN:VEVENT\r\n") == 1


async def test_the_download_is_the_readers_own(world: World) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak", email="ada@example.test")
    booking_id = await world.booked(site, stamp(day_after(5, 10)))
    answer = await site.get(f"/bookings/{booking_id}/calendar.ics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/calendar")
    found = parse(answer.body)
    assert found["SUMMARY"][1] == "System design with Maya Lind"
    assert found["ATTENDEE"][1] == "mailto:ada@example.test"
    assert found["URL"][1] == f"{world.tenant.origin}/bookings/{booking_id}"
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    theirs = (await host.get(f"/bookings/{booking_id}/calendar.ics")).body
    assert b"ada@example.test" not in theirs  # addresses are not passed on
    assert parse(theirs)["UID"] == found["UID"]
    await site.post(f"/bookings/{booking_id}/cancel", {"code": "time"})
    gone = parse((await site.get(f"/bookings/{booking_id}/calendar.ics")).body)
    assert (gone["METHOD"][1], gone["SEQUENCE"][1], gone["UID"]) == ("CANCEL", "1", found["UID"])
