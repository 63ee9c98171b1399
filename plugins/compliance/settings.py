"""What a tenant can set about data requests."""

from __future__ import annotations

from kernel import N_, Setting

EXPORT_DAYS = "compliance.export_days"

SETTINGS = [
    Setting(
        key=EXPORT_DAYS, type=int, default=7, minimum=1, maximum=30,
        label=N_("Days until a data download expires"),
        help=N_("Afterwards the file is deleted; people can ask for a new one."),
    ),
]  # fmt: skip
