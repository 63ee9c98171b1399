"""Tables of this plugin."""

from __future__ import annotations

from tortoise import fields

from kernel import TenantModel, Timestamped, VersionedModel


class MaintenanceWindow(Timestamped, VersionedModel, TenantModel):
    """A time during which the site is closed. Its state follows from the clock (states.py), not from a job.

    `messages` are markdown by language. Ending early moves `ends_at`; calling off sets `cancelled_at`.
    """

    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(db_index=True)
    messages: fields.Field[dict[str, str]] = fields.JSONField(default=dict)
    reason = fields.CharField(max_length=200, default="")
    created_by = fields.UUIDField(null=True)
    cancelled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "theming_maintenance_window"
