"""What an operator or tenant may set."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel import N_, Setting, _, setting

from . import reminders as plans

#: Minutes before the start that a person chose for themselves.
OWN_REMINDERS = "scheduling.own_reminders"


def _rules_problem(value: Any) -> str | None:
    return plans.problem(value)


def _own_problem(value: Any) -> str | None:
    fine = all(text.isascii() and text.isdecimal() and 0 < int(text) <= plans.FURTHEST for text in value)
    return None if fine and len(value) <= 5 else _("Choose up to five moments, at most two weeks before.")


def _countries_problem(value: Any) -> str | None:
    from .holidays import countries

    unknown = [code for code in value if code not in countries()]
    if not unknown:
        return None
    return _("%(code)s is no country whose holidays are known. Use codes such as DE or US.") % {"code": unknown[0]}


SETTINGS = [
    Setting(
        key="scheduling.hold_minutes", type=int, default=10, minimum=1, maximum=60,
        label=N_("Minutes a chosen time is held"),
        help=N_("While a candidate fills in the form, nobody else can take the time."),
    ),
    Setting(
        key="scheduling.payment_minutes", type=int, default=15, minimum=5, maximum=120,
        label=N_("Minutes a time is held for paying"),
        help=N_("Counted from the moment the candidate goes to the checkout."),
    ),
    Setting(
        key="scheduling.reminder_offsets", type=list, default=["1440", "60", "+1440 candidate"], check=_rules_problem,
        label=N_("Reminders, in minutes before the start"),
        help=N_(
            "One per line. 1440 is a day before; +1440 a day after the end. Add candidate or interviewer to tell only "
            "them, email or inapp to use only that way: 60 candidate inapp. Interview types may have their own."
        ),
    ),
    Setting(
        key="scheduling.reminder_grace_minutes", type=int, default=30, minimum=2, maximum=720,
        label=N_("Minutes after which a missed reminder is dropped"),
        help=N_("After a stop of the server, nobody gets reminders that are older than this."),
    ),
    Setting(
        key=OWN_REMINDERS, type=list, default=[], check=_own_problem, scope="account",
        label=N_("Own reminders, in minutes before the start"),
    ),
    Setting(
        key="scheduling.open_bookings", type=int, default=20, minimum=1, maximum=500,
        label=N_("Upcoming sessions one candidate may have"),
        help=N_("Keeps one person from taking all free times."),
    ),
    Setting(
        key="scheduling.open_holds", type=int, default=3, minimum=1, maximum=50,
        label=N_("Unconfirmed times one candidate may keep"),
        help=N_("Held, requested and unpaid ones together."),
    ),
    Setting(
        key="scheduling.book_for_others", type=bool, default=True,
        label=N_("People may book for somebody else"),
        help=N_("Whoever it is for gets a mail with a link and takes the session over."),
    ),
    Setting(
        key="scheduling.offer_minutes", type=int, default=120, minimum=5, maximum=2880,
        label=N_("Minutes a freed time is held for somebody on the waiting list"),
    ),
    Setting(
        key="scheduling.strike_days", type=int, default=90, minimum=1, maximum=730,
        label=N_("Days a strike counts"),
    ),
    Setting(
        key="scheduling.strike_limit", type=int, default=3, minimum=1, maximum=50,
        label=N_("Strikes with which a candidate cannot book any more"),
        help=N_("They can book again when enough of them have run out. Interviewers are only reported."),
    ),
    Setting(
        key="scheduling.practice_per_week", type=int, default=40, minimum=1, maximum=500,
        label=N_("AI practice sessions a week for one person"),
    ),
    Setting(
        key="scheduling.practice_per_month", type=int, default=120, minimum=1, maximum=2000,
        label=N_("AI practice sessions a month for one person"),
    ),
    Setting(
        key="scheduling.practice_per_day", type=int, default=10, minimum=1, maximum=100,
        label=N_("AI practice sessions a day for one person"),
    ),
    Setting(
        key="scheduling.holiday_countries", type=list, default=[], check=_countries_problem,
        label=N_("Public holidays that close calendars"),
        help=N_("Country codes such as DE or US. Interviewers may choose other countries, or none, for themselves."),
    ),
    Setting(
        key="scheduling.newcomer_share", type=int, default=20, minimum=0, maximum=50,
        label=N_("Percent of sessions for new interviewers"),
        help=N_("When any suitable interviewer will do, people with fewer than five sessions get at least this share."),
    ),
    Setting(
        key="scheduling.google_client_id", type=str, default="", maximum=300,
        label=N_("Google calendars: client id"),
        help=N_("Of an app that you register there, with this site's /calendars/signed-in as redirect address."),
    ),
    Setting(
        key="scheduling.google_client_secret", type=str, default="", secret=True, maximum=300,
        label=N_("Google calendars: client secret"),
    ),
    Setting(
        key="scheduling.microsoft_client_id", type=str, default="", maximum=300,
        label=N_("Microsoft calendars: client id"),
        help=N_("Of an app that you register there, with this site's /calendars/signed-in as redirect address."),
    ),
    Setting(
        key="scheduling.microsoft_client_secret", type=str, default="", secret=True, maximum=300,
        label=N_("Microsoft calendars: client secret"),
    ),
]  # fmt: skip


def hold_time() -> timedelta:
    return timedelta(minutes=setting("scheduling.hold_minutes"))


def payment_time() -> timedelta:
    return timedelta(minutes=setting("scheduling.payment_minutes"))


#: How long interviewers have to answer somebody who wants to begin at once.
NOW_ANSWER = timedelta(seconds=90)
#: How long an accepted request is kept for paying.
REQUEST_PAYMENT = timedelta(hours=12)


def reminder_rules() -> tuple[plans.Rule, ...]:
    """What the tenant says about reminders, for types that say nothing themselves."""
    return plans.rules(setting("scheduling.reminder_offsets"))


def reminder_offsets() -> list[int]:
    """Minutes before the start at which anybody is reminded by the tenant's rules, the earliest first."""
    return sorted({rule.minutes for rule in reminder_rules() if rule.kind == plans.BEFORE}, reverse=True)
