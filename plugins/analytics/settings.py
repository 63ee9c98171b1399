"""What a tenant can set about analytics."""

from __future__ import annotations

from kernel import N_, Setting

SMALLEST = "analytics.smallest_group"

SETTINGS = [
    Setting(
        key=SMALLEST, type=int, default=3, minimum=1, maximum=50,
        label=N_("Reviews needed before an average is shown"),
        help=N_("An average of very few reviews would give away what a single person wrote."),
    ),
]  # fmt: skip
