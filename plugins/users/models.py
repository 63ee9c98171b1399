"""Rows about people. Written by services only; accounts themselves are the kernel's."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from kernel import TenantModel, Timestamped, VersionedModel, now


class Profile(Timestamped, TenantModel):
    """What a person tells about themselves. `visible` names the fields that other signed-in people may see."""

    account_id = fields.UUIDField()
    headline = fields.CharField(max_length=120, default="")
    bio = fields.TextField(default="")
    pronouns = fields.CharField(max_length=40, default="")
    links = fields.JSONField[list[str]](default=list)
    target_roles = fields.JSONField[list[str]](default=list)
    visible = fields.JSONField[list[str]](default=list)
    picture_id = fields.UUIDField(null=True)
    picture_small_id = fields.UUIDField(null=True)

    class Meta:
        table = "users_profile"
        unique_together = (("tenant_id", "account_id"),)
        personal = ("headline", "bio", "pronouns", "links", "target_roles", "picture_id", "picture_small_id")


class Application(Timestamped, VersionedModel, TenantModel):
    """Somebody wants to be an interviewer. `answers` holds each field as typed; see forms.py for its stages."""

    account_id = fields.UUIDField()
    state = fields.CharField(max_length=20, default="draft")
    answers = fields.JSONField[dict[str, Any]](default=dict)
    reason = fields.TextField(default="")
    decided_by = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)
    submitted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "users_application"
        unique_together = (("tenant_id", "account_id"),)
        indexes = (("tenant_id", "state", "submitted_at"),)
        personal = ("answers", "reason", "decided_by")


class ApplicationStep(TenantModel):
    """One transition of an application: who, when, why. Never changed."""

    application_id = fields.UUIDField(db_index=True)
    before = fields.CharField(max_length=20)
    after = fields.CharField(max_length=20)
    actor_id = fields.UUIDField(null=True)
    reason = fields.TextField(default="")
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "users_application_step"
        personal = ("actor_id", "reason")


class InterviewerProfile(Timestamped, VersionedModel, TenantModel):
    """An interviewer's public side. `rate_minor` is per hour; `languages` are ISO 639 codes."""

    account_id = fields.UUIDField()
    slug = fields.CharField(max_length=60)
    headline = fields.CharField(max_length=120, default="")
    bio = fields.TextField(default="")
    company = fields.CharField(max_length=80, default="")
    years = fields.IntField(default=0)
    skills = fields.JSONField[list[str]](default=list)
    languages = fields.JSONField[list[str]](default=list)
    rate_minor = fields.IntField(default=0)
    currency = fields.CharField(max_length=3)
    published = fields.BooleanField(default=False)
    accepting = fields.BooleanField(default=True)

    class Meta:
        table = "users_interviewer_profile"
        unique_together = (("tenant_id", "account_id"), ("tenant_id", "slug"))
        personal = ("headline", "bio", "company", "years", "skills", "languages", "rate_minor")
