"""Tickets and what is said in them. Written by services only."""

from __future__ import annotations

from tortoise import fields

from kernel import TenantModel, Timestamped, VersionedModel, now


class Series(TenantModel):
    """The last ticket number given. Its row lock makes numbers follow each other without gaps."""

    number = fields.IntField(default=0)

    class Meta:
        table = "helpdesk_series"
        unique_together = (("tenant_id",),)


class Ticket(Timestamped, VersionedModel, TenantModel):
    """One matter of one person. `state` moves by states.py only.

    `last_by` is requester or agent: whose turn it is not. `reference` is the request id of the error page that the
    ticket came from. `follows` is the number of the closed ticket that this one goes on with. `raised` remembers that
    the priority was raised by rule, so that an agent who lowers it again is not overruled.
    """

    number = fields.IntField()
    requester_id = fields.UUIDField()
    subject = fields.CharField(max_length=160)
    category = fields.CharField(max_length=20)
    state = fields.CharField(max_length=10, default="new")
    priority = fields.CharField(max_length=10, default="normal")
    assignee_id = fields.UUIDField(null=True)
    booking_id = fields.UUIDField(null=True)
    reference = fields.CharField(max_length=80, default="")
    follows = fields.IntField(null=True)
    raised = fields.BooleanField(default=False)
    last_by = fields.CharField(max_length=10, default="requester")
    last_entry_at = fields.DatetimeField(default=now)
    first_reply_at = fields.DatetimeField(null=True)
    solved_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "helpdesk_ticket"
        unique_together = (("tenant_id", "number"),)
        indexes = (
            ("tenant_id", "requester_id", "last_entry_at"),
            ("tenant_id", "state", "last_entry_at"),
            ("tenant_id", "assignee_id", "state"),
        )
        personal = ("requester_id", "subject", "assignee_id")


class Entry(TenantModel):
    """A reply, or with `internal` a note among agents that its requester must never get to see."""

    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField("helpdesk.Ticket", related_name="entries")
    author_id = fields.UUIDField()
    by_agent = fields.BooleanField(default=False)
    internal = fields.BooleanField(default=False)
    body = fields.TextField()
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "helpdesk_entry"
        indexes = (("tenant_id", "ticket_id", "created_at"),)
        personal = ("author_id", "body")


class Attachment(TenantModel):
    """A file of an entry; who may see the entry may see it."""

    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField("helpdesk.Entry", related_name="attachments")
    file_id = fields.UUIDField()
    name = fields.CharField(max_length=200)
    content_type = fields.CharField(max_length=100)
    size = fields.IntField()

    class Meta:
        table = "helpdesk_attachment"
        indexes = (("tenant_id", "entry_id"),)
        personal = ("name",)


class Change(TenantModel):
    """One step in a ticket's history: which field, from what to what, by whom (None: by rule), why."""

    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField("helpdesk.Ticket", related_name="changes")
    field = fields.CharField(max_length=20)
    before = fields.CharField(max_length=40, default="")
    after = fields.CharField(max_length=40, default="")
    actor_id = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=200, default="")
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "helpdesk_change"
        indexes = (("tenant_id", "ticket_id", "at"),)
        personal = ("actor_id",)
