"""What a tenant may set."""

from __future__ import annotations

from kernel import N_, Setting, setting

SETTINGS = [
    Setting(
        key="question_of_the_day.weekends", type=bool, default=True,
        label=N_("A question on Saturdays and Sundays, too"),
    ),
]  # fmt: skip


def on_weekends() -> bool:
    return bool(setting("question_of_the_day.weekends"))
