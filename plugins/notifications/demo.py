"""Messages for the people of the demo, so that the bell, the list and the record of e-mails have something to show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel import N_, DemoData, Money, Notice, Text, accounts, has_route, now, unit_of_work, url

from . import preferences
from .models import FAILED, SENT, SUPPRESSED, Email, Message
from .services import Sink


@dataclass(frozen=True, slots=True)
class _Story:
    """One message: who gets it, how long ago, and whether it was read. `route` is where it leads."""

    email: str
    type_id: str
    hours: float
    subject: str
    body: str
    params: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    route: str = ""
    read: bool = True


_CANDIDATE, _INTERVIEWER, _ADMIN = "candidate@demo.test", "interviewer@demo.test", "admin@demo.test"


def _stories(today: datetime) -> list[_Story]:
    soon, later = today + timedelta(days=1, hours=3), today + timedelta(days=4)
    bookings, feedback = N_("Open my sessions"), N_("Read the feedback")
    return [
        _Story(_CANDIDATE, "feedback.released", 2.2, N_("Feedback from {name} is here"),
               N_("Your scorecard for “{title}” is ready. Take ten minutes for it while you remember the session."),
               {"name": "Priya Raman", "title": Text(N_("System design"))}, feedback, "feedback.mine", read=False),
        _Story(_CANDIDATE, "scheduling.reminder", 5, N_("“{title}” begins {when}"),
               N_("{name} expects you in the room. You can test camera and microphone beforehand."),
               {"title": Text(N_("Behavioural interview")), "name": "Noah Petit", "when": soon}, bookings,
               "scheduling.bookings", read=False),
        _Story(_CANDIDATE, "scheduling.booking_confirmed", 26, N_("You are booked with {name}"),
               N_("“{title}” on {when}. The calendar entry is attached to the email."),
               {"title": Text(N_("System design")), "name": "Hannah Weiss", "when": later}, bookings,
               "scheduling.bookings", read=False),
        _Story(_CANDIDATE, "payments.receipt", 26.1, N_("Receipt for {amount}"),
               N_("Thank you. The receipt for “{title}” is with your payments."),
               {"amount": Money(6500, "EUR"), "title": Text(N_("System design"))}, N_("Open the receipt"),
               "payments.list"),
        _Story(_CANDIDATE, "users.new_device", 80, N_("Sign-in from a new device"),
               N_("Somebody signed in with your password, most likely you. If not, change the password now."),
               {}, N_("Sign-in and security"), "kernel.security"),
        _Story(_INTERVIEWER, "scheduling.booking_confirmed", 1.5, N_("{name} booked you"),
               N_("“{title}” on {when}. Their goal: “{goal}”"),
               {"title": Text(N_("System design")), "name": "Ada Novak", "when": later,
                "goal": "Explain trade-offs without getting lost in details"}, bookings, "scheduling.bookings",
               read=False),
        _Story(_INTERVIEWER, "feedback.due", 22, N_("A scorecard is missing"),
               N_("Your session “{title}” with {name} is over. Write the scorecard while it is fresh."),
               {"title": Text(N_("Coding: graphs")), "name": "Aisha Bello"}, N_("Write the scorecard"),
               "feedback.mine", read=False),
        _Story(_INTERVIEWER, "payments.released", 50, N_("{amount} became available"),
               N_("What you earned with sessions last week can be paid out."), {"amount": Money(24700, "EUR")},
               N_("Open earnings"), "payments.earnings"),
        _Story(_ADMIN, "users.application_waiting", 3, N_("{name} wants to interview here"),
               N_("The application is complete and waits for your decision."), {"name": "Elif Kaya"},
               N_("Open the application"), "users.applications", read=False),
        _Story(_ADMIN, "feedback.reported", 30, N_("A review was reported"),
               N_("An interviewer finds a review unfair. Decide whether it stays."), {}, N_("Open reviews"),
               "feedback.admin"),
    ]  # fmt: skip


async def seed(slug: str) -> None:
    """Through the same sink as everything else; then moved into the past."""
    today = now().replace(minute=0, second=0, microsecond=0)
    for position, story in enumerate(_stories(today)):
        kind = preferences.find_type(story.type_id)
        account = await accounts.find_account(story.email)
        if kind is None or account is None:
            continue
        key = f"notifications.demo:{position}"
        at = now() - timedelta(hours=story.hours)
        async with unit_of_work():
            await Sink().deliver(story.type_id, [_notice(story, account.id, key)])
            await Message.filter(account_id=account.id, key=key).update(
                created_at=at, read_at=at + timedelta(minutes=9) if story.read else None
            )
            await Email.filter(account_id=account.id, key=key).update(
                created_at=at, sent_at=at, state=SENT, via="mailbox", attempts=1
            )
    await _troubles()


def _notice(story: _Story, account_id: UUID, key: str) -> Notice:
    return Notice(
        key=key,
        account_id=account_id,
        subject=story.subject,
        body=story.body,
        params=story.params,
        action_label=story.label,
        action_url=_path(story.route),
    )


def _path(route: str) -> str:
    """The page, or the list of messages where its plugin is not installed."""
    return url(route) if has_route(route) else url("notifications.list")


async def _troubles() -> None:
    """Two mails that did not arrive, for the admin's record."""
    mails: Iterable[Email] = await Email.filter(state=SENT, via="mailbox", type_id="feedback.reported").limit(1)
    for mail in mails:
        await Email.filter(id=mail.id).update(
            state=FAILED, reason="rejected", sent_at=None, detail="554 5.7.1 Message looks like a bulk mailing"
        )
    mails = await Email.filter(state=SENT, via="mailbox", type_id="payments.released").limit(1)
    for mail in mails:
        await Email.filter(id=mail.id).update(
            state=SUPPRESSED, reason="not_wanted", sent_at=None, text="", html="", unsubscribe_url=""
        )


DEMO = DemoData(seed=seed, after=("users", "scheduling", "payments", "live", "feedback", "helpdesk"))

