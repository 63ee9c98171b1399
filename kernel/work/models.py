"""The outbox (events) and the job table. Written with plain SQL by this wing; read by pages through these models."""

from __future__ import annotations

from typing import Literal

from tortoise import fields
from tortoise.indexes import Index, PartialIndex

from ..engines.models import GlobalModel, TenantModel

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
    while running, never again. Higher `priority` goes first within a tenant. `history` is what became of earlier
    attempts: a list of {"at", "attempt", "what", "error", "by"}.
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
    started_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    priority = fields.SmallIntField(default=0, db_default=0)
    history = fields.JSONField[list[dict[str, object]]](default=list, db_default="[]")

    class Meta:
        table = "kernel_job"
        unique_together = (("tenant_id", "dedupe_key"),)
        indexes = (
            PartialIndex(fields=("run_at", "id"), name="kernel_job_ready", condition={"state": "ready"}),
            PartialIndex(
                fields=("tenant_id", "queue", "priority", "run_at", "id"),
                name="kernel_job_turn",
                condition={"state": "ready"},
            ),
            Index(fields=("tenant_id", "event_id"), name="kernel_job_by_event"),
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


class Hold(TenantModel):
    """A queue or a kind of job that an admin paused: its jobs are parked until it goes on."""

    kind = fields.CharField(max_length=10)  # queue, job
    name = fields.CharField(max_length=200)
    reason = fields.CharField(max_length=500, default="")
    actor_id = fields.UUIDField(null=True)
    since = fields.DatetimeField()

    class Meta:
        table = "kernel_job_hold"
        unique_together = (("tenant_id", "kind", "name"),)


class Trouble(TenantModel):
    """A part of a plugin that failed, for the admin; and the breaker of a subscriber, for every worker.

    `recent` errors since `since` are what opens a breaker. `trips` counts openings without a success between them.
    """

    plugin = fields.CharField(max_length=60)
    what = fields.CharField(max_length=250)
    errors = fields.IntField(default=0)
    recent = fields.IntField(default=0)
    since = fields.DatetimeField()
    last_error = fields.TextField(default="")
    last_at = fields.DatetimeField()
    open_until = fields.DatetimeField(null=True)
    trips = fields.IntField(default=0)
    probe_until = fields.DatetimeField(null=True)

    class Meta:
        table = "kernel_trouble"
        unique_together = (("tenant_id", "plugin", "what"),)


class Incident(GlobalModel):
    """Something that a plugin did to a whole process: it held the loop up, or left sockets or tasks behind.

    Tells of code only, never of anybody's data, so every tenant's admin may read it.
    """

    plugin = fields.CharField(max_length=60)
    kind = fields.CharField(max_length=20)  # blocked, leak
    text = fields.TextField()
    process = fields.CharField(max_length=80)
    at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "kernel_incident"
