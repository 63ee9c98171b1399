"""The outbox (events) and the job table. Written with plain SQL by this wing; read by pages through these models."""

from __future__ import annotations

from typing import Literal

from tortoise import fields
from tortoise.indexes import Index, PartialIndex

from ..engines.models import TenantModel

JobState = Literal["ready", "running", "parked", "done", "dead"]


class Event(TenantModel):
    """Something that happened, written in the transaction that made it happen. Kept: read models rebuild from it."""

    name = fields.CharField(max_length=120)
    data = fields.JSONField[dict[str, object]]()
    actor_id = fields.UUIDField(null=True)
    request_id = fields.CharField(max_length=80, default="")
    occurred_at = fields.DatetimeField()

    class Meta:
        table = "kernel_event"
        indexes = (Index(fields=("tenant_id", "name", "occurred_at", "id"), name="kernel_event_by_name"),)


class Job(TenantModel):
    """One piece of work. ready -> running -> done, or back to ready with a later `run_at`, or dead; parked is off.

    `dedupe_key` is unique per tenant while the job lives and cleared when it is over, so that the same key may
    be used again. `lease_until` is the server's clock, `run_at` ours. `max_attempts = 0` means: cancelled
    while running, never again.
    """

    plugin = fields.CharField(max_length=60)
    name = fields.CharField(max_length=200)
    args = fields.JSONField[dict[str, object]]()
    queue = fields.CharField(max_length=40, default="default")
    state = fields.CharField(max_length=10, default="ready")
    run_at = fields.DatetimeField()
    attempts = fields.IntField(default=0)
    max_attempts = fields.IntField(default=8)
    lease_until = fields.DatetimeField(null=True)
    lease_owner = fields.CharField(max_length=80, null=True)
    dedupe_key = fields.CharField(max_length=200, null=True)
    event_id = fields.UUIDField(null=True)
    request_id = fields.CharField(max_length=80, default="")
    last_error = fields.TextField(null=True)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "kernel_job"
        unique_together = (("tenant_id", "dedupe_key"),)
        indexes = (
            PartialIndex(fields=("run_at", "id"), name="kernel_job_ready", condition={"state": "ready"}),
            PartialIndex(fields=("lease_until",), name="kernel_job_running", condition={"state": "running"}),
            PartialIndex(fields=("tenant_id", "plugin"), name="kernel_job_parked", condition={"state": "parked"}),
            Index(fields=("tenant_id", "state", "finished_at"), name="kernel_job_by_state"),
        )


class Schedule(TenantModel):
    """The last instant for which a periodic job was planned: what two schedulers compare and swap."""

    name = fields.CharField(max_length=200)
    planned = fields.DatetimeField()

    class Meta:
        table = "kernel_schedule"
        unique_together = (("tenant_id", "name"),)
