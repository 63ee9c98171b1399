"""Read models made from events. Written by services.py (and the demo) only; counts are never edited by hand."""

from __future__ import annotations

from tortoise import fields

from kernel import TenantModel, now


class DailyMetric(TenantModel):
    """How much of something there was on one day, as days are counted in the rollup's zone.

    `metric` is one of counting.py; `dimension` says which part of it (human, ai, an interviewer's account id, or
    empty). Money is in minor units of `currency`, which is empty for all else. `origin` is `event` for what was
    counted from events, `import` for figures from before, which a recount leaves alone.
    """

    day = fields.DateField()
    metric = fields.CharField(max_length=40)
    dimension = fields.CharField(max_length=40, default="")
    currency = fields.CharField(max_length=3, default="")
    origin = fields.CharField(max_length=8, default="event")
    value = fields.BigIntField(default=0)

    class Meta:
        table = "analytics_daily_metric"
        unique_together = (("tenant_id", "day", "metric", "dimension", "currency", "origin"),)
        personal = ("dimension",)


class Applied(TenantModel):
    """An event that is counted. It is written with the counts or not at all."""

    event_id = fields.UUIDField()
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "analytics_applied"
        unique_together = (("tenant_id", "event_id"),)


class Rollup(TenantModel):
    """One row a tenant: in which zone days are counted, and when all was counted anew. Its lock orders counting."""

    zone = fields.CharField(max_length=64)
    rebuilt_at = fields.DatetimeField(null=True)
    events = fields.IntField(default=0)

    class Meta:
        table = "analytics_rollup"
        unique_together = (("tenant_id",),)
