"""What an operator or tenant may set."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel import N_, Setting, _, setting

_MOST_OFFSET = 14 * 24 * 60


def _offsets_problem(value: Any) -> str | None:
    fine = all(text.isascii() and text.isdecimal() and 0 < int(text) <= _MOST_OFFSET for text in value)
    return None if fine and len(value) <= 5 else _("Enter up to five whole numbers of minutes, at most two weeks.")


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
        key="scheduling.practice_per_day", type=int, default=10, minimum=1, maximum=100,
        label=N_("AI practice sessions a day for one person"),
    ),
]  # fmt: skip


def hold_time() -> timedelta:
    return timedelta(minutes=setting("scheduling.hold_minutes"))


def payment_time() -> timedelta:
    return timedelta(minutes=setting("scheduling.payment_minutes"))


def reminder_offsets() -> list[int]:
    """Minutes before the start, the earliest reminder first."""
    return sorted({int(text) for text in setting("scheduling.reminder_offsets")}, reverse=True)
