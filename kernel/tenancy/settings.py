"""Typed settings: declared by plugins, read from the snapshot, checked before they are stored.

Order of precedence: the account's value (account settings only), the tenant's, the operator's, the default.
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

from ..base.clock import now
from ..base.context import current_actor, current_tenant
from ..base.contract import Setting
from ..base.errors import Forbidden, Invalid
from ..base.i18n import gettext as _
from ..base.ids import new_id
from ..base.runtime import runtime
from ..engines.connection import execute, sql, unit_of_work
from ..plugging.values import mismatch, problem
from .epoch import bump_epoch
from .events import SettingChanged, announce
from .floors import FREE, Rule, bounded, locked_words, within
from .resolve import Sealed, SettingValues
from .sealing import CannotOpen, seal, unseal
from .snapshots import current_snapshot

log = logging.getLogger(__name__)

Origin = Literal["account", "tenant", "platform", "default"]
MASK = "•••"  # what events and pages show of a secret
_LONGEST_TOLD = 2000


def setting(key: str) -> Any:
    """The value for the tenant in scope. Raises LookupError for a key that no working plugin declares."""
    values = current_snapshot().settings
    try:
        value = values[key]
    except KeyError:
        raise LookupError(f"no plugin declares the setting {key!r}") from None
    if isinstance(value, Sealed):
        owner = current_tenant().id if values.origin(key) == "tenant" else None
        return _open(key, value, owner, values.declared[key][1].default)
    return copy.deepcopy(value) if isinstance(value, list | dict) else value


def origin_of(key: str) -> Origin:
    """Whose value `setting(key)` gives."""
    return current_snapshot().settings.origin(key)


def is_set(key: str) -> bool:
    """Has a secret (or any setting) been given a value? For pages, which never show the secret itself."""
    return origin_of(key) != "default"


async def set_setting(key: str, value: Any, *, reason: str = "") -> None:
    """Store the tenant's value. Raises Invalid in people's words, Forbidden for the operator's settings."""
    await set_settings({key: value}, reason=reason)


async def set_settings(values: Mapping[str, Any], *, reason: str = "") -> None:
    """Store several values, all or none. Raises Invalid with a message per bad key."""
    errors = faults_of(values)
    if errors:
        raise Invalid(errors)
    _may_change(values)
    await change({key: declaration(key) for key in values}, values, reason)


