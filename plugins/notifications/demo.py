"""Messages for the people of the demo, so that the bell, the list and the record of e-mails have something to show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel import N_, DemoData, Money, Notice, accounts, has_route, now, services, unit_of_work, url

from . import preferences
from .models import FAILED, SENT, SUPPRESSED, Attachment, Email, Message
from .services import Sink
from .webhooks import demo as webhooks

_CANDIDATE, _INTERVIEWER, _ADMIN = "candidate@demo.test", "interviewer@demo.test", "admin@demo.test"


@dataclass(frozen=True, slots=True)
class _Session:
    """What a message tells about a session; made up where there is no booking of that kind."""

    title: str
    name: str
    when: datetime
    path: str


@dataclass(frozen=True, slots=True)
class _Story:
    """One message: who gets it, how long ago, and whether it was read."""

    email: str
    type_id: str
    hours: float
    subject: str
    body: str
    params: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    path: str = ""
    read: bool = True
    calendar: bool = False


async def seed(slug: str) -> None:
    """Through the same sink as everything else; then moved into the past."""
    people = {email: await accounts.find_account(email) for email in (_CANDIDATE, _INTERVIEWER, _ADMIN)}
    stories = [
        *_of_candidate(await _sessions(people[_CANDIDATE], "interviewer_name", "Hannah Weiss")),
        *_of_interviewer(await _sessions(people[_INTERVIEWER], "candidate_name", "Aisha Bello")),
        *_of_admin(),
    ]
    for position, story in enumerate(stories):
        account = people[story.email]
        if account is not None and preferences.find_type(story.type_id) is not None:
            await _tell(story, account.id, f"notifications.demo:{position}")
    await _troubles()
    await webhooks.seed()


async def _sessions(account: Any, other: str, name: str) -> tuple[_Session, _Session]:
    """A session that comes and one that was."""
    hour = now().replace(minute=0, second=0, microsecond=0)
    coming = _Session("System design", name, hour + timedelta(days=2), _path("scheduling.bookings"))
    past = _Session("System design", name, hour - timedelta(days=2), _path("scheduling.bookings"))
    bookings = services.get("scheduling.Bookings")
    if bookings is None or account is None:
        return coming, past
    nexts, lasts = await bookings.upcoming(account.id, 10), await bookings.past(account.id, 10)

    def told(found: list[Any], otherwise: _Session) -> _Session:
        with_people = [b for b in found if b.kind == "human" and getattr(b, other)]
        if not with_people:
            return otherwise
        one = with_people[-1] if otherwise is coming else with_people[0]
        return _Session(one.type_title, getattr(one, other), one.starts_at, one.path)

    return told(nexts, coming), told(lasts, past)


def _of_candidate(sessions: tuple[_Session, _Session]) -> Iterator[_Story]:
    coming, past = sessions
    yield _Story(
        _CANDIDATE, "feedback.released", 2.2, N_("Feedback from {name} is here"),
        N_("Your scorecard for “{title}” is ready. Take ten minutes for it while you remember the session."),
        {"name": past.name, "title": past.title}, N_("Read the feedback"), past.path, read=False,
    )  # fmt: skip
    yield _Story(
        _CANDIDATE, "scheduling.booking_confirmed", 7, N_("You are booked with {name}"),
        N_("“{title}” on {when}. The calendar entry is attached to the email."),
        {"title": coming.title, "name": coming.name, "when": coming.when}, N_("Open the session"), coming.path,
        read=False, calendar=True,
    )  # fmt: skip
    yield _Story(
        _CANDIDATE, "payments.receipt", 7.1, N_("Receipt for {amount}"),
        N_("Thank you. The receipt for “{title}” is with your payments."),
        {"amount": Money(6500, "EUR"), "title": coming.title}, N_("Open my payments"), _path("payments.mine"),
    )  # fmt: skip
    yield _Story(
        _CANDIDATE, "scheduling.reminder", 50, N_("“{title}” begins {when}"),
        N_("{name} expects you in the room. You can test camera and microphone beforehand."),
        {"title": past.title, "name": past.name, "when": past.when}, N_("Open the session"), past.path,
    )  # fmt: skip
    yield _Story(
        _CANDIDATE, "users.new_device", 80, N_("Sign-in from a new device"),
        N_("Somebody signed in with your password, most likely you. If not, change the password now."),
        {}, N_("Sign-in and security"), url("kernel.security"),
    )  # fmt: skip


def _of_interviewer(sessions: tuple[_Session, _Session]) -> Iterator[_Story]:
    coming, past = sessions
    yield _Story(
        _INTERVIEWER, "scheduling.booking_confirmed", 1.5, N_("{name} booked you"),
        N_("“{title}” on {when}. Their goal: “{goal}”"),
        {"title": coming.title, "name": coming.name, "when": coming.when,
         "goal": "Explain trade-offs without getting lost in details"},
        N_("Open the session"), coming.path, read=False, calendar=True,
    )  # fmt: skip
    yield _Story(
        _INTERVIEWER, "feedback.due", 22, N_("A scorecard is missing"),
        N_("Your session “{title}” with {name} is over. Write the scorecard while it is fresh."),
        {"title": past.title, "name": past.name}, N_("Write the scorecard"), past.path, read=False,
    )  # fmt: skip
    yield _Story(
        _INTERVIEWER, "payments.released", 51, N_("{amount} became available"),
        N_("What you earned with sessions last week can be paid out."), {"amount": Money(24700, "EUR")},
        N_("Open earnings"), _path("payments.earnings"),
    )  # fmt: skip


def _of_admin() -> Iterator[_Story]:
    yield _Story(
        _ADMIN, "users.application_waiting", 3, N_("{name} wants to interview here"),
        N_("The application is complete and waits for your decision."), {"name": "Elif Kaya"},
        N_("Open the applications"), _path("users.applications"), read=False,
    )  # fmt: skip
    yield _Story(
        _ADMIN, "feedback.reported", 30, N_("A review was reported"),
        N_("An interviewer finds a review unfair. Decide whether it stays."), {}, N_("Open the reviews"),
        _path("feedback.admin"),
    )  # fmt: skip


def _path(route: str) -> str:
    """The page, or the list of messages where its plugin is not installed."""
    return url(route) if has_route(route) else url("notifications.list")


async def _tell(story: _Story, account_id: UUID, key: str) -> None:
    at = now() - timedelta(hours=story.hours)
    notice = Notice(
        key=key,
        account_id=account_id,
        subject=story.subject,
        body=story.body,
        params=story.params,
        action_label=story.label,
        action_url=story.path,
        attachments=(_entry(story.params, key),) if story.calendar else (),
    )
    async with unit_of_work():
        await Sink().deliver(story.type_id, [notice])
        read_at = at + timedelta(minutes=9) if story.read else None
        await Message.filter(account_id=account_id, key=key).update(created_at=at, read_at=read_at)
        await Email.filter(account_id=account_id, key=key).update(
            created_at=at, sent_at=at, state=SENT, via="mailbox", attempts=1
        )


def _entry(params: dict[str, Any], key: str) -> tuple[str, str, bytes]:
    """A calendar entry of an hour."""
    begins: datetime = params["when"]

    def stamp(when: datetime) -> str:
        return when.strftime("%Y%m%dT%H%M%SZ")

    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Greenroom//EN", "METHOD:PUBLISH", "BEGIN:VEVENT",
        f"UID:{key}@greenroom", f"DTSTAMP:{stamp(now())}", f"DTSTART:{stamp(begins)}",
        f"DTEND:{stamp(begins + timedelta(hours=1))}", f"SUMMARY:{params['title']}", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    return "session.ics", "text/calendar; method=PUBLISH", "\r\n".join(lines).encode()


async def _troubles() -> None:
    """Two mails that did not arrive, for the admin's record."""
    failed = await Email.get_or_none(type_id="feedback.reported", key__startswith="notifications.demo:")
    if failed is not None:
        said = "554 5.7.1 Message looks like a bulk mailing"
        await Email.filter(id=failed.id).update(state=FAILED, reason="rejected", sent_at=None, detail=said)
    unwanted = await Email.get_or_none(type_id="payments.released", key__startswith="notifications.demo:")
    if unwanted is not None:
        await Attachment.filter(email_id=unwanted.id).delete()
        await Email.filter(id=unwanted.id).update(
            state=SUPPRESSED, reason="not_wanted", sent_at=None, text="", html="", unsubscribe_url=""
        )


DEMO = DemoData(seed=seed, after=("users", "scheduling", "payments", "live", "feedback", "helpdesk"))
