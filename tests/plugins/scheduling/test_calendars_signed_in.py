"""Google and Microsoft calendars against strict doubles of their documented interfaces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from kernel import set_setting, unit_of_work
from kernel.base.clock import frozen_at
from kernel.testing.people import Site
from plugins.scheduling.calendars.google import GOOGLE
from plugins.scheduling.calendars.microsoft import MICROSOFT
from plugins.scheduling.models import OtherCalendar
from plugins.scheduling.services import calendars as service

from .calendar_double import Tokens
from .conftest import World, day_after, stamp
from .test_calendars import _starts, loopback  # noqa: F401 - a fixture

START = timedelta(hours=1)


@pytest.fixture
async def tokens() -> AsyncIterator[Tokens]:
    made = Tokens()
    yield made
    await made.stop()


@pytest.fixture
async def host(world: World, loopback: None) -> Site:  # noqa: F811
    with world.tenant.scope():
        async with unit_of_work():
            for name in ("google", "microsoft"):
                await set_setting(f"scheduling.{name}_client_id", "id-1")
                await set_setting(f"scheduling.{name}_client_secret", "secret-1")
    return await world.tenant.sign_in(account_id=world.interviewer_id)


def point(monkeypatch: pytest.MonkeyPatch, provider: Any, base: str) -> None:
    """Let a provider speak to the double."""
    from dataclasses import replace

    monkeypatch.setattr(provider, "api", f"{base}/api")
    monkeypatch.setattr(provider, "client", replace(provider.client, token=f"{base}/token"))


async def sign_in(site: Site, tokens: Tokens, provider: str, code: str = "code-1") -> Any:
    """To the provider's page and back, as a browser would go."""
    away = await site.post(f"/calendars/sign-in/{provider}")
    assert away.status == 303
    query = {k: v[0] for k, v in parse_qs(urlsplit(away.location).query).items()}
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert query["client_id"] == "id-1"
    assert query["redirect_uri"].endswith("/calendars/signed-in")
    tokens.challenge = query["code_challenge"]
    return await site.get(f"/calendars/signed-in?state={query['state']}&code={code}")


async def test_signing_in_begins_by_program_too(host: Site) -> None:
    for provider, where in (("google", "accounts.google.com"), ("microsoft", "login.microsoftonline.com")):
        begun = await host.post(f"/api/v1/scheduling/calendars/sign-in/{provider}")
        address = urlsplit(begun.json()["address"])
        assert (begun.status, address.hostname) == (200, where)
        assert "code_challenge" in parse_qs(address.query)
    assert (await host.post("/api/v1/scheduling/calendars/sign-in/ics")).status == 404


# --- Google -------------------------------------------------------------------------------------------------------


