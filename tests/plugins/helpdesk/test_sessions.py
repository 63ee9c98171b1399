"""Tickets about sessions: only one's own, urgent when they start soon, and nothing of it without scheduling."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel import now
from kernel.base.ids import new_id
from kernel.testing.people import TenantKit
from plugins.helpdesk import neighbours
from plugins.helpdesk.services import upkeep

from .conftest import Desk


@dataclass(slots=True)
class Info:
    """A booking as scheduling gives it."""

    candidate_id: UUID
    starts_at: datetime
    status: str = "accepted"
    id: UUID = field(default_factory=new_id)
    interviewer_id: UUID | None = field(default_factory=new_id)
    candidate_name: str = "Ada Novak"
    interviewer_name: str = "Kenji Watanabe"
    type_title: str = "System design"
    path: str = "/bookings/x"

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(hours=1)


class Bookings:
    """Stands in for scheduling's service."""

    def __init__(self, *infos: Info) -> None:
        self.by_id = {info.id: info for info in infos}

    async def get(self, booking_id: UUID) -> Info | None:
        return self.by_id.get(booking_id)

    async def many(self, booking_ids: list[UUID]) -> dict[UUID, Info]:
        return {i: self.by_id[i] for i in booking_ids if i in self.by_id}

    async def upcoming(self, account_id: UUID, limit: int = 10) -> list[Info]:
        return [i for i in self.by_id.values() if i.candidate_id == account_id and i.starts_at > now()][:limit]

    async def past(self, account_id: UUID, limit: int = 10) -> list[Info]:
        return [i for i in self.by_id.values() if i.candidate_id == account_id and i.starts_at <= now()][:limit]


Given = Callable[..., None]


@pytest.fixture
def bookings(monkeypatch: pytest.MonkeyPatch) -> Given:
    """`bookings(info, ...)`: what scheduling knows."""

    def given(*infos: Info) -> None:
        found = Bookings(*infos)

        class Services:
            @staticmethod
            def get(name: Any) -> Any:
                return found if name == "scheduling.Bookings" else None

        monkeypatch.setattr(neighbours, "services", Services)

    return given


def own(desk: Desk, minutes: int, **more: Any) -> Info:
    assert desk.ada.account_id is not None
    return Info(desk.ada.account_id, now() + timedelta(minutes=minutes), **more)


@pytest.mark.parametrize(
    ("minutes", "status", "priority"),
    [
        (10, "accepted", "urgent"),
        (119, "accepted", "urgent"),
        (125, "accepted", "normal"),
        (-30, "in_progress", "urgent"),
        (-90, "accepted", "normal"),
        (10, "cancelled", "normal"),
        (-30, "completed", "normal"),
    ],
)
async def test_a_ticket_about_a_session_that_starts_soon_is_urgent(
    desk: Desk, bookings: Given, minutes: int, status: str, priority: str
) -> None:
    info = own(desk, minutes, status=status)
    bookings(info)
    number = await desk.ask(booking=str(info.id))
    row = await desk.row(number)
    assert (row.priority, row.booking_id) == (priority, info.id)
    shown = "The session starts soon" in (await desk.maya.get(f"/desk/{number}")).text
    assert shown == (priority == "urgent")


async def test_somebody_elses_session_cannot_be_named(desk: Desk, bookings: Given) -> None:
    foreign = Info(new_id(), now() + timedelta(hours=1))
    bookings(foreign)
    answer = await desk.send(booking=str(foreign.id))
    assert answer.status == 422
    assert "Choose one of your own sessions." in answer.text
    assert str(foreign.id) not in (await desk.ada.get("/help/new")).text


async def test_ones_own_sessions_are_offered_and_shown_to_agents(desk: Desk, bookings: Given) -> None:
    soon, past = own(desk, 300), own(desk, -3000, status="completed")
    bookings(soon, past)
    form = (await desk.ada.get(f"/help/new?booking={soon.id}")).text
    assert f'value="{soon.id}" selected' in form
    assert f'value="{past.id}"' in form
    number = await desk.ask(booking=str(past.id))
    page = (await desk.maya.get(f"/desk/{number}")).text
    assert "Next sessions" in page
    assert "System design with Kenji Watanabe" in page


async def test_time_passes_and_a_waiting_ticket_becomes_urgent_once(desk: Desk, bookings: Given) -> None:
    info = own(desk, 600)
    bookings(info)
    number = await desk.ask(booking=str(info.id))
    with desk.kit.scope():
        assert await upkeep.raise_urgent() == 0
        info.starts_at = now() + timedelta(minutes=30)
        assert await upkeep.raise_urgent() == 1
        assert await upkeep.raise_urgent() == 0
    assert (await desk.row(number)).priority == "urgent"
    await desk.set(number, "priority", "low")  # the agent's word stands
    with desk.kit.scope():
        assert await upkeep.raise_urgent() == 0
    assert (await desk.row(number)).priority == "low"


async def test_a_solved_ticket_is_left_alone(desk: Desk, bookings: Given) -> None:
    info = own(desk, 600)
    bookings(info)
    number = await desk.ask(booking=str(info.id))
    await desk.write(number, "Done", then="solved")
    info.starts_at = now() + timedelta(minutes=30)
    with desk.kit.scope():
        assert await upkeep.raise_urgent() == 0


async def test_without_scheduling_tickets_work(make_tenant: Callable[..., Awaitable[TenantKit]]) -> None:
    kit = await make_tenant(plugins={"feedback": False, "live": False, "scheduling": False})
    desk = Desk(kit, await kit.sign_in("candidate"), await kit.sign_in("agent"))
    form = (await desk.ada.get("/help/new")).text
    assert 'name="booking"' not in form
    number = await desk.ask()
    assert (await desk.maya.get(f"/desk/{number}")).status == 200
    assert (await desk.send(booking=str(new_id()))).status == 422
    with kit.scope():
        assert await upkeep.raise_urgent() == 0
