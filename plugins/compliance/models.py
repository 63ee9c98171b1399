"""Tables of this plugin."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from kernel import TenantModel, Timestamped, VersionedModel, now


class AuditEntry(TenantModel):
    """One act. Never changed or deleted (trigger); `hash` covers every field, `previous` the entry before.

    Personal words are not here but in AuditDetail, of which only `digest` is part of the chain: they can be erased
    and the chain still holds.
    """

    seq = fields.BigIntField()
    event_id = fields.UUIDField()
    source = fields.CharField(max_length=80)
    at = fields.DatetimeField(db_index=True)
    actor_id = fields.UUIDField(null=True, db_index=True)
    action = fields.CharField(max_length=120, db_index=True)
    subject = fields.CharField(max_length=60)
    subject_id = fields.CharField(max_length=120, db_index=True)
    request_id = fields.CharField(max_length=80, default="")
    digest = fields.CharField(max_length=64)
    previous = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "compliance_audit_entry"
        unique_together = (("tenant_id", "seq"), ("tenant_id", "event_id"))


class AuditDetail(TenantModel):
    """What changed and why. `salt` keeps the digest from being guessed after an erasure; then only `erased` is left."""

    entry_id = fields.UUIDField()
    salt = fields.CharField(max_length=32)
    before = fields.TextField(null=True)
    after = fields.TextField(null=True)
    reason = fields.TextField(default="")
    erased = fields.BooleanField(default=False)

    class Meta:
        table = "compliance_audit_detail"
        unique_together = (("tenant_id", "entry_id"),)


class AuditHead(TenantModel):
    """The end of the chain, so that cutting entries off its end shows."""

    seq = fields.BigIntField(default=0)
    hash = fields.CharField(max_length=64, default="")

    class Meta:
        table = "compliance_audit_head"
        unique_together = (("tenant_id",),)


class DataRequest(Timestamped, VersionedModel, TenantModel):
    """A person's request for their data or for being erased. `results` has one entry per plugin asked."""

    kind = fields.CharField(max_length=12)  # export | erasure
    account_id = fields.UUIDField(db_index=True)
    state = fields.CharField(max_length=16, db_index=True)
    asked_by = fields.UUIDField(null=True)
    note = fields.CharField(max_length=500, default="")
    due_at = fields.DatetimeField(default=now)
    decided_by = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=500, default="")
    locale = fields.CharField(max_length=16, default="en")
    results: fields.Field[list[dict[str, Any]]] = fields.JSONField(default=list)
    file_id = fields.UUIDField(null=True)
    finished_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)

    class Meta:
        table = "compliance_data_request"
