"""More tables about when somebody is free: travel, busy times of other calendars, demand, and what is worked out ahead.

Part of models.py, which names them all.
"""

from __future__ import annotations

from tortoise import fields

from kernel import TenantModel, now


class Travel(TenantModel):
    """Dates, both included, on which an interviewer's hours are read in another zone."""

    account_id = fields.UUIDField(db_index=True)
    starts_on = fields.DateField()
    ends_on = fields.DateField()
    zone = fields.CharField(max_length=64)
    note = fields.CharField(max_length=120, default="")

    class Meta:
        table = "scheduling_travel"
        personal = ("starts_on", "ends_on", "zone", "note")


class Busy(TenantModel):
    """A time taken in somebody's other calendar. `source` names the calendar it came from; it writes only its own."""

    account_id = fields.UUIDField()
    source = fields.CharField(max_length=60)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()

    class Meta:
        table = "scheduling_busy"
        indexes = (("tenant_id", "account_id", "ends_at"), ("tenant_id", "account_id", "source"))
        personal = ("starts_at", "ends_at")


class Window(TenantModel):
    """When a candidate could: whole `ranges` of one date, wall time in `zone`. Matched with interviewers' times."""

    account_id = fields.UUIDField(db_index=True)
    date = fields.DateField()
    zone = fields.CharField(max_length=64)
    ranges = fields.JSONField[list[list[str]]](default=list)
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "scheduling_window"
        unique_together = (("tenant_id", "account_id", "date"),)
        personal = ("date", "zone", "ranges")


class Demand(TenantModel):
    """How often an hour of the week (0: Monday 00:00 UTC) was looked for in the week of `week`. Counts, no persons."""

    week = fields.DateField()
    hour = fields.IntField()
    searches = fields.IntField(default=0)

    class Meta:
        table = "scheduling_demand"
        unique_together = (("tenant_id", "week", "hour"),)


class Pulse(TenantModel):
    """`version` rises in the transaction of whatever changes somebody's free times. Written by triggers only.

    `changed` is the number of that transaction, so that a reader can ask for what is new since its last look.
    """

    account_id = fields.UUIDField()
    version = fields.BigIntField(default=1)
    changed = fields.BigIntField(default=0)

    class Meta:
        table = "scheduling_pulse"
        unique_together = (("tenant_id", "account_id"),)
        indexes = (("tenant_id", "changed"),)


class FreeMonth(TenantModel):
    """Bookable starts of one interviewer, type and UTC month, worked out ahead by the slot engine (see free/).

    `bits`: bit n is the start n times `grain` minutes into the month, little end first. Right while the interviewer's
    pulse is still `version`, the type's settings `stamp`, and `good_until` (a hold that will run out) not passed.
    """

    account_id = fields.UUIDField()
    type_id = fields.UUIDField()
    month = fields.DateField()
    grain = fields.IntField()
    bits = fields.BinaryField()
    zone = fields.CharField(max_length=64)
    version = fields.BigIntField()
    stamp = fields.CharField(max_length=64)
    good_until = fields.DatetimeField(null=True)

    class Meta:
        table = "scheduling_free_month"
        unique_together = (("tenant_id", "type_id", "month", "account_id"),)
        indexes = (("tenant_id", "account_id"),)
        personal = ("bits",)
