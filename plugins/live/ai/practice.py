"""The practice room's use cases: begin, answer, ask for a hint, go on. The script itself is pure (script.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kernel import _, after_commit, errors, new_id, now, setting, unit_of_work

from .. import services as rooms
from ..access import Seat, channel
from ..hub.wire import clean
from ..models import ChatMessage, LiveSession, PracticeRun, Question
from ..states.session import OPEN_STATES, Kind, State
from ..tools import chat, clockwork
from . import script as pure
from .bank import Item, bundled, choose, topic_of
from .script import Action, Reply, Script

#: A person does not get a question again within this many sessions.
_REMEMBERED_RUNS = 12


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a practice session stands, for its page and its wire."""

    number: int
    of: int
    title: str
    topic: str
    level: str
    minutes: int
    hints_left: int
    over: bool

    def wire(self) -> dict[str, Any]:
        return {
            "t": "practice",
            "number": self.number,
            "of": self.of,
            "title": self.title,
            "minutes": self.minutes,
            "hints": self.hints_left,
            "over": self.over,
        }


async def seed_bank() -> int:
    """Give the tenant the bundled questions that it has not got; edited and switched-off ones stay as they are."""
    known = {row.slug for row in await Question.filter(bundled=True).only("id", "slug")}
    rows = [
        Question(
            slug=item.slug,
            topic=item.topic,
            level=item.level,
            locale=item.locale,
            title=item.title,
            minutes=item.minutes,
            content={"prompt": item.prompt, "hints": list(item.hints), "points": item.to_data()["points"]},
            bundled=True,
        )
        for item in bundled()
        if item.slug not in known
    ]
    if rows:
        await Question.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


async def begin(seat: Seat) -> LiveSession:
    """The interviewer introduces itself and asks the first question. Idempotent."""
    _must_practise(seat)
    session = await rooms.opened(seat.booking)
    async with unit_of_work():
        session = await LiveSession.filter(id=session.id).select_for_update().get()
        if session.state not in OPEN_STATES:
            raise errors.Conflict
        if session.state != State.LIVE:
            await rooms.meet(session)
        if await PracticeRun.filter(session_id=session.id).exists():
            return session
        items, topic = await _chosen(seat)
        started, replies = pure.begin(items)
        run = await PracticeRun.create(
            session=session,
            candidate_id=seat.person.id,
            topic=topic,
            items=[item.to_data() for item in items],
            script=started.to_data(),
        )
        await _say(session, run, replies)
        timer = await clockwork.change(session.id, "start", 1)
        at = now()
        after_commit(lambda: rooms.hub.post(channel(session.id), {"t": "timer", **timer.wire(at)}))
    return session


async def act(seat: Seat, action: Action, text: str = "", cid: str = "") -> None:
    """An answer or a button of the candidate, and what the interviewer says to it."""
    _must_practise(seat)
    body = clean(text)
    if action == "answer" and not body:
        return
    if seat.session is None:
        raise errors.Conflict
    async with unit_of_work():
        session = await LiveSession.filter(id=seat.session.id).select_for_update().get()
        run = await PracticeRun.filter(session_id=session.id).first()
        if run is None or session.state not in OPEN_STATES:
            raise errors.Conflict(_("This practice session is not running."))
        if action == "answer":
            if cid and await ChatMessage.filter(session_id=session.id, author_id=seat.person.id, cid=cid).exists():
                return  # sent again after a lost connection
            cid = cid or new_id().hex
            mine = await chat.append(
                session, role="candidate", kind="answer", body=body, author_id=seat.person.id, cid=cid
            )
            _post(session.id, chat.wire(mine))
        items = [Item.from_data(item) for item in run.items]
        ahead, replies = pure.step(Script.from_data(run.script), items, action, body)
        run.script = ahead.to_data()
        await run.save()
        await _say(session, run, replies)


async def standing(session_id: UUID) -> Standing | None:
    run = await PracticeRun.filter(session_id=session_id).first()
    return _standing(run) if run is not None else None


def _must_practise(seat: Seat) -> None:
    if seat.kind is not Kind.AI:
        raise errors.NotFound
    if seat.standing != "open":
        raise errors.Conflict(_("This practice session is not running."))


async def _chosen(seat: Seat) -> tuple[tuple[Item, ...], str]:
    rows = await Question.filter(active=True)
    items = [_item(row) for row in rows] or list(bundled())
    runs = await PracticeRun.filter(candidate_id=seat.person.id).order_by("-created_at").limit(_REMEMBERED_RUNS)
    seen = {str(item["slug"]) for run in runs for item in run.items}
    goal = " ".join(str(value) for value in seat.booking.intake.values()) if seat.booking.intake else ""
    topic = topic_of(seat.booking.type_title) or topic_of(goal)
    chosen = choose(
        items,
        topic=topic,
        minutes=seat.booking.duration_minutes,
        at_most=setting("live.practice_questions"),
        seen=seen,
        seed=seat.booking.id.int,
    )
    return chosen, topic


def _item(row: Question) -> Item:
    data = {
        "slug": row.slug,
        "topic": row.topic,
        "level": row.level,
        "title": row.title,
        "minutes": row.minutes,
        "locale": row.locale,
    }
    return Item.from_data({**row.content, **data})


async def _say(session: LiveSession, run: PracticeRun, replies: tuple[Reply, ...]) -> None:
    """Store what the interviewer says, in the reader's language where it is ours, and post it."""
    for reply in replies:
        body = _(reply.message) if reply.message else reply.text
        said = await chat.append(session, role="interviewer", kind=reply.kind, body=body, cid=new_id().hex)
        _post(session.id, chat.wire(said))
    _post(session.id, _standing(run).wire())


def _post(session_id: UUID, message: dict[str, Any]) -> None:
    after_commit(lambda: rooms.hub.post(channel(session_id), message))


def _standing(run: PracticeRun) -> Standing:
    script = Script.from_data(run.script)
    item = Item.from_data(run.items[script.at])
    return Standing(
        number=script.at + 1,
        of=len(run.items),
        title=item.title,
        topic=item.topic,
        level=item.level,
        minutes=item.minutes,
        hints_left=len(item.hints) - script.here.hints,
        over=script.phase == "over",
    )
