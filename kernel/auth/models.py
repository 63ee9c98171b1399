"""Rows of the auth wing. Only this wing writes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from ..base.clock import now
from ..engines.models import TenantModel

PENDING, ACTIVE, LOCKED, ERASED = "pending", "active", "locked", "erased"


class Account(TenantModel):
    """A person of one tenant. `email` is normalised; `password_hash` is empty for people who sign in otherwise."""

    email = fields.CharField(max_length=254)
    name = fields.CharField(max_length=120)
    password_hash = fields.CharField(max_length=255, null=True)
    state = fields.CharField(max_length=8, default=PENDING)
    locale = fields.CharField(max_length=12)
    zone = fields.CharField(max_length=64)
    picture_id = fields.UUIDField(null=True)
    created_at = fields.DatetimeField(default=now)
    verified_at = fields.DatetimeField(null=True)
    last_seen_at = fields.DatetimeField(null=True)

    class Meta:
        table = "kernel_account"
        unique_together = (("tenant_id", "email"),)


class Session(TenantModel):
    """One signed-in browser. The cookie's token is stored as its SHA-256 only."""

    account: Any = fields.ForeignKeyField("kernel.Account", related_name="sessions", db_index=True)
    token_hash = fields.CharField(max_length=64)
    created_at = fields.DatetimeField(default=now)
    last_seen_at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField()
    ip_hash = fields.CharField(max_length=64, default="")
    user_agent = fields.CharField(max_length=300, default="")
    ended_at = fields.DatetimeField(null=True)

    account_id: UUID

    class Meta:
        table = "kernel_session"
        unique_together = (("tenant_id", "token_hash"),)


class OneTimeToken(TenantModel):
    """A secret that works once: a mailed link, a sign-in challenge. Stored as its SHA-256 only."""

    purpose = fields.CharField(max_length=60)
    account: Any = fields.ForeignKeyField("kernel.Account", related_name="one_time_tokens", null=True, db_index=True)
    token_hash = fields.CharField(max_length=64)
    data = fields.JSONField[dict[str, Any]](default=dict)
    created_at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    account_id: UUID | None

    class Meta:
        table = "kernel_one_time_token"
        unique_together = (("tenant_id", "token_hash"),)


class ApiToken(TenantModel):
    """A key for programs, acting as an account with part of its rights."""

    account: Any = fields.ForeignKeyField("kernel.Account", related_name="api_tokens", db_index=True)
    name = fields.CharField(max_length=80)
    prefix = fields.CharField(max_length=20)
    token_hash = fields.CharField(max_length=64)
    scopes = fields.JSONField[list[str]](default=list)
    created_at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    account_id: UUID

    class Meta:
        table = "kernel_api_token"
        unique_together = (("tenant_id", "token_hash"),)


class RoleRow(TenantModel):
    """What a tenant changed about a role: a role of its own, or rights added to and taken from a declared one."""

    slug = fields.CharField(max_length=60)
    label = fields.CharField(max_length=80)
    added = fields.JSONField[list[str]](default=list)
    removed = fields.JSONField[list[str]](default=list)

    class Meta:
        table = "kernel_role"
        unique_together = (("tenant_id", "slug"),)


class Grant(TenantModel):
    """An account holds a role, for good or until an instant."""

    account: Any = fields.ForeignKeyField("kernel.Account", related_name="grants", db_index=True)
    role = fields.CharField(max_length=60)
    granted_at = fields.DatetimeField(default=now)
    until = fields.DatetimeField(null=True)

    account_id: UUID

    class Meta:
        table = "kernel_grant"
        unique_together = (("tenant_id", "account_id", "role"),)


def as_instant(value: datetime | None) -> str | None:
    """For exports: an instant as text."""
    return None if value is None else value.isoformat()
