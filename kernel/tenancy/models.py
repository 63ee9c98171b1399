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
    state = fields.CharField(max_length=12, default="active")  # active | suspended | erasing
    state_reason = fields.CharField(max_length=500, default="", db_default="")
    state_since = fields.DatetimeField(null=True)
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


class DomainClaim(TenantModel):
    """A host that a tenant says is its own; it becomes a Domain once DNS shows `token`. Several tenants may claim one.

    `state`: pending | verified | failed. `failing_since` is when the proof went missing from a verified one.
    """

    host = fields.CharField(max_length=253)
    token = fields.CharField(max_length=64)
    state = fields.CharField(max_length=10, default="pending")
    problem = fields.CharField(max_length=300, default="")
    checked_at = fields.DatetimeField(null=True)
    verified_at = fields.DatetimeField(null=True)
    failing_since = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_domain_claim"
        unique_together = (("tenant_id", "host"),)


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
    """What a tenant chose for a plugin or feature. No row means the default of manifest or declaration.

    `rule` (see switch_rules.py) says for whom and when, in case of "on"; null is everybody, always.
    """

    key = fields.CharField(max_length=100)
    is_on = fields.BooleanField()
    actor_id = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=500, default="")
    changed_at = fields.DatetimeField(default=now)
    rule: fields.Field[dict[str, object] | None] = fields.JSONField(null=True)

    class Meta:
        table = "kernel_toggle"
        unique_together = (("tenant_id", "key"),)


class SwitchChange(TenantModel):
    """One switch that was moved, with what undoing it needs. Those moved together share `batch_id`.

    `before`/`after` are what the tenant chose (`{"on", "rule"}`, null: nothing); `was_on`/`is_on` what was in
    effect. `undoes` is the batch that this one took back.
    """

    batch_id = fields.UUIDField()
    key = fields.CharField(max_length=100)
    before: fields.Field[dict[str, object] | None] = fields.JSONField(null=True)
    after: fields.Field[dict[str, object] | None] = fields.JSONField(null=True)
    was_on = fields.BooleanField()
    is_on = fields.BooleanField()
    actor_id = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=500, default="")
    changed_at = fields.DatetimeField(default=now)
    undoes = fields.UUIDField(null=True)

    class Meta:
        table = "kernel_switch_change"
        indexes = (("tenant_id", "changed_at"),)


class PlannedSwitch(TenantModel):
    """A switch that somebody planned for later. `state`: waiting | done | cancelled | refused (`note` says why)."""

    key = fields.CharField(max_length=100)
    is_on = fields.BooleanField()
    cascade = fields.BooleanField(default=False)
    at = fields.DatetimeField()
    actor_id = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=500, default="")
    state = fields.CharField(max_length=12, default="waiting")
    note = fields.CharField(max_length=500, default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_planned_switch"
        indexes = (("tenant_id", "state", "at"),)


class Canary(GlobalModel):
    """The operator tries a plugin or feature on `percent` of the tenants; too many errors take it back.

    `state`: running | rolled_back. Counts are requests to its routes in tenants of the trial since `started_at`.
    """

    key = fields.CharField(max_length=100, primary_key=True)
    percent = fields.IntField()
    max_error_percent = fields.IntField(default=5)
    least_requests = fields.IntField(default=50)
    requests = fields.BigIntField(default=0)
    errors = fields.BigIntField(default=0)
    state = fields.CharField(max_length=12, default="running")
    reason = fields.CharField(max_length=500, default="")
    started_at = fields.DatetimeField(default=now)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "kernel_canary"


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


class SettingRule(GlobalModel):
    """What the operator decided about a setting: nobody below may change it (`locked`), or only within bounds.

    `scope` is a tenant's id, whose rule counts alone, or "platform". No row: free within the declared bounds.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    key = fields.CharField(max_length=100)
    scope = fields.CharField(max_length=36, default="platform")
    locked = fields.BooleanField(default=False)
    minimum = fields.BigIntField(null=True)
    maximum = fields.BigIntField(null=True)
    reason = fields.CharField(max_length=500, default="")
    changed_by = fields.CharField(max_length=120, default="")
    changed_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_setting_rule"
        unique_together = (("key", "scope"),)


class Usage(TenantModel):
    """How much of a counted thing a tenant used on a day (UTC). Written in sums, every few seconds."""

    name = fields.CharField(max_length=100)
    day = fields.DateField()
    used = fields.BigIntField(default=0)

    class Meta:
        table = "kernel_usage"
        unique_together = (("tenant_id", "name", "day"),)


class OperatorAct(GlobalModel):
    """The operator's own log: tenants made, paused and erased, settings of the platform, rotated keys. Only added to.

    `tenant_slug` and not an id with a reference: the line stays when the tenant is gone.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    at = fields.DatetimeField(default=now)
    action = fields.CharField(max_length=60)
    subject = fields.CharField(max_length=120, db_index=True)
    tenant_slug = fields.CharField(max_length=40, default="")
    by = fields.CharField(max_length=120, default="")
    reason = fields.CharField(max_length=500, default="")
    before = fields.TextField(default="")
    after = fields.TextField(default="")

    class Meta:
        table = "kernel_operator_act"
