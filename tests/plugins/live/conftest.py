"""Bookings that exist only here: rooms are tested apart from scheduling, over the protocol that it offers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from kernel import new_id, now, services
from kernel.testing.people import Site, TenantKit
from plugins.live.models import LiveSession
from plugins.scheduling.api import BookingInfo, Bookings, Invitation, Invitations, Invited


@dataclass
class FakeBookings:
    """Fulfils `scheduling.Bookings`; remembers what rooms told it."""

    rows: dict[UUID, BookingInfo] = field(default_factory=dict)
    told: list[tuple[str, UUID, str]] = field(default_factory=list)
    invitations: Any = None

    async def get(self, booking_id: UUID) -> BookingInfo | None:
        return self.rows.get(booking_id)

    async def many(self, booking_ids: list[UUID]) -> dict[UUID, BookingInfo]:
        return {i: self.rows[i] for i in booking_ids if i in self.rows}

    async def upcoming(self, account_id: UUID, limit: int = 10) -> list[BookingInfo]:
        return []

    async def past(self, account_id: UUID, limit: int = 10) -> list[BookingInfo]:
        return []

    async def for_period(self, start: datetime, end: datetime) -> list[BookingInfo]:
        return [b for b in self.rows.values() if start <= b.starts_at < end]

    async def start(self, booking_id: UUID) -> None:
        self.told.append(("start", booking_id, ""))
        self.change(booking_id, status="in_progress")

    async def finish(self, booking_id: UUID, outcome: str) -> None:
        self.told.append(("finish", booking_id, outcome))
        self.change(booking_id, status="completed", outcome=outcome)

    def change(self, booking_id: UUID, **values: Any) -> BookingInfo:
        self.rows[booking_id] = replace(self.rows[booking_id], **values)
        return self.rows[booking_id]

    def add(
        self,
        candidate_id: UUID,
        interviewer_id: UUID | None,
        *,
        starts_in: timedelta = timedelta(minutes=-1),
        minutes: int = 60,
        status: str = "accepted",
        title: str = "System design",
        second_id: UUID | None = None,
    ) -> BookingInfo:
        starts_at, booking_id = now() + starts_in, new_id()
        self.rows[booking_id] = BookingInfo(
            id=booking_id,
            candidate_id=candidate_id,
            interviewer_id=interviewer_id,
            candidate_name="Ada Novak",
            interviewer_name="Tomás Ferreira" if interviewer_id else "",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=minutes),
            status=status,
            outcome=None,
            kind="human" if interviewer_id else "ai",
            type_id=new_id(),
            type_slug="system-design",
            type_title=title,
            level="mid",
            duration_minutes=minutes,
            price_minor=0,
            currency="EUR",
            path=f"/bookings/{booking_id}",
            candidate_zone="Europe/Berlin",
            version=1,
            ical_sequence=0,
            intake={},
            second_id=second_id,
            second_name="Wen Li" if second_id else "",
        )
        return self.rows[booking_id]


@dataclass
class FakeInvitations:
    """Fulfils `scheduling.Invitations` for the bookings of a FakeBookings. A token is `link-<email>-<booking>`."""

    bookings: FakeBookings
    rows: dict[UUID, list[Invited]] = field(default_factory=dict)

    def invite(self, booking: BookingInfo, email: str, role: str = "guest") -> str:
        """The path of the room for somebody who is invited now."""
        token = f"{booking.id.hex}.{email.replace('@', '.')}.{booking.ical_sequence}"
        self.rows.setdefault(booking.id, []).append(Invited(email, "", role, token))
        return f"/sit-in/{token}"

    async def behind(self, token: str) -> Invitation | None:
        for booking_id, people in self.rows.items():
            for person in people:
                if person.link == token:
                    booking = self.bookings.rows[booking_id]
                    stale = not token.endswith(f".{booking.ical_sequence}")
                    return Invitation(booking, person.email, person.name, person.role, stale)
        return None

    async def of(self, booking_id: UUID) -> list[Invited]:
        return self.rows.get(booking_id, [])

    async def withdraw(self, booking_id: UUID, email: str) -> bool:
        before = self.rows.get(booking_id, [])
        self.rows[booking_id] = [person for person in before if person.email != email]
        return len(before) != len(self.rows[booking_id])


@pytest.fixture
def bookings(monkeypatch: pytest.MonkeyPatch) -> FakeBookings:
    """Stands in for scheduling's services in this process."""
    fake = FakeBookings()
    fake.invitations = FakeInvitations(fake)
    get, need = services.get, services.need
    doubles = {Bookings: fake, "scheduling.Bookings": fake, Invitations: fake.invitations}

    def stand_in(real: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda wanted: doubles[wanted] if wanted in doubles else real(wanted)

    monkeypatch.setattr(services, "get", stand_in(get))
    monkeypatch.setattr(services, "need", stand_in(need))
    return fake


@dataclass
class Pair:
    """Two people with a session that can begin now."""

    tenant: TenantKit
    candidate: Site
    interviewer: Site
    booking: BookingInfo

    @property
    def room(self) -> str:
        return f"/rooms/{self.booking.id}"


@pytest.fixture
async def pair(tenant: TenantKit, bookings: FakeBookings) -> Pair:
    candidate = await tenant.sign_in("candidate", name="Ada Novak")
    interviewer = await tenant.sign_in("interviewer", name="Tomás Ferreira")
    assert candidate.account_id
    assert interviewer.account_id
    return Pair(tenant, candidate, interviewer, bookings.add(candidate.account_id, interviewer.account_id))


class Wire:
    """A socket as the room's script uses it; keeps everything that came over it."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.raw: list[str] = []
        self.messages: list[dict[str, Any]] = []
        self._read = 0

    async def send(self, **message: Any) -> None:
        await self.ws.send_str(json.dumps(message))

    async def get(self, kind: str, timeout: float = 5.0) -> dict[str, Any]:
        """The next message of this kind; others are kept in `messages`."""
        while True:
            while self._read < len(self.messages):
                message = self.messages[self._read]
                self._read += 1
                if message["t"] == kind:
                    return message
            frame = await self.ws.receive(timeout)
            if frame.type is not aiohttp.WSMsgType.TEXT:
                raise AssertionError(f"closed with {self.ws.close_code} while waiting for {kind}")
            self.raw.append(frame.data)
            self.messages.append(json.loads(frame.data))

    async def closed(self, timeout: float = 5.0) -> int | None:
        """The close code, when the server closes."""
        while True:
            frame = await self.ws.receive(timeout)
            if frame.type is aiohttp.WSMsgType.TEXT:
                self.raw.append(frame.data)
                self.messages.append(json.loads(frame.data))
            elif frame.type is aiohttp.WSMsgType.CLOSE:
                return int(frame.data)
            else:
                return self.ws.close_code


async def ticket(site: Site, room: str, **sent: str) -> str:
    answer = await site.post(f"{room}/ticket", sent)
    assert answer.status == 200, answer.text
    return str(answer.json()["ticket"])


async def join(site: Site, room: str, **query: Any) -> Wire:
    """Enter the room; the welcome is the first message."""
    extra = "".join(f"&{k}={v}" for k, v in query.items())
    return Wire(await site.socket(f"{room}/ws?ticket={await ticket(site, room)}{extra}"))


async def sit_in(site: Site, room: str, booking: BookingInfo, name: str = "", **query: Any) -> Wire:
    """The same for a guest, by their link."""
    extra = "".join(f"&{k}={v}" for k, v in query.items())
    secret = await ticket(site, room, name=name)
    return Wire(await site.socket(f"/guest-rooms/{booking.id}/ws?ticket={secret}{extra}"))


async def refused(site: Site, path: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await site.socket(path)
    return caught.value.status


async def both(pair: Pair) -> tuple[Wire, Wire]:
    first = await join(pair.candidate, pair.room)
    await first.get("welcome")
    second = await join(pair.interviewer, pair.room)
    await second.get("welcome")
    return first, second


async def state_of(pair: Pair) -> str:
    with pair.tenant.scope():
        return (await LiveSession.get(booking_id=pair.booking.id)).state
