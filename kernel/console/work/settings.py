"""How long jobs and events are kept, and when a failing plugin is paused."""

from __future__ import annotations

from ...base.contract import Setting
from ...base.i18n import N_

SETTINGS = [
    Setting(
        key="kernel.keep_done_days", type=int, default=7, minimum=1, maximum=365,
        label=N_("Days for which finished jobs are kept"),
    ),
    Setting(
        key="kernel.keep_dead_days", type=int, default=90, minimum=1, maximum=3650,
        label=N_("Days for which failed jobs are kept"),
        help=N_("After this time they can no longer be replayed."),
    ),
    Setting(
        key="kernel.keep_event_days", type=int, default=0, minimum=0, maximum=36500,
        label=N_("Days for which events are kept"),
        help=N_("0 keeps them for ever. Statistics can only be rebuilt from events that are still there."),
    ),
    Setting(
        key="kernel.breaker_errors", type=int, default=5, minimum=1, maximum=1000,
        label=N_("Errors within a minute after which a part is left out"),
        help=N_("A part of a plugin that fails so often rests for a while; then it is tried again."),
    ),
    Setting(
        key="kernel.pause_failing", type=bool, default=True,
        label=N_("Pause a plugin that keeps failing"),
        help=N_("After as many errors within a minute the whole plugin is switched off here, and you are told."),
    ),
    Setting(
        key="kernel.pause_minutes", type=int, default=10, minimum=0, maximum=10080,
        label=N_("Minutes after which a paused plugin is tried again"),
        help=N_("0 leaves it off until somebody switches it on."),
    ),
]  # fmt: skip
