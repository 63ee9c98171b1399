"""The operator's side of settings: values for all or for one tenant, locks, bounds, and where a value comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from ..base.clock import now
from ..base.context import TenantRef, tenant_scope
from ..base.errors import Invalid
from ..base.i18n import gettext as _
from ..base.ids import new_id
from ..base.runtime import runtime
from ..engines.connection import execute, unit_of_work
from ..plugging.values import problem
from . import acts
from .epoch import bump_epoch, bump_platform
from .floors import FREE, Rule, bounded, bounds_fault
from .resolve import Sealed
from .settings import MASK, change, declaration, packed, rule_of, told
from .snapshots import current_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level that may give the value. `shown` is JSON text, secrets masked; None: this level says nothing."""

    scope: Literal["tenant", "platform", "default"]
    shown: str | None
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why a setting has the value it has, highest level first."""

    key: str
    plugin: str
    levels: tuple[Level, ...]
    rule: Rule
    unfit: bool
    clamped: bool


def explain(key: str) -> Explained:
    """Where the value of `key` comes from, for the tenant in scope. Raises LookupError for an unknown key."""
    declared, values = declaration(key), current_snapshot().settings
    plugin = runtime().registry.settings_by_key[key][0]
    rule, origin = rule_of(key), values.origin(key)
    own = {"tenant": values.own, "platform": values.platform, "default": {key: declared.default}}
    levels: list[Level] = []
    scopes: tuple[Literal["tenant", "platform", "default"], ...] = ("tenant", "platform", "default")
    for scope in scopes:
        shown = told(declared, own[scope][key]) if key in own[scope] else None
        if declared.secret and scope == "default":
            shown = '""'
        levels.append(Level(scope=scope, shown=shown, counts=scope == origin))
    raw = own[origin][key]
    clamped = not isinstance(raw, Sealed) and values[key] != raw
    return Explained(
        key=key, plugin=plugin, levels=tuple(levels), rule=rule, unfit=key in values.unfit, clamped=clamped
    )


async def set_platform_setting(key: str, value: Any, *, reason: str = "") -> None:
    """The operator's value: of a platform setting, or as every tenant's default. Raises Invalid."""
    declared = declaration(key)
    if wrong := problem(declared, value):
        raise Invalid({key: wrong})
    plain, sealed = packed(declared, value, None)
    before = await _platform_value(key)
    async with unit_of_work():
        await bump_platform()
        await execute(
            "INSERT INTO kernel_platform_setting (key, value, sealed, changed_at) VALUES ($1, $2::jsonb, $3, $4)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value, sealed = excluded.sealed,"
            " changed_at = excluded.changed_at",
            key, plain, sealed, now(),
        )  # fmt: skip
        await acts.note("setting.changed", key, reason=reason, before=before, after=told(declared, value))


async def reset_platform_setting(key: str, *, reason: str = "") -> None:
    """Forget the operator's value for all; the declared default shows again."""
    declaration(key)
    before = await _platform_value(key)
    async with unit_of_work():
        await bump_platform()
        if await execute("DELETE FROM kernel_platform_setting WHERE key = $1", key):
            await acts.note("setting.reset", key, reason=reason, before=before)


async def _platform_value(key: str) -> str:
    snapshots = runtime().snapshots
    value = snapshots.platform.get(key, _NOTHING)
    return "" if value is _NOTHING else told(declaration(key), value)


_NOTHING = object()


async def set_tenant_value(tenant: TenantRef, key: str, value: Any, *, reason: str = "") -> None:
    """The operator gives one tenant a value: the only way for platform settings and locked ones. Raises Invalid."""
    declared = declaration(key)
    with tenant_scope(tenant):
        if wrong := problem(bounded(declared, rule_of(key)), value):
            raise Invalid({key: wrong})
        async with unit_of_work():
            await change({key: declared}, {key: value}, reason or _("by the operator"))
            await acts.note("setting.changed", key, tenant_slug=tenant.slug, reason=reason, after=told(declared, value))


async def reset_tenant_value(tenant: TenantRef, key: str, *, reason: str = "") -> None:
    """The operator takes one tenant's value away, locked or not."""
    with tenant_scope(tenant):
        async with unit_of_work():
            await change({key: declaration(key)}, {}, reason or _("by the operator"))
            await acts.note("setting.reset", key, tenant_slug=tenant.slug, reason=reason)


async def govern(
    key: str,
    *,
    tenant: TenantRef | None = None,
    locked: bool,
    minimum: int | None = None,
    maximum: int | None = None,
    reason: str = "",
) -> None:
    """Lock a setting or draw bounds for it, for all or for one tenant. Raises Invalid for bounds that make no sense.

    A lock for all has the operator's value (or the default) count everywhere; a lock for one tenant keeps what
    that tenant has. A rule for one tenant replaces the one for all, so that an exception is a free rule.
    """
    if wrong := bounds_fault(declaration(key), minimum, maximum):
        raise Invalid({key: wrong})
    scope = str(tenant.id) if tenant else "platform"
    async with unit_of_work():
        await (bump_epoch(tenant.id) if tenant else bump_platform())
        await execute(
            "INSERT INTO kernel_setting_rule (id, key, scope, locked, minimum, maximum, reason, changed_by, changed_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key, scope) DO UPDATE SET"
            " locked = excluded.locked, minimum = excluded.minimum, maximum = excluded.maximum,"
            " reason = excluded.reason, changed_by = excluded.changed_by, changed_at = excluded.changed_at",
            new_id(), key, scope, locked, minimum, maximum, reason[:500], acts.operator_name(), now(),
        )  # fmt: skip
        await acts.note(
            "setting.locked" if locked else "setting.unlocked", key, tenant_slug=tenant.slug if tenant else "",
            reason=reason, after=bounds_words(Rule(locked=locked, minimum=minimum, maximum=maximum)),
        )  # fmt: skip


def bounds_words(rule: Rule) -> str:
    """`locked, 8 to 64`: a rule for the log and the command line."""
    words = ["locked"] if rule.locked else ["free"]
    if rule.minimum is not None:
        words.append(f"at least {rule.minimum}")
    if rule.maximum is not None:
        words.append(f"at most {rule.maximum}")
    return ", ".join(words)


def as_text(key: str) -> str:
    """The value in effect as JSON, a secret masked."""
    declared = declaration(key)
    value = current_snapshot().settings[key]
    return MASK if isinstance(value, Sealed) else json.dumps(None if declared.secret else value, ensure_ascii=False)


__all__ = [
    "FREE", "Explained", "Level", "as_text", "bounds_words", "explain", "govern", "reset_platform_setting",
    "reset_tenant_value", "set_platform_setting", "set_tenant_value",
]  # fmt: skip
