"""What a tenant may set; the kernel draws the page, checks the bounds and remembers who changed what."""

from __future__ import annotations

from datetime import timedelta

from kernel import N_, Setting, setting

SETTINGS = [
    Setting(
        key="my_plugin.keep_days", type=int, default=90, minimum=1, maximum=3650,
        label=N_("Days a note is kept"),
        help=N_("Older notes are removed every night."),
    ),
]  # fmt: skip


def keep() -> timedelta:
    return timedelta(days=setting("my_plugin.keep_days"))
