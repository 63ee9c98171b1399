"""A tenant with one interviewer who can be booked, and helpers to book them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import now, services, unit_of_work
from kernel.testing.people import Answer, Site, TenantKit
from plugins.scheduling.models import Booking, InterviewType, Offer, Schedule
from plugins.scheduling.services import hours
from plugins.users.models import InterviewerProfile

WEEK = {str(day): [["08:00", "20:00"]] for day in range(1, 8)}


@dataclass(slots=True)
class World:
    """One interviewer, `kind` is what they offer; `book` is the address of its booking page."""

    tenant: TenantKit
    interviewer_id: UUID
    slug: str
    kind: InterviewType

    @property
    def book(self) -> str:
        return f"/book/{self.slug}/{self.kind.slug}"

    async def starts(self, site: Site | None = None) -> list[str]:
        """Bookable starts, as the API lists them."""
        site = site or self.tenant.visitor()
        answer = await site.get(f"/api/v1/scheduling/slots?interviewer={self.slug}&type={self.kind.slug}")
        assert answer.status == 200, answer.text
        slots: list[str] = answer.json()["slots"]
        return slots

    async def hold(self, site: Site, start: str) -> Answer:
        return await site.post(self.book, {"start": start, "tz": "Europe/Berlin"})

    async def booked(self, site: Site, start: str | None = None, goal: str = "") -> UUID:
        """Hold and confirm; the booking's id."""
        start = start or (await self.starts(site))[3]
        held = await self.hold(site, start)
        assert held.status == 303, held.text
        done = await site.post(held.location, {"goal": goal})
        assert done.status == 303, done.text
        assert done.location.startswith("/bookings/"), done.location
        return UUID(done.location.rsplit("/", 1)[1])

    async def row(self, booking_id: UUID) -> Booking:
        with self.tenant.scope():
            return await Booking.get(id=booking_id)

    async def rows(self) -> list[Booking]:
        with self.tenant.scope():
            return await Booking.all().order_by("starts_at", "created_at")


async def interviewer(
    tenant: TenantKit,
    *,
    slug: str = "maya",
    rate: int = 0,
    zone: str = "Europe/Berlin",
    weekly: dict[str, Any] | None = None,
    **changes: Any,
) -> World:
    """An approved interviewer with hours; `changes` go to the type."""
    account_id = await tenant.account("interviewer", name=f"{slug.title()} Lind", zone=zone)
    with tenant.scope():
        async with unit_of_work():
            await InterviewerProfile.create(
                account_id=account_id, slug=slug, headline="Engineering manager", bio="Hello.", currency="EUR",
                rate_minor=rate, skills=["System design"], languages=["en"], published=True,
            )  # fmt: skip
            kind = await InterviewType.get(slug="system-design")
            if changes:
                await kind.update_from_dict(changes).save()
            await Schedule.create(account_id=account_id, zone=zone, weekly=weekly or WEEK)
            await Offer.create(account_id=account_id, type_id=kind.id)
    return World(tenant, account_id, slug, kind)


@pytest.fixture
async def world(tenant: TenantKit) -> World:
    return await interviewer(tenant)


@pytest.fixture
async def make_world(
    make_tenant: Callable[..., Awaitable[TenantKit]],
) -> Callable[..., Awaitable[World]]:
    async def make(**options: Any) -> World:
        return await interviewer(await make_tenant(), **options)

    return make


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def stamp(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def day_after(days: int, hour: int, minute: int = 0) -> datetime:
    """An instant so many days ahead, in UTC."""
    return (now() + timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0)


async def save_hours(world: World, weekly: dict[str, Any], **changes: Any) -> None:
    """Store other hours for the interviewer, through the service."""
    with world.tenant.scope():
        row = await Schedule.get(account_id=world.interviewer_id)
        values = {"zone": row.zone, "per_day": None, "per_week": None, **changes}
        await hours.save_hours(
            world.interviewer_id,
            hours.HoursInput(weekly=weekly, types=(world.kind.id,), version=row.version, **values),
        )


class Packages:
    """Sells packages in place of payments."""

    def __init__(self) -> None:
        self.left, self.log = 1, list[str]()

    async def sessions(self, account_id: UUID, type_id: UUID) -> list[tuple[str, int, str]]:
        return [("pack", self.left, "Five sessions")]

    async def use(self, key: str, account_id: UUID, reference_id: UUID) -> bool:
        self.log.append("use")
        self.left -= 1
        return True

    async def give_back(self, key: str, account_id: UUID, reference_id: UUID) -> None:
        self.log.append("back")
        self.left += 1

    async def practice(self, account_id: UUID) -> tuple[int, int, int]:
        return (1, 1, 1)


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Packages:
    found, real = Packages(), services.get
    monkeypatch.setattr(services, "get", lambda wanted: found if wanted == "payments.Entitlements" else real(wanted))
    return found