def faults_of(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with values for the tenant in scope, by key, in words; the operator's bounds count."""
    found = {}
    for key, value in values.items():
        declared = bounded(declaration(key), rule_of(key))
        if wrong := problem(declared, value):
            found[key] = wrong
    return found


def rule_of(key: str) -> Rule:
    """What the operator decided about the setting for the tenant in scope."""
    return current_snapshot().settings.rules.get(key, FREE)


def _may_change(keys: Iterable[str]) -> None:
    for key in keys:
        if declaration(key).scope == "platform":
            raise Forbidden(_("Only the operator can change this setting."))
        if (rule := rule_of(key)).locked:
            raise Forbidden(locked_words(rule))


async def reset_setting(key: str, *, reason: str = "") -> None:
    """Forget the tenant's value, so that the operator's or the default shows again. Raises Forbidden."""
    declared = declaration(key)
    _may_change((key,))
    await change({key: declared}, {}, reason)


async def change(keys: Mapping[str, Setting], values: Mapping[str, Any], reason: str) -> None:
    """Write `values`, and drop the rows of `keys` that have none, unchecked: for this wing and the operator's tools."""
    tenant, actor = current_tenant(), current_actor()
    actor_id = actor.id if actor else None
    async with unit_of_work():
        await bump_epoch()
        old = await _rows(tenant.id, keys)
        for key, declared in keys.items():
            before = old.get(key)
            known = key in values and not (declared.secret and not values[key])  # an emptied secret is no secret
            if known and not declared.secret and before == (values[key],):
                continue
            if known:
                await _store(tenant.id, declared, values[key], actor_id)
            elif key in old:
                await execute("DELETE FROM kernel_setting_value WHERE owner_id = $1 AND key = $2", tenant.id, key)
            else:
                continue
            await announce(
                SettingChanged(
                    key=key,
                    before=told(declared, before[0]) if before else "",
                    after=told(declared, values[key]) if known else "",
                    actor_id=actor_id,
                    reason=reason[:500],
                )
            )


# --- accounts ---------------------------------------------------------------------------------------------


async def account_setting(key: str, account_id: UUID | None = None) -> Any:
    """The account's own value (default: the actor's), else the tenant's."""
    owner = _account(account_id)
    declared = declaration(key)
    rule = rule_of(key)
    found = await _rows(owner, (key,)) if owner and not rule.locked else {}
    if key not in found:
        return setting(key)
    value = found[key][0]
    if isinstance(value, Sealed):
        return _open(key, value, owner, declared.default)
    return setting(key) if mismatch(declared, value) else within(declared, rule, value)


async def set_account_setting(key: str, value: Any, account_id: UUID | None = None) -> None:
    """Store an account's value. Raises Invalid, and Forbidden for a setting that accounts do not have."""
    owner = _account(account_id)
    declared = declaration(key)
    if declared.scope != "account" or owner is None:
        raise Forbidden(_("This setting is not yours to change."))
    if (rule := rule_of(key)).locked:
        raise Forbidden(locked_words(rule))
    if wrong := problem(bounded(declared, rule), value):
        raise Invalid({key: wrong})
    await _store(owner, declared, value, owner)


async def reset_account_setting(key: str, account_id: UUID | None = None) -> None:
    """Forget the account's value, so that the tenant's shows again."""
    owner = _account(account_id)
    if declaration(key).scope != "account" or owner is None or owner == current_tenant().id:
        raise Forbidden(_("This setting is not yours to change."))
    await execute("DELETE FROM kernel_setting_value WHERE owner_id = $1 AND key = $2", owner, key)


async def account_own() -> set[str]:
    """Keys of which the actor has a value of their own."""
    actor = current_actor()
    if actor is None:
        return set()
    rows = await sql("SELECT key FROM kernel_setting_value WHERE owner_id = $1", actor.id)
    return {row.key for row in rows}


async def account_settings(account_id: UUID) -> dict[str, Any]:
    """Everything the account has set, without secrets: for its export."""
    query = "SELECT key, value FROM kernel_setting_value WHERE owner_id = $1 AND value IS NOT NULL"
    rows = await sql(query, account_id)
    return {row.key: json.loads(row.value)["v"] for row in rows}


async def forget_account_settings(account_id: UUID) -> int:
    """Delete what the account has set; how many there were. For its erasure."""
    if account_id == current_tenant().id:
        return 0
    return await execute("DELETE FROM kernel_setting_value WHERE owner_id = $1", account_id)


def _account(account_id: UUID | None) -> UUID | None:
    actor = current_actor()
    return account_id or (actor.id if actor else None)


# --- rows -------------------------------------------------------------------------------------------------


def declaration(key: str) -> Setting:
    found = runtime().registry.settings_by_key.get(key)
    if found is None:
        raise LookupError(f"no plugin declares the setting {key!r}")
    return found[1]


async def _rows(owner: UUID, keys: Iterable[str]) -> dict[str, tuple[Any]]:
    """Stored values in a 1-tuple each, since None may be one."""
    rows = await sql(
        "SELECT key, value, sealed FROM kernel_setting_value WHERE owner_id = $1 AND key = ANY($2)", owner, list(keys)
    )
    return {
        r.key: (Sealed(bytes(r.sealed)) if r.sealed is not None else json.loads(r.value or '{"v": null}')["v"],)
        for r in rows
    }


async def _store(owner: UUID, declared: Setting, value: Any, actor_id: UUID | None) -> None:
    plain, sealed = packed(declared, value, owner)
    await execute(
        "INSERT INTO kernel_setting_value (id, tenant_id, key, owner_id, value, sealed, actor_id, changed_at)"
        " VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8) ON CONFLICT (tenant_id, owner_id, key) DO UPDATE SET"
        " value = excluded.value, sealed = excluded.sealed, actor_id = excluded.actor_id,"
        " changed_at = excluded.changed_at",
        new_id(), current_tenant().id, declared.key, owner, plain, sealed, actor_id, now(),
    )  # fmt: skip


def packed(declared: Setting, value: Any, owner: UUID | None) -> tuple[str | None, bytes | None]:
    if declared.secret:
        return None, seal(value or "", place_of(owner, declared.key))
    return json.dumps({"v": value}), None


def place_of(owner: UUID | None, key: str) -> str:
    """What binds a secret to its row: whose it is, and the key's name. None is the operator."""
    tenant = "" if owner is None else str(current_tenant().id)
    return f"{tenant}/{owner or 'platform'}/{key}"


def _open(key: str, value: Sealed, owner: UUID | None, default: Any) -> Any:
    try:
        return unseal(value.data, place_of(owner, key))
    except CannotOpen as fault:
        log.error("secret setting %s cannot be read: %s", key, fault)
        return default


def told(declared: Setting, value: Any) -> str:
    if declared.secret or isinstance(value, Sealed):
        return MASK
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_TOLD else text[:_LONGEST_TOLD] + "…"


def all_values(plugin: str) -> list[tuple[Setting, Any, Origin]]:
    """Each setting of `plugin` with its value for the tenant in scope, secrets as None: for the settings page."""
    values: SettingValues = current_snapshot().settings
    declared = runtime().registry.settings.get(plugin, ())
    return [(s, None if s.secret else setting(s.key), values.origin(s.key)) for s in declared]
