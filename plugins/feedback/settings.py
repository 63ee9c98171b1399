"""Settings of this plugin."""

from __future__ import annotations

from kernel import N_, Setting

RELEASE_DAYS = "feedback.release_days"
DUE_HOURS = "feedback.due_hours"
EDIT_HOURS = "feedback.edit_hours"
RATING_FROM = "feedback.rating_from"

SETTINGS = [
    Setting(
        key=RELEASE_DAYS,
        type=int,
        default=7,
        minimum=1,
        maximum=60,
        label=N_("Days until feedback is released one-sided"),
        help=N_(
            "Both sides read each other's feedback once both are in; if one is missing, the other is released then."
        ),
    ),
    Setting(
        key=DUE_HOURS,
        type=int,
        default=24,
        minimum=1,
        maximum=336,
        label=N_("Hours until feedback is due"),
        help=N_("Counted from the end of the session. Whoever has not written by then gets a reminder."),
    ),
    Setting(
        key=EDIT_HOURS,
        type=int,
        default=24,
        minimum=0,
        maximum=168,
        label=N_("Hours in which submitted feedback can be corrected"),
        help=N_("Every correction is a new version; the earlier ones are kept."),
    ),
    Setting(
        key=RATING_FROM,
        type=int,
        default=3,
        minimum=1,
        maximum=50,
        label=N_("Reviews needed before a rating is shown"),
        help=N_("An average of one or two reviews says little, and gives their authors away."),
    ),
]
