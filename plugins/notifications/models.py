"""Rows of this plugin: messages in the app, the outbox of e-mails, and who wants what. Written by services only."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from kernel import TenantModel, now

INAPP, EMAIL = "inapp", "email"
CHANNELS = (EMAIL, INAPP)

QUEUED, SENDING, SENT, FAILED, SUPPRESSED = "queued", "sending", "sent", "failed", "suppressed"
STATES = (QUEUED, SENDING, SENT, FAILED, SUPPRESSED)


class Message(TenantModel):
    """A message in the app, kept in source language with its values: drawn in the language and zone of its reader."""

    account_id = fields.UUIDField()
    type_id = fields.CharField(max_length=120)
    key = fields.CharField(max_length=200)
    subject = fields.TextField()
    body = fields.TextField()
    params = fields.JSONField[dict[str, Any]](default=dict)
    action_label = fields.CharField(max_length=200, default="")
    action_url = fields.TextField(default="")
    read_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "notifications_message"
        unique_together = (("tenant_id", "account_id", "key"),)
        indexes = (Index(fields=("tenant_id", "account_id", "created_at", "id"), name="notifications_message_list"),)
        personal = ("subject", "body", "params", "action_url")


class Email(TenantModel):
    """One e-mail, as it goes out. queued -> sending -> sent | failed | suppressed, or back to queued to try again.

    `recipient` is the account's id, or the address of somebody without one: the unit of "at most once". `reason`
    is a code of `reasons.py`, `detail` what the mail server said. The content is dropped once a server has it.
    """

    account_id = fields.UUIDField(null=True)
    recipient = fields.CharField(max_length=320)
    type_id = fields.CharField(max_length=120)
    key = fields.CharField(max_length=200)
    address = fields.CharField(max_length=320)
    name = fields.CharField(max_length=200, default="")
    locale = fields.CharField(max_length=20)
    subject = fields.TextField()
    text = fields.TextField(default="")
    html = fields.TextField(default="")
    unsubscribe_url = fields.TextField(default="")
    message_id = fields.CharField(max_length=255)
    state = fields.CharField(max_length=12, default=QUEUED)
    reason = fields.CharField(max_length=40, default="")
    detail = fields.TextField(default="")
    attempts = fields.IntField(default=0)
    via = fields.CharField(max_length=12, default="")
    created_at = fields.DatetimeField(default=now)
    next_at = fields.DatetimeField(null=True)
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "notifications_email"
        unique_together = (("tenant_id", "recipient", "key"),)
        indexes = (
            Index(fields=("tenant_id", "created_at", "id"), name="notifications_email_list"),
            Index(fields=("tenant_id", "state", "created_at"), name="notifications_email_state"),
        )
        personal = ("recipient", "address", "name", "subject", "text", "html", "detail")


class Attachment(TenantModel):
    """A file of an e-mail. Kept in the database, so that it is written with the message or not at all."""

    email_id = fields.UUIDField(db_index=True)
    position = fields.IntField(default=0)
    name = fields.CharField(max_length=200)
    content_type = fields.CharField(max_length=200)
    data = fields.BinaryField()

    class Meta:
        table = "notifications_attachment"
        personal = ("data",)


class Preference(TenantModel):
    """What somebody chose against a type's default, for one channel."""

    recipient = fields.CharField(max_length=320)
    type_id = fields.CharField(max_length=120)
    channel = fields.CharField(max_length=20)
    wanted = fields.BooleanField()
    changed_at = fields.DatetimeField(default=now)
    source = fields.CharField(max_length=20, default="preferences")

    class Meta:
        table = "notifications_preference"
        unique_together = (("tenant_id", "recipient", "type_id", "channel"),)
        personal = ("recipient", "wanted")


class Refusal(TenantModel):
    """An address that its mail server turned away for good; nothing but critical mail is tried again."""

    address = fields.CharField(max_length=320)
    detail = fields.TextField(default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "notifications_refusal"
        unique_together = (("tenant_id", "address"),)
        personal = ("address",)


class LinkKey(TenantModel):
    """The tenant's key for unsubscribe links, which have to work for as long as mails are kept."""

    secret = fields.CharField(max_length=64)

    class Meta:
        table = "notifications_link_key"
        unique_together = (("tenant_id",),)


class Webhook(TenantModel):
    """An address of the tenant's that hears about events. active -> paused (by hand) or disabled (kept failing).

    No `events` means all. `secret` is sealed; `old_secret` signs beside it until `old_until`. `failures` counts
    deliveries in a row; while `rest_until` is ahead nothing is sent there.
    """

    url = fields.CharField(max_length=2000)
    description = fields.CharField(max_length=200, default="")
    events = fields.JSONField[list[str]](default=list)
    state = fields.CharField(max_length=10, default="active")
    reason = fields.CharField(max_length=40, default="")
    secret = fields.BinaryField()
    old_secret = fields.BinaryField(null=True)
    old_until = fields.DatetimeField(null=True)
    failures = fields.IntField(default=0)
    failing_since = fields.DatetimeField(null=True)
    rest_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "notifications_webhook"
        sealed = ("secret", "old_secret")
        unique_together = (("tenant_id", "url"),)


class WebhookDelivery(TenantModel):
    """One event for one address; the body is made from the event each time. waiting -> delivered | failed.

    A test has no event behind it. `held_until`: a process is sending it just now.
    """

    webhook_id = fields.UUIDField()
    event_id = fields.UUIDField()
    event = fields.CharField(max_length=120)
    test = fields.BooleanField(default=False)
    state = fields.CharField(max_length=12, default="waiting")
    attempts = fields.IntField(default=0)
    cycle = fields.IntField(default=0)
    held_until = fields.DatetimeField(null=True)
    next_at = fields.DatetimeField(null=True)
    status = fields.IntField(null=True)
    created_at = fields.DatetimeField(default=now)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "notifications_webhook_delivery"
        unique_together = (("tenant_id", "webhook_id", "event_id"),)
        indexes = (
            Index(fields=("tenant_id", "webhook_id", "created_at", "id"), name="notifications_webhook_log"),
            Index(fields=("tenant_id", "state", "created_at"), name="notifications_webhook_state"),
        )


class WebhookAttempt(TenantModel):
    """One request: when, how long, and the beginning of what was answered."""

    delivery_id = fields.UUIDField(db_index=True)
    at = fields.DatetimeField(default=now)
    duration_ms = fields.IntField()
    status = fields.IntField(null=True)
    error = fields.CharField(max_length=300, default="")
    response = fields.TextField(default="")

    class Meta:
        table = "notifications_webhook_attempt"
        personal = ("response",)
