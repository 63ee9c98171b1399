"""Past sessions of the demo, so that pages of old bookings have something to say. Real answers, made up people."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

from kernel import DemoData, new_id, now, services
from plugins.scheduling.api import BookingInfo, Bookings

from .ai import script
from .ai.bank import Item, bundled, topic_of
from .models import LiveSession, PracticeRun

_ANSWERS: Final = {
    "booking-system": (
        "I would let a person hold a seat for ten minutes, and the hold expires on its own. The final write is guarded"
        " by a unique constraint inside a transaction, so that only one of two people can win the seat.",
        "In the first minute I would put a virtual queue in front, so that people come in slowly and the database"
        " answers at its own pace.",
    ),
    "two-sum": (
        "The obvious way is a nested loop over all pairs, which is quadratic. I would rather keep a hash map of what I"
        " have seen and look for the missing number at each step, so it is linear in time.",
        "I would test an empty list, a list with duplicates and one where there is no solution at all.",
    ),
    "conflict-colleague": (
        "Last year I worked on a payment service with a colleague who wanted to rewrite all of it. I listened to his"
        " concerns and proposed to replace one part first. As a result we shipped in 6 weeks instead of 5 months.",
    ),
    "sql-index": (
        "The index holds the plain address, but the query asks for a function on the column, so it cannot be used."
        " I would look at the plan with explain and add an expression index on lower of the column.",
        "One more index makes each insert a little slower and it takes disk space, so I would check that it is used.",
    ),
    "metric-drop": (
        "First I would make sure that the number itself is right and that no tracking was changed. Then I would segment"
        " by city and by platform and follow the funnel step by step to see where people are lost.",
    ),
}


async def seed(slug: str) -> None:
    """A room for every booking of the last weeks that took place."""
    bookings = services.get(Bookings)
    if bookings is None or await LiveSession.exists():
        return
    dice = random.Random(f"live {slug}")  # noqa: S311 - the same demo every time
    past = await bookings.for_period(now() - timedelta(days=120), now() - timedelta(hours=1))
    done = [b for b in past if b.status == "completed"]
    sessions = [_session(booking, dice) for booking in done]
    runs = [_run(s, b) for s, b in zip(sessions, done, strict=True) if b.kind == "ai" and s.state == "ended"]
    if sessions:
        await LiveSession.bulk_create(sessions)
    if runs:
        await PracticeRun.bulk_create(runs)


def _session(booking: BookingInfo, dice: random.Random) -> LiveSession:
    outcome = booking.outcome or "completed"
    state = outcome if outcome.startswith("no_show") else "ended"
    length = round((booking.ends_at - booking.starts_at).total_seconds() * dice.uniform(0.82, 1.04))
    began = booking.starts_at + timedelta(seconds=dice.randint(20, 150))
    ended = state == "ended"
    return LiveSession(
        id=new_id(),
        booking_id=booking.id,
        kind=booking.kind,
        state=state,
        candidate_id=booking.candidate_id,
        interviewer_id=booking.interviewer_id,
        title=booking.type_title[:200],
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        started_at=began if ended else None,
        ended_at=began + timedelta(seconds=length) if ended else booking.starts_at + timedelta(minutes=10),
        end_cause="ended" if ended else "missed_" + state.removeprefix("no_show_"),
        ended_by=booking.interviewer_id or booking.candidate_id if ended else None,
        seconds=length if ended else 0,
    )


def _run(session: LiveSession, booking: BookingInfo) -> PracticeRun:
    topic = topic_of(booking.type_title)
    items = [i for i in bundled() if i.slug in _ANSWERS and i.topic == topic]
    items = items or [i for i in bundled() if i.slug in _ANSWERS][:2]
    state = _practised(items)
    return PracticeRun(
        session_id=session.id,
        candidate_id=booking.candidate_id,
        topic=topic,
        items=[item.to_data() for item in items],
        script=state.to_data(),
        report=script.report(state, items),
    )


def _practised(items: list[Item]) -> script.Script:
    state, _said = script.begin(items)
    for item in items:
        for answer in _ANSWERS[item.slug]:
            state, _said = script.step(state, items, "answer", answer)
        if state.phase == "asking" and items[state.at] is item:
            state, _said = script.step(state, items, "next")
    return state


DEMO = DemoData(seed=seed, after=("users", "scheduling"))
