"""Bookings called off together. Part of models.py, which names it."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from kernel import TenantModel, now


class BulkRun(TenantModel):
    """One administrator calls several bookings off. `items` are {id, seen, state, said}, done one by one by a job.

    `state` is waiting (until `run_at` it can be taken back), running, done, stopped or undone. An item's state is ''
    (not yet), done, failed (with what was `said`) or left.
    """

    actor_id = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=500)
    percent = fields.IntField(null=True)
    items = fields.JSONField[list[dict[str, Any]]](default=list)
    state = fields.CharField(max_length=10, default="waiting")
    at = fields.DatetimeField(default=now)
    run_at = fields.DatetimeField()

    class Meta:
        table = "scheduling_bulk_run"
        indexes = (("tenant_id", "at"),)
        personal = ("actor_id", "reason")
