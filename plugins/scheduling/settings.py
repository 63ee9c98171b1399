"""What an operator or tenant may set."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel import N_, Setting, _, setting

_MOST_OFFSET = 14 * 24 * 60


def _offsets_problem(value: Any) -> str | None:
    fine = all(text.isascii() and text.isdecimal() and 0 < int(text) <= _MOST_OFFSET for text in value)
    return None if fine and len(value) <= 5 else _("Enter up to five whole numbers of minutes, at most two weeks.")


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
        key="scheduling.reminder_offsets", type=list, default=["1440", "60"], check=_offsets_problem,
        label=N_("Reminders, in minutes before the start"),
        help=N_("One mail each to candidate and interviewer. 1440 is a day."),
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
]  # fmt: skip


def hold_time() -> timedelta:
    return timedelta(minutes=setting("scheduling.hold_minutes"))


def payment_time() -> timedelta:
    return timedelta(minutes=setting("scheduling.payment_minutes"))


#: How long interviewers have to answer somebody who wants to begin at once.
NOW_ANSWER = timedelta(seconds=90)
#: How long an accepted request is kept for paying.
REQUEST_PAYMENT = timedelta(hours=12)


def reminder_offsets() -> list[int]:
    """Minutes before the start, the earliest reminder first."""
    return sorted({int(text) for text in setting("scheduling.reminder_offsets")}, reverse=True)
