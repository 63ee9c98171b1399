"""Tables of this floor: who the tenants are, what they switched, and one integer that tells of any change."""

from __future__ import annotations

from tortoise import fields

from ..base.clock import now
from ..base.ids import new_id
from ..engines.models import GlobalModel, TenantModel


class Tenant(GlobalModel):
    """One customer of the platform. `epoch` is the platform's epoch at the last change of this tenant."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    slug = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=120)
    state = fields.CharField(max_length=12, default="active")  # active | suspended
    default_locale = fields.CharField(max_length=16, default="en")
    locales: fields.Field[list[str]] = fields.JSONField(default=list)
    zone = fields.CharField(max_length=64, default="UTC")
    currency = fields.CharField(max_length=3, default="USD")
    epoch = fields.BigIntField(default=0)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_tenant"


class Domain(GlobalModel):
    """A host that leads to a tenant; stored as `normalise_host` writes it. Links use the primary one."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    host = fields.CharField(max_length=253, unique=True)
    tenant_id = fields.UUIDField(db_index=True)
    is_primary = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_domain"


class Epoch(GlobalModel):
    """A single row (id 1). `value` grows with every change; `platform` is its value at the last change of all."""

    id = fields.IntField(primary_key=True, generated=False)
    value = fields.BigIntField(default=0)
    platform = fields.BigIntField(default=0)

    class Meta:
        table = "kernel_epoch"


class Offer(GlobalModel):
    """The operator withholds a plugin or feature (`offered` false), from all or, with `tenant_id`, from one.

    `scope` is the tenant's id or "platform", so that uniqueness needs no nulls. No row means offered.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    key = fields.CharField(max_length=100)
    scope = fields.CharField(max_length=36, default="platform")
    offered = fields.BooleanField(default=True)
    reason = fields.CharField(max_length=500, default="")
    changed_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_offer"
        unique_together = (("key", "scope"),)


class Toggle(TenantModel):
    """What a tenant chose for a plugin or feature. No row means the default of manifest or declaration."""

    key = fields.CharField(max_length=100)
    is_on = fields.BooleanField()
    actor_id = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=500, default="")
    changed_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_toggle"
        unique_together = (("tenant_id", "key"),)


class SettingValue(TenantModel):
    """A value other than the default. `owner_id` is the tenant's id, or an account's for account settings.

    Exactly one of `value` (`{"v": …}`, so that JSON null differs from none) and `sealed` (a secret) is filled.
    """

    key = fields.CharField(max_length=100)
    owner_id = fields.UUIDField()
    value: fields.Field[dict[str, object] | None] = fields.JSONField(null=True)
    sealed = fields.BinaryField(null=True)
    actor_id = fields.UUIDField(null=True)
    changed_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_setting_value"
        unique_together = (("tenant_id", "owner_id", "key"),)


class PlatformSetting(GlobalModel):
    """The operator's value: of a platform setting, or as every tenant's default."""

    key = fields.CharField(max_length=100, primary_key=True)
    value: fields.Field[dict[str, object] | None] = fields.JSONField(null=True)
    sealed = fields.BinaryField(null=True)
    changed_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_platform_setting"
