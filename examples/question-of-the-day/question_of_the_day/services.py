"""Use cases: the only writers of the tables."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import N_, _, current_snapshot, errors, now, publish, speaking, unit_of_work, zones

from . import queries, settings
from .events import QuestionAsked
from .models import Asked, Follower, Question

FIRST = (
    N_("Tell me about a time you changed your mind."),
    N_("What would you do in your first week here?"),
    N_("Explain something you know well to someone who has never heard of it."),
)


def today() -> date:
    """The date on the tenant's calendar."""
    return zones.wall(now(), current_snapshot().zone).date()


async def start() -> None:
    """What a tenant needs that has just switched us on. Running it twice does no harm."""
    if not await Question.all().exists():
        snapshot = current_snapshot()
        with speaking(snapshot.locale, snapshot.zone):
            await Question.bulk_create([Question(text=_(text)) for text in FIRST])
    await ask(today())


async def ask(day: date) -> bool:
    """Choose the question of `day`: the one not asked for longest. False when it has one, or shall have none."""
    if day.weekday() >= 5 and not settings.on_weekends():
        return False
    chosen = await queries.next_question()
    if chosen is None:
        return False
    try:
        async with unit_of_work():
            await Asked.create(question_id=chosen.id, day=day)
            await publish(QuestionAsked(question_id=chosen.id, day=day, text=chosen.text))
    except IntegrityError:  # another worker was first, or the day had its question already
        return False
    return True


async def add_question(text: str) -> Question:
    """A new question; it is asked before those that were asked already. Raises Invalid for one that is there."""
    try:
        return await Question.create(text=text)
    except IntegrityError:
        raise errors.Invalid({"text": _("This question is there already.")}) from None


async def retire(question: Question) -> None:
    """Never ask it again; the days on which it was asked stay."""
    await Question.filter(id=question.id).update(retired=True)


async def follow(account_id: UUID, wanted: bool) -> None:
    """Be told every morning, or no longer. A second click changes nothing."""
    if not wanted:
        await Follower.filter(account_id=account_id).delete()
    else:
        await Follower.get_or_create(account_id=account_id)
