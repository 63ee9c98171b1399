"""Rows of the auth wing. Only this wing writes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from ..base.clock import now
from ..engines.models import TenantModel

PENDING, ACTIVE, LOCKED, ERASED = "pending", "active", "locked", "erased"
#: An account of a program: it cannot sign in, and its rights come from its tokens' role.
SERVICE = "service"


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
    """A key for programs, acting as an account with part of its rights.

    `role` is set for service tokens, whose account is nobody's. `prefix` is what people recognise it by; of the
    rest only the SHA-256 is kept. `ips` are networks it may be used from, with spaces between them (none: anywhere),
    `per_minute` its own rate, `last_ip` a network rather than an address.
    """

    account: Any = fields.ForeignKeyField("kernel.Account", related_name="api_tokens", db_index=True)
    name = fields.CharField(max_length=80)
    prefix = fields.CharField(max_length=20)
    token_hash = fields.CharField(max_length=64)
    scopes = fields.JSONField[list[str]](default=list)
    created_at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    role = fields.CharField(max_length=60, null=True)
    ips = fields.CharField(max_length=1000, default="", db_default="")
    per_minute = fields.IntField(null=True)
    last_ip = fields.CharField(max_length=64, default="", db_default="")
    created_by_id = fields.UUIDField(null=True)
    replaced_by_id = fields.UUIDField(null=True)

    account_id: UUID

    class Meta:
        table = "kernel_api_token"
        unique_together = (("tenant_id", "token_hash"),)


class ApiCall(TenantModel):
    """What a token was used for: one row per route and status, so that the log stays as small as the API."""

    token: Any = fields.ForeignKeyField("kernel.ApiToken", related_name="calls", db_index=True)
    route = fields.CharField(max_length=120)
    status = fields.IntField()
    count = fields.BigIntField(default=0)
    last_at = fields.DatetimeField(default=now)
    last_ip = fields.CharField(max_length=64, default="")

    token_id: UUID

    class Meta:
        table = "kernel_api_call"
        unique_together = (("tenant_id", "token_id", "route", "status"),)


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
