"""Feedback for the demo tenants' past sessions. The same every time, but for the day it is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import accounts, current_locale, enqueue, now, services, unit_of_work
from plugins.live.api import Sessions
from plugins.scheduling.api import BookingInfo, Bookings

from .access import exchange_for, is_finished
from .content import ASPECTS, CardContent, Mark, overall, pack_card
from .demo_texts import DE, EN, Words
from .models import Exchange, Review, Rubric, Scorecard
from .rubrics import RubricCopy, pack
from .services import rubrics
from .states import SUBMITTED

_BACK: Final = timedelta(days=120)
_CANDIDATE, _INTERVIEWER, _ADMIN = "candidate@demo.test", "interviewer@demo.test", "admin@demo.test"


class _Scene:
    """What is being made, and with what."""

    def __init__(self, slug: str, offered: Sequence[Rubric]) -> None:
        self.rng = random.Random(f"feedback {slug}")  # noqa: S311 - invented data, the same every time
        self.words: Words = DE if current_locale() == "de" else EN
        self.offered = offered
        self.exchanges: list[Exchange] = []
        self.cards: list[Scorecard] = []
        self.reviews: list[Review] = []
        self.seconds = 0
        self.met: dict[UUID, int] = {}
        self.decks: dict[tuple[str, ...], list[str]] = {}

    def pick(self, texts: tuple[str, ...]) -> str:
        """One after the other in a shuffled order, so that nothing is repeated before everything was said."""
        deck = self.decks.get(texts) or self.rng.sample(texts, len(texts))
        self.decks[texts] = deck[1:]
        return deck[0]


async def seed(slug: str) -> None:
    """Fill the tenant in bulk and without news; two sessions stay open, so that there is something to do."""
    finished = [b for b in await services.need(Bookings).for_period(now() - _BACK, now()) if is_finished(b)]
    finished.sort(key=lambda b: b.ends_at)
    me, host, admin = [await _id(email) for email in (_CANDIDATE, _INTERVIEWER, _ADMIN)]
    people = [b for b in finished if b.interviewer_id is not None]
    mine = next((b for b in reversed(people) if b.candidate_id == me and b.interviewer_id != host), None)
    theirs = next((b for b in reversed(people) if b.interviewer_id == host and b.candidate_id != me), None)
    scene = _Scene(slug, await rubrics.offered())
    rooms = services.need(Sessions)
    for booking in finished:
        room = await rooms.get(booking.id)
        scene.seconds = room.seconds if room is not None else booking.duration_minutes * 60
        _session(scene, booking, rated=booking is not mine, scored=booking is not theirs)
    _moderated(scene, host, admin)
    async with unit_of_work():
        await Exchange.bulk_create(scene.exchanges)
        await Scorecard.bulk_create(scene.cards)
        await Review.bulk_create(scene.reviews)
        for exchange in scene.exchanges:
            if exchange.interviewer_id is not None and exchange.released_at is None:
                id, stamp = str(exchange.booking_id), exchange.release_at.isoformat()
                await enqueue(
                    "feedback.release",
                    {"booking_id": id, "release_at": stamp},
                    run_at=exchange.release_at,
                    key=f"feedback:{id}:release",
                )


async def _id(email: str) -> UUID | None:
    found = await accounts.find_account(email)
    return found.id if found is not None else None


def _session(scene: _Scene, booking: BookingInfo, *, rated: bool, scored: bool) -> None:
    exchange = exchange_for(booking, scene.seconds)
    exchange.created_at = exchange.updated_at = exchange.ended_at = booking.ends_at
    scene.exchanges.append(exchange)
    if booking.interviewer_id is None:
        return
    if not (rated and scored):
        # One of the two is still to be written: it must not be over already, whenever the session was.
        late = max(timedelta(), now() - timedelta(hours=20) - exchange.ended_at)
        exchange.starts_at, exchange.ended_at = exchange.starts_at + late, exchange.ended_at + late
        exchange.due_at, exchange.release_at = now() + timedelta(hours=4), now() + timedelta(days=6)
    card_at = min(now(), exchange.ended_at + timedelta(hours=scene.rng.randrange(1, 22)))
    review_at = min(now(), exchange.ended_at + timedelta(hours=scene.rng.randrange(1, 40)))
    if scored:
        scene.cards.append(_card(scene, exchange, card_at))
    if rated:
        scene.reviews.append(_review(scene, exchange, review_at))
    if rated and scored:
        exchange.released_at, exchange.released_because = max(card_at, review_at), "both"
        scene.reviews[-1].released_at = exchange.released_at


def _card(scene: _Scene, exchange: Exchange, at: datetime) -> Scorecard:
    found = rubrics.fitting(scene.offered, exchange.title)
    assert found is not None  # noqa: S101 - every tenant begins with two
    rubric = rubrics.copy_of(found)
    number = scene.met[exchange.candidate_id] = scene.met.get(exchange.candidate_id, -1) + 1
    content = _content(scene, rubric, number)
    return Scorecard(
        exchange_id=exchange.id, booking_id=exchange.booking_id, author_id=exchange.interviewer_id,
        subject_id=exchange.candidate_id, rubric=pack(rubric), content=pack_card(content),
        score=overall(rubric, content), state=SUBMITTED, submitted_at=at, created_at=at, updated_at=at, version=2,
    )  # fmt: skip


def _content(scene: _Scene, rubric: RubricCopy, number: int) -> CardContent:
    """Marks that rise with practice, each criterion from where it began."""
    marks: dict[str, Mark] = {}
    for index, c in enumerate(rubric.criteria):
        begin = (2.4, 2.8, 2.2, 2.6, 3.2)[index % 5]
        score = max(1, min(5, round(begin + 0.2 * number + scene.rng.uniform(-0.6, 0.6))))
        low, middle, high = scene.words.evidence.get(c.id, ((), (), ()))
        texts = low if score < 3 else middle if score == 3 else high
        marks[c.id] = Mark(score, scene.pick(texts) if texts and (score != 3 or scene.rng.random() < 0.6) else "")
    mean = sum(m.score or 0 for m in marks.values()) / (len(marks) or 1)
    signal = "not_yet" if mean < 2.6 else "nearly" if mean < 3.5 else "ready" if mean < 4.4 else "strong"
    strengths, improvements, steps = scene.words.summaries[rubric.slug]
    return CardContent(marks, scene.pick(strengths), scene.pick(improvements), scene.pick(steps), signal)


def _review(scene: _Scene, exchange: Exchange, at: datetime) -> Review:
    good = scene.rng.random() < 0.84
    stars = {name: scene.rng.choice((4, 5, 5, 5) if good else (3, 3, 4)) for name in ASPECTS}
    values: dict[str, Any] = {
        "text": scene.pick(scene.words.good if good else scene.words.mixed) if scene.rng.random() < 0.8 else "",
        "private_note": scene.pick(scene.words.notes) if scene.rng.random() < 0.08 else "",
    }
    return Review(
        exchange_id=exchange.id, booking_id=exchange.booking_id, author_id=exchange.candidate_id,
        subject_id=exchange.interviewer_id, state=SUBMITTED, submitted_at=at, created_at=at, updated_at=at, version=2,
        **stars, **values,
    )  # fmt: skip


def _moderated(scene: _Scene, host: UUID | None, admin: UUID | None) -> None:
    """One review that was hidden and one that waits for a decision, so that moderators have something to see."""
    about_others = [r for r in scene.reviews if r.released_at is not None and r.subject_id != host]
    if len(about_others) < 6:
        return
    bad, odd = about_others[2], about_others[-2]
    bad.text, bad.hidden_reason = scene.words.hidden
    bad.realism = bad.clarity = bad.usefulness = 1
    bad.hidden_at, bad.hidden_by = (bad.released_at or now()) + timedelta(hours=5), admin
    odd.text, reason = scene.words.reported
    odd.realism, odd.clarity, odd.usefulness = 2, 3, 2
    odd.report_state, odd.report_reason, odd.reported_at = "open", reason, now() - timedelta(hours=9)
