"""The table of this floor: answers that must not be given twice."""

from __future__ import annotations

from tortoise import fields

from ..base.clock import now
from ..engines.models import TenantModel


class IdempotencyKey(TenantModel):
    """A request that carried a key: who sent it, what it said, and the answer it got.

    `state`: running (being answered), done (answer kept), failed (broke off, outcome not known).
    """

    owner = fields.CharField(max_length=80)
    key = fields.CharField(max_length=100)
    route = fields.CharField(max_length=400)
    body_hash = fields.CharField(max_length=64)
    state = fields.CharField(max_length=10, default="running")
    status = fields.IntField(null=True)
    location = fields.TextField(null=True)
    content_type = fields.CharField(max_length=120, null=True)
    body = fields.BinaryField(null=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_idempotency_key"
        unique_together = (("tenant_id", "owner", "key"),)


class SavedView(TenantModel):
    """A list's filters and order under a name. `list` is the list's route, `query` its query string.

    `shared`: everybody who may see the list has it. Without `account_id` its maker is no more.
    """

    list = fields.CharField(max_length=100)
    account_id = fields.UUIDField(null=True, db_index=True)
    name = fields.CharField(max_length=60)
    query = fields.CharField(max_length=2000, default="")
    shared = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_saved_view"
        unique_together = (("tenant_id", "list", "account_id", "name"),)
        personal = ("account_id", "name", "query")
