"""More tables about the time around a session: reminders, preparation, the private feed, calendars read from elsewhere.

Part of models.py, which names them all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tortoise import fields

from kernel import TenantModel, Timestamped, now


class Reminder(TenantModel):
    """One message planned for one person about one state of a booking; never planned twice.

    `kind` is before (so many `minutes` before the start), missing (after the start, when somebody is not there) or
    after (the end). `channels`: email, inapp, or '' as the person says. `result` is sent, stale (its moment was missed
    by too much) or moot (the booking moved on, or there is nothing to say); '' while it waits (`done_at` None).
    """

    booking_id = fields.UUIDField(db_index=True)
    account_id = fields.UUIDField()
    sequence = fields.IntField()
    kind = fields.CharField(max_length=8)
    minutes = fields.IntField()
    channels = fields.CharField(max_length=20, default="")
    due_at = fields.DatetimeField()
    done_at: datetime | None = fields.DatetimeField(null=True)
    result = fields.CharField(max_length=8, default="")

    class Meta:
        table = "scheduling_reminder"
        unique_together = (("tenant_id", "booking_id", "account_id", "kind", "minutes", "sequence"),)
        indexes = (("tenant_id", "done_at", "due_at"),)


class Preparation(TenantModel):
    """What somebody did for a session. `item` is device, brief, resume (a `file`) or late (`minutes` behind)."""

    booking_id = fields.UUIDField()
    account_id = fields.UUIDField(db_index=True)
    item = fields.CharField(max_length=8)
    minutes = fields.IntField(default=0)
    file_id = fields.UUIDField(null=True)
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "scheduling_preparation"
        unique_together = (("tenant_id", "booking_id", "account_id", "item"),)
        personal = ("file_id", "minutes")


class LinkKey(TenantModel):
    """The tenant's key with which join links are signed."""

    secret = fields.CharField(max_length=64)

    class Meta:
        table = "scheduling_link_key"
        unique_together = (("tenant_id",),)


class Feed(TenantModel):
    """Somebody's private calendar address. Only the digest finds it; `token` is sealed, to show it again."""

    account_id = fields.UUIDField()
    digest = fields.CharField(max_length=64)
    token = fields.BinaryField()
    at = fields.DatetimeField(default=now)
    read_at = fields.DatetimeField(null=True)

    class Meta:
        table = "scheduling_feed"
        unique_together = (("tenant_id", "account_id"), ("tenant_id", "digest"))
        sealed = ("token",)


class OtherCalendar(TenantModel, Timestamped):
    """A calendar elsewhere whose busy times we read. `access` is sealed: addresses, passwords, tokens as JSON.

    `memory` is what its provider keeps between two readings. `state` is new, fine, failing (it is tried again at
    `next_at`) or refused (the owner has to connect it anew). `read_at`: the last time that it worked.
    """

    account_id = fields.UUIDField(db_index=True)
    provider = fields.CharField(max_length=20)
    name = fields.CharField(max_length=120)
    access = fields.BinaryField()
    memory = fields.JSONField[dict[str, Any]](default=dict)
    state = fields.CharField(max_length=8, default="new")
    failures = fields.IntField(default=0)
    problem = fields.CharField(max_length=300, default="")
    busy = fields.IntField(default=0)
    read_at = fields.DatetimeField(null=True)
    next_at = fields.DatetimeField(default=now)

    class Meta:
        table = "scheduling_other_calendar"
        indexes = (("tenant_id", "next_at"),)
        sealed = ("access",)
        personal = ("name", "memory")