class GoogleDouble:
    """events.list of v3: a full listing in two pages, then changes by sync token, which may run out."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens, self.gone, self.start = tokens, False, day_after(4, 10)
        self.changes: list[dict[str, Any]] = []

    def event(self, key: str, start: datetime, **more: Any) -> dict[str, Any]:
        at = {"dateTime": start.isoformat()}, {"dateTime": (start + START).isoformat()}
        return {"id": key, "status": "confirmed", "start": at[0], "end": at[1], **more}

    async def events(self, request: web.Request) -> web.StreamResponse:
        self.tokens.signed_in(request)
        query, must = request.query, self.tokens.must
        must(query.get("singleEvents") == "true", "single events")
        if "syncToken" in query:
            must("timeMin" not in query and "timeMax" not in query, "a sync token forbids time limits")
            self.tokens.asked.append(f"sync:{query['syncToken']}")
            if self.gone:
                self.gone = False
                return web.json_response({"error": {"code": 410}}, status=410)
            return web.json_response({"items": self.changes, "nextSyncToken": "s2"})
        must(datetime.fromisoformat(query["timeMin"]) < datetime.fromisoformat(query["timeMax"]), "limits")
        self.tokens.asked.append(f"full:{query.get('pageToken', '')}")
        if "pageToken" not in query:
            declined = {"self": True, "responseStatus": "declined"}
            items = [
                self.event("a", self.start),
                self.event("b", self.start + timedelta(hours=4), transparency="transparent"),
                self.event("c", self.start + timedelta(hours=5), attendees=[declined]),
            ]
            return web.json_response({"summary": "ada@example.test", "items": items, "nextPageToken": "p2"})
        day = (self.start + timedelta(days=1)).date()
        whole = {"id": "d", "start": {"date": str(day)}, "end": {"date": str(day + timedelta(days=1))}}
        return web.json_response({"items": [whole], "nextSyncToken": "s1"})


async def test_google_in_full_then_changes_only(
    world: World, host: Site, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    google = GoogleDouble(tokens)
    base = await tokens.start(
        ("POST", "/token", tokens.token), ("GET", "/api/calendars/primary/events", google.events)
    )  # fmt: skip
    point(monkeypatch, GOOGLE, base)
    done = await sign_in(host, tokens, "google")
    assert done.location == "/calendars", done.text
    assert tokens.asked == ["token:authorization_code", "full:", "full:p2"]
    starts = await _starts(world)
    assert stamp(google.start) not in starts
    assert stamp(google.start + timedelta(hours=4)) in starts  # free and declined ones do not count
    assert stamp(google.start + timedelta(hours=5)) in starts
    assert not any(text.startswith(f"{google.start + timedelta(days=1):%Y-%m-%d}") for text in starts)
    with world.tenant.scope():
        row = await OtherCalendar.get(account_id=world.interviewer_id)
        assert (row.name, row.busy) == ("ada@example.test", 2)
        google.changes = [{"id": "a", "status": "cancelled"}, google.event("e", google.start + timedelta(hours=2))]
        tokens.asked.clear()
        assert await service.refresh(row.id)
        assert tokens.asked == ["sync:s1"]
        assert stamp(google.start) in await _starts(world)
        assert stamp(google.start + timedelta(hours=2)) not in await _starts(world)
        google.gone, google.changes = True, []
        tokens.asked.clear()
        assert await service.refresh(row.id)
        assert tokens.asked == ["sync:s2", "full:", "full:p2"]  # the token ran out: all anew
        assert stamp(google.start) not in await _starts(world)


async def test_tokens_are_renewed_and_a_withdrawn_grant_is_said(
    world: World, host: Site, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    google = GoogleDouble(tokens)
    base = await tokens.start(("POST", "/token", tokens.token), ("GET", "/api/calendars/primary/events", google.events))
    point(monkeypatch, GOOGLE, base)
    await sign_in(host, tokens, "google")
    with world.tenant.scope():
        row = await OtherCalendar.get(account_id=world.interviewer_id)
        with frozen_at(datetime.now(UTC) + timedelta(hours=2)):
            assert await service.refresh(row.id)
            assert tokens.asked.count("token:refresh_token") == 1
            assert await service.refresh(row.id)
            assert tokens.asked.count("token:refresh_token") == 1
        tokens.revoked = True
        with frozen_at(datetime.now(UTC) + timedelta(hours=4)):
            for _n in range(3):
                assert not await service.refresh(row.id)
        assert (await OtherCalendar.get(id=row.id)).state == "refused"
    assert "does not let us in any more" in (await host.get("/calendars")).text


async def test_a_sign_in_belongs_to_whoever_began_it_and_works_once(
    world: World, host: Site, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    google = GoogleDouble(tokens)
    base = await tokens.start(("POST", "/token", tokens.token), ("GET", "/api/calendars/primary/events", google.events))
    point(monkeypatch, GOOGLE, base)
    away = await host.post("/calendars/sign-in/google")
    state = parse_qs(urlsplit(away.location).query)["state"][0]
    tokens.challenge = parse_qs(urlsplit(away.location).query)["code_challenge"][0]
    stranger = await world.tenant.sign_in("interviewer")
    assert (await stranger.get(f"/calendars/signed-in?state={state}&code=code-1")).status == 410
    assert (await host.get(f"/calendars/signed-in?state={state}&code=code-1")).status == 410  # used up by the try
    assert (await host.get("/calendars/signed-in?error=access_denied")).location == "/calendars"
    with world.tenant.scope():
        assert not await OtherCalendar.all().exists()
    assert tokens.asked == []


# --- Microsoft ----------------------------------------------------------------------------------------------------


class GraphDouble:
    """calendarView/delta: a first round over two pages, then changes by delta link, which may run out."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens, self.base, self.gone, self.start = tokens, "", False, day_after(4, 10)
        self.changes: list[dict[str, Any]] = []

    def event(self, key: str, start: datetime, **more: Any) -> dict[str, Any]:
        times = [{"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"} for at in (start, start + START)]
        return {"id": key, "showAs": "busy", "start": times[0], "end": times[1], **more}

    async def delta(self, request: web.Request) -> web.StreamResponse:
        self.tokens.signed_in(request)
        query, must = request.query, self.tokens.must
        must('outlook.timezone="UTC"' in request.headers.get("Prefer", ""), "times in UTC")
        me = f"{self.base}/api/me/calendarView/delta"
        if "$deltatoken" in query:
            self.tokens.asked.append(f"delta:{query['$deltatoken']}")
            if self.gone:
                self.gone = False
                return web.json_response({"error": {"code": "syncStateNotFound"}}, status=410)
            return web.json_response({"value": self.changes, "@odata.deltaLink": f"{me}?$deltatoken=d2"})
        if "$skiptoken" in query:
            self.tokens.asked.append("page")
            items = [self.event("c", self.start + timedelta(hours=4), showAs="free")]
            return web.json_response({"value": items, "@odata.deltaLink": f"{me}?$deltatoken=d1"})
        must("startDateTime" in query and "endDateTime" in query, "a view has limits")
        self.tokens.asked.append("full")
        items = [self.event("a", self.start), self.event("b", self.start + timedelta(hours=2), isCancelled=True)]
        return web.json_response({"value": items, "@odata.nextLink": f"{me}?$skiptoken=p2"})


