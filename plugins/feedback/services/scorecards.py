"""The interviewer's scorecard: drafted, handed in, corrected."""

from __future__ import annotations

from kernel import compare_and_set, errors, now, publish, setting, unit_of_work
from kernel import gettext as _

from .. import events
from ..access import Seat
from ..content import CardContent, card_faults, overall, pack_card
from ..models import Edition, Exchange, Scorecard
from ..rubrics import RubricCopy, pack
from ..settings import EDIT_HOURS
from ..states import DRAFT, SUBMITTED, check_move, editable_until
from . import exchanges


class Moved(errors.Conflict):
    """It was changed elsewhere since it was read; `version` is where it stands now."""

    def __init__(self, version: int) -> None:
        super().__init__(_("This was changed in another window. Compare, then save again."))
        self.version = version


class Locked(errors.Conflict):
    """Handed in, and the time for corrections is over."""

    def __init__(self) -> None:
        super().__init__(_("It was handed in and the time for corrections is over."), title=_("Locked"))


async def save_draft(seat: Seat, rubric: RubricCopy, content: CardContent, version: int) -> Scorecard:
    """Keep the draft as typed, complete or not. `version` is that of the card as read, 0 for none.

    Raises Moved when it changed meanwhile and Locked when it was handed in.
    """
    _must_be_interviewer(seat)
    async with unit_of_work():
        exchange = await exchanges.locked(seat)
        card = await _card(exchange, seat, rubric, version)
        if card.state == SUBMITTED:
            raise Locked
        check_move(card.state, DRAFT)
        await compare_and_set(card, rubric=pack(rubric), content=pack_card(content), score=overall(rubric, content))
    return card


async def submit(seat: Seat, rubric: RubricCopy, content: CardContent, version: int) -> Scorecard:
    """Hand the scorecard in, or correct it: that keeps the former edition.

    Raises Invalid naming fields, Moved when it changed meanwhile, Locked when it is too late.
    """
    _must_be_interviewer(seat)
    if faults := card_faults(rubric, content):
        raise errors.Invalid(faults)
    async with unit_of_work():
        exchange = await exchanges.locked(seat)
        card = await _card(exchange, seat, rubric, version)
        check_move(card.state, SUBMITTED)
        first = card.state != SUBMITTED
        if first:
            await _write(card, rubric, content, state=SUBMITTED, submitted_at=now())
            await publish(
                events.ScorecardSubmitted(
                    booking_id=card.booking_id, author_id=card.author_id, subject_id=card.subject_id
                )
            )
            await exchanges.release_if_ready(exchange)
        else:
            await _correct(card, rubric, content)
    return card


async def _correct(card: Scorecard, rubric: RubricCopy, content: CardContent) -> None:
    if editable_until(card.submitted_at, setting(EDIT_HOURS)) is None:
        raise Locked
    if card.content == pack_card(content):
        return
    kept = {"content": card.content, "score": card.score, "rubric": card.rubric}
    written = card.edited_at or card.submitted_at or now()
    await Edition.create(of="scorecard", target_id=card.id, number=card.edition, content=kept, written_at=written)
    await _write(card, rubric, content, edition=card.edition + 1, edited_at=now())
    await publish(
        events.ScorecardRevised(
            booking_id=card.booking_id, author_id=card.author_id, subject_id=card.subject_id, edition=card.edition
        )
    )


async def _write(card: Scorecard, rubric: RubricCopy, content: CardContent, **changes: object) -> None:
    await compare_and_set(
        card, rubric=pack(rubric), content=pack_card(content), score=overall(rubric, content), **changes
    )


async def _card(exchange: Exchange, seat: Seat, rubric: RubricCopy, version: int) -> Scorecard:
    """The card as it stands, checked against what the writer has read; a new draft when there is none."""
    card = await Scorecard.filter(booking_id=exchange.booking_id).first()
    if card is None:
        if version != 0:
            raise Moved(0)
        card = Scorecard(
            exchange=exchange,
            booking_id=exchange.booking_id,
            author_id=seat.actor.id,
            subject_id=exchange.candidate_id,
            rubric=pack(rubric),
            state=DRAFT,
        )
        await card.save(force_create=True)
    elif card.version != version:
        raise Moved(card.version)
    return card


def _must_be_interviewer(seat: Seat) -> None:
    """Nobody writes somebody else's scorecard; for the candidate there is no such page."""
    if seat.is_candidate:
        raise errors.NotFound
