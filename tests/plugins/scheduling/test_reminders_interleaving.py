"""Whatever happens to a booking in whatever order: nobody is reminded of a time that does not stand, nor twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import unit_of_work
from kernel.base.clock import frozen_at
from plugins.scheduling.models import Booking
from plugins.scheduling.services import changes, reminders
from plugins.scheduling.services.core import move, plan, unplan
from plugins.scheduling.states import Status

from .conftest import World, day_after, stamp

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([1, 20, 31, 60, 600, 1440])),
        st.tuples(st.just("move"), st.integers(1, 72)),
        st.tuples(st.sampled_from(["fire", "cancel", "finish", "replan"]), st.just(0)),
    ),
    min_size=3,
    max_size=14,
)


class Sink:
    """Takes what is said and checks it against the booking as it stands at that moment."""

    def __init__(self, booking_id: Any) -> None:
        self.booking_id, self.said = booking_id, Counter[str]()

    async def deliver(self, type_id: str, notices: list[Any]) -> None:
        row = await Booking.get(id=self.booking_id)
        for notice in notices:
            self.said[notice.key] += 1
            if type_id == "scheduling.reminder":
                assert row.status == "accepted", (row.status, notice.key)
                assert notice.params["when"] == row.starts_at
                assert row.starts_at > _clock.at
            else:
                assert (type_id, row.status) == ("scheduling.follow_up", "completed")


_clock = SimpleNamespace(at=None)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_no_reminder_of_what_was_moved_or_called_off(
    world: World, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]]
) -> None:
    with world.tenant.scope():
        await Booking.all().update(status="cancelled")  # of the example before
    site = await world.tenant.sign_in("candidate")
    start = day_after(4, 10)
    booking_id = await world.booked(site, stamp(start))
    sink = Sink(booking_id)
    _clock.at = start - timedelta(days=2)
    with world.tenant.scope(), monkeypatch.context() as patch:
        patch.setattr(reminders.services, "get", lambda wanted: sink if wanted is reminders.NoticeSink else None)
        for step, amount in steps:
            if step == "wait":
                _clock.at += timedelta(minutes=amount)
                continue
            with frozen_at(_clock.at):
                await _do(step, amount, booking_id)
    assert not [key for key, times in sink.said.items() if times > 1]


async def _do(step: str, amount: int, booking_id: Any) -> None:
    """One step of a booking's life, as far as it is possible now."""
    if step == "fire":
        await reminders.send_due()
        return
    if step == "replan":
        await reminders.replan()
        return
    async with unit_of_work():
        row = await Booking.filter(id=booking_id).select_for_update().get()
        if row.status != "accepted":
            return
        if step == "move":
            new = _clock.at + timedelta(hours=amount)
            times = {"starts_at": new, "ends_at": new + timedelta(hours=1)}
            await move(row, Status.ACCEPTED, role="admin", ical_sequence=row.ical_sequence + 1, **times)
            await plan(row)
        elif step == "cancel":
            await move(row, Status.CANCELLED, role="admin", ical_sequence=row.ical_sequence + 1)
            if amount == 0 and _clock.at.minute % 2:
                await unplan(row)  # and now and then somebody forgets to: the moment of firing decides
        elif _clock.at > row.starts_at:
            await changes.finish(booking_id, "completed")
