"""The list of all bookings: search, filters, order, places to go on from, saved views, the file."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from kernel import published_events
from kernel.testing.people import Site
from plugins.scheduling.bookings_list import reference
from plugins.scheduling.models import Booking

from .conftest import World, day_after, stamp

LINKS = re.compile(r'href="/admin/bookings/([0-9a-f-]{36})"')


async def ids(site: Site, query: str) -> list[str]:
    page = await site.get(f"/admin/bookings{query}")
    assert page.status == 200, page.text[:300]
    return list(dict.fromkeys(LINKS.findall(page.text)))


async def two(world: World, **second: Any) -> tuple[str, str, Site]:
    """Two booked sessions, the second one with `second` written over; and an administrator."""
    ada, bea = await world.tenant.sign_in("candidate", name="Ada Novak"), await world.tenant.sign_in("candidate")
    one = await world.booked(ada, stamp(day_after(5, 10)))
    other = await world.booked(bea, stamp(day_after(6, 10)))
    with world.tenant.scope():
        await Booking.filter(id=one).update(price_minor=0)
        if second:
            await Booking.filter(id=other).update(**second)
    return str(one), str(other), await world.tenant.sign_in("admin")


async def test_filters_each_narrow_the_list(world: World) -> None:
    one, other, admin = await two(world, price_minor=5000, outcome="no_show_candidate", refund_percent=50)
    row = await world.row(other)
    for query, found in {
        "?price=paid": [other], "?price=free": [one], "?price=package": [], "?outcome=no_show_candidate": [other],
        "?result=part": [other], "?result=full": [], "?result=strike": [],
        f"?candidate={row.candidate_id}": [other], f"?interviewer={world.interviewer_id}": [other, one],
        f"?type={world.kind.slug}": [other, one], "?type=unknown": [], f"?q={reference(row.id)}": [other],
        f"?q=https://x.test/bookings/{one}": [one],
    }.items():  # fmt: skip
        assert await ids(admin, query) == found, query


async def test_heads_sort_and_the_other_way_round(world: World) -> None:
    one, other, admin = await two(world, price_minor=5000)
    assert await ids(admin, "") == [other, one]
    assert await ids(admin, "?asc=1") == [one, other]
    assert await ids(admin, "?sort=price&asc=1") == [one, other]
    assert await ids(admin, "?sort=price") == [other, one]
    assert 'aria-sort="ascending"' in (await admin.get("/admin/bookings?asc=1")).text


async def test_pages_go_on_behind_a_row_and_back(world: World) -> None:
    one, other, admin = await two(world)
    first = await admin.get("/admin/bookings?limit=1")
    onwards = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert onwards is not None
    second = await admin.get(onwards[1].replace("&amp;", "&"))
    assert (LINKS.findall(first.text)[0], LINKS.findall(second.text)[0]) == (other, one)
    assert 'rel="next"' not in second.text
    back = re.search(r'rel="prev" href="([^"]+)"', second.text)
    assert back is not None
    assert LINKS.findall((await admin.get(back[1].replace("&amp;", "&"))).text)[0] == other
    forged = await admin.get("/admin/bookings?cursor=AAAA")
    assert (forged.status, "Some filters were left out" in forged.text) == (200, True)


async def test_the_api_pages_by_cursor(world: World) -> None:
    one, other, admin = await two(world)
    seen, query = [], "?limit=1"
    while query:
        answer = (await admin.get(f"/api/v1/scheduling/admin/bookings{query}")).json()
        seen += [item["id"] for item in answer["items"]]
        query = f"?limit=1&cursor={answer['next']}" if answer["next"] else ""
    assert seen == [other, one]
    assert (await admin.get("/api/v1/scheduling/admin/bookings?status=odd")).status == 422


async def test_a_view_of_the_list_is_saved_and_shared(world: World) -> None:
    _one, other, admin = await two(world, price_minor=5000)
    done = await admin.post(
        "/saved-views",
        {"list": "scheduling.admin_bookings", "query": "price=paid", "name": "With money", "shared": "1"},
    )
    assert done.location == "/admin/bookings?price=paid"
    colleague = await world.tenant.sign_in("admin")
    page = await colleague.get("/admin/bookings")
    assert "With money" in page.text
    assert "/admin/bookings?price=paid" in page.text
    assert await ids(colleague, "?price=paid") == [other]


async def test_the_file_has_every_match_and_runs_nothing(world: World) -> None:
    _one, other, admin = await two(world, price_minor=5050, cancel_reason="=HYPERLINK(1)", title="@evil")
    answer = await admin.get("/admin/bookings.csv?price=paid")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert [row["Id"] for row in rows] == [other]
    line = rows[0]
    assert (line["Price"], line["Currency"], line["Reason"]) == ("50.50", "EUR", "'=HYPERLINK(1)")
    assert line["Interview"] == "'@evil"
    assert line["Time zone"]
    plain = await admin.get("/admin/bookings.csv?bom=0")
    assert not plain.body.startswith(b"\xef\xbb\xbf")
    assert len(plain.body.decode().strip().split("\r\n")) == 3
    with world.tenant.scope():
        said = [e.data["action"] async for e in published_events("kernel.audited.v1")]
    assert said.count("scheduling.bookings_exported") == 2


async def test_the_file_is_read_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.scheduling.bookings_list.BATCH", 1)
    one, other, admin = await two(world)
    rows = csv.DictReader(io.StringIO((await admin.get("/admin/bookings.csv?asc=1")).body.decode("utf-8-sig")))
    assert [row["Id"] for row in rows] == [one, other]


async def test_the_file_needs_its_own_right(world: World) -> None:
    candidate = await world.tenant.sign_in("candidate")
    assert (await candidate.get("/admin/bookings.csv")).status == 403
    assert (await candidate.get("/api/v1/scheduling/admin/bookings")).status == 403