async def test_microsoft_in_full_then_changes_only(
    world: World, host: Site, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = GraphDouble(tokens)
    graph.base = await tokens.start(
        ("POST", "/token", tokens.token), ("GET", "/api/me/calendarView/delta", graph.delta)
    )  # fmt: skip
    point(monkeypatch, MICROSOFT, graph.base)
    done = await sign_in(host, tokens, "microsoft")
    assert done.location == "/calendars", done.text
    assert tokens.asked == ["token:authorization_code", "full", "page"]
    starts = await _starts(world)
    assert stamp(graph.start) not in starts
    assert stamp(graph.start + timedelta(hours=2)) in starts
    assert stamp(graph.start + timedelta(hours=4)) in starts
    with world.tenant.scope():
        row = await OtherCalendar.get(account_id=world.interviewer_id)
        removed = {"id": "a", "@removed": {"reason": "deleted"}}
        graph.changes = [removed, graph.event("e", graph.start + timedelta(hours=3))]
        tokens.asked.clear()
        assert await service.refresh(row.id)
        assert tokens.asked == ["delta:d1"]
        assert stamp(graph.start) in await _starts(world)
        assert stamp(graph.start + timedelta(hours=3)) not in await _starts(world)
        graph.gone, graph.changes = True, []
        tokens.asked.clear()
        assert await service.refresh(row.id)
        assert tokens.asked == ["delta:d2", "full", "page"]
        assert stamp(graph.start) not in await _starts(world)


async def test_not_offered_before_it_is_set_up(world: World) -> None:
    site = await world.tenant.sign_in(account_id=world.interviewer_id)
    assert "Google Calendar" not in (await site.get("/calendars")).text
    assert (await site.post("/calendars/sign-in/google")).status == 404
