"""Making a tenant of a bundle, and making a tenant be as a bundle says: checked as a whole, then all or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...auth import accounts, audit
from ...auth.models import RoleRow
from ...auth.permissions import forget
from ...base.clock import now
from ...base.context import TenantRef, current_tenant, tenant_scope
from ...base.runtime import runtime
from ...engines.connection import after_commit, execute, unit_of_work
from ...tenancy import acts
from ...tenancy.epoch import bump_epoch
from ...tenancy.resolve import Choice
from ...tenancy.settings import change
from ...tenancy.tenants import add_host, create_tenant, remove_host, update_tenant
from ...tenancy.toggles import choose_all
from .exporting import export
from .format import Bundle
from .planning import Change, changes, choices_of, faults, offered, part_of

#: Of the accounts in a bundle that name none: demo tenants only.
PASSWORD = "greenroom-demo"  # noqa: S105 - printed on the screen on purpose


class Refused(Exception):
    """A bundle that cannot be applied; nothing was. `faults` are all the reasons, a sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was changed, and the state before as a bundle: applying that takes everything back."""

    changes: list[Change]
    before: Bundle


async def plan(tenant: TenantRef, wanted: Bundle) -> tuple[list[Change], list[str]]:
    """What applying would change, and what speaks against it."""
    with tenant_scope(tenant):
        present = await export()
        return changes(present, wanted), await faults(wanted, present)


async def apply_to(tenant: TenantRef, wanted: Bundle, *, reason: str = "") -> Applied:
    """Make the tenant as the bundle says. Applying again changes nothing. Raises Refused with the whole list."""
    with tenant_scope(tenant):
        async with unit_of_work():
            await bump_epoch()  # first: its row keeps other changes of this kind out until we are through
            before = await export()
            if found := await faults(wanted, before):
                raise Refused(found)
            todo = changes(before, wanted)
            if todo:
                await _apply(before, wanted, reason)
                after = await export()
                if left := changes(after, wanted):
                    raise Refused([f"it would not come out as written: {change}" for change in left])
                lines = [str(change) for change in todo]
                await audit.record(
                    "kernel.bundle_applied", subject="tenant", subject_id=str(tenant.id), reason=reason,
                    after={"changes": lines[:200]},
                )  # fmt: skip
                await acts.note(
                    "bundle.applied", tenant.slug, tenant_slug=tenant.slug, reason=reason, after="\n".join(lines)
                )
    return Applied(changes=todo, before=before)


async def _apply(before: Bundle, wanted: Bundle, reason: str) -> None:
    why = reason or "bundle"
    await update_tenant(
        name=wanted.name, locale=wanted.locale, locales=offered(wanted), zone=wanted.zone, currency=wanted.currency
    )
    await _apply_hosts(before, wanted)
    if wanted.plugins is not None:
        await _apply_plugins(before.plugins or {}, wanted.plugins, why)
    if wanted.settings is not None:
        await _apply_settings(before.settings or {}, wanted.settings, why)
    if wanted.roles is not None and wanted.roles != before.roles:
        await _apply_roles(wanted.roles)
    for name, data in (wanted.parts or {}).items():
        part = part_of(name)
        if part is not None and data != (before.parts or {}).get(name):
            await part.apply(data)


async def _apply_hosts(before: Bundle, wanted: Bundle) -> None:
    for host in wanted.hosts:
        if host not in before.hosts:
            await add_host(host)
    for host in before.hosts:
        if host not in wanted.hosts:
            await remove_host(host)
    # The order is that of their making, with the main one in front.
    if wanted.hosts != before.hosts:
        for number, host in enumerate(wanted.hosts):
            await execute(
                "UPDATE kernel_domain SET is_primary = $3, created_at = $4::timestamptz + $5 * interval '1 millisecond'"
                " WHERE tenant_id = $1 AND host = $2",
                current_tenant().id, host, number == 0, now(), number,
            )  # fmt: skip


async def _apply_plugins(before: Mapping[str, Any], wanted: Mapping[str, Any], reason: str) -> None:
    at = now()
    chosen = {key: choice._replace(reason=reason, changed_at=at) for key, choice in choices_of(wanted).items()}
    fresh: dict[str, Choice | None] = {key: c for key, c in chosen.items() if before.get(key) != wanted[key]}
    fresh |= dict.fromkeys(before.keys() - wanted.keys())
    if fresh:
        await choose_all(fresh, reason=reason)


async def _apply_settings(before: Mapping[str, Any], wanted: Mapping[str, Any], reason: str) -> None:
    declared = runtime().registry.settings_by_key
    values = {key: value for key, value in wanted.items() if before.get(key) != value}
    touched = values.keys() | (before.keys() - wanted.keys())
    await change({key: declared[key][1] for key in sorted(touched)}, values, reason)


async def _apply_roles(wanted: Mapping[str, Mapping[str, Any]]) -> None:
    """Who holds a role that goes keeps the grant: it counts for nothing, and again when the role comes back."""
    await RoleRow.exclude(slug__in=list(wanted)).delete() if wanted else await RoleRow.all().delete()
    for slug, role in wanted.items():
        row = await RoleRow.get_or_none(slug=slug) or RoleRow(slug=slug)
        row.label = role["label"]
        row.added, row.removed = sorted(role.get("added", [])), sorted(role.get("removed", []))
        await row.save()
    tenant_id = current_tenant().id
    after_commit(lambda: forget(tenant_id))


# --- a new tenant -------------------------------------------------------------------------------------------------


async def create(wanted: Bundle) -> TenantRef:
    """A new tenant as the bundle says, with its accounts. Raises Refused; then there is no such tenant."""
    if found := await faults(wanted, None):
        raise Refused(found)
    return await apply_bundle(wanted, check=True)


async def apply_bundle(bundle: Bundle, *, check: bool = False) -> TenantRef:
    """Make the tenant. Without `check` (the demo) what belongs to plugins that are not installed is left out."""
    wanted = bundle if check else _installed(bundle)
    tenant = await create_tenant(
        wanted.slug,
        wanted.name,
        hosts=list(wanted.hosts),
        locale=wanted.locale,
        locales=list(wanted.locales),
        zone=wanted.zone,
        currency=wanted.currency,
        plugins={key: on for key, on in (wanted.plugins or {}).items() if isinstance(on, bool)},
    )
    await runtime().snapshots.refresh()
    try:
        # Sections that a new tenant has nothing of say nothing about what plugins prepared for it.
        await apply_to(tenant, wanted, reason="bundle")
        await _people(tenant, wanted)
    except BaseException:
        from ..erasing import undo_creation

        await undo_creation(tenant)
        raise
    await runtime().snapshots.refresh()
    return tenant


async def _people(tenant: TenantRef, wanted: Bundle) -> None:
    known = {role.id for found in runtime().registry.roles.values() for role in found} | set(wanted.roles or {})
    with tenant_scope(tenant):
        async with unit_of_work():
            for account in wanted.accounts:
                await accounts.create_account(
                    account.email,
                    account.name,
                    password=PASSWORD if runtime().config.dev else None,
                    locale=wanted.locale,
                    zone=wanted.zone,
                    state="active",
                    roles=[role for role in account.roles if role in known],
                )


def _installed(bundle: Bundle) -> Bundle:
    registry = runtime().registry
    return replace(
        bundle,
        plugins={key: on for key, on in (bundle.plugins or {}).items() if registry.owner(key)},
        settings={key: v for key, v in (bundle.settings or {}).items() if key in registry.settings_by_key},
        parts={name: data for name, data in (bundle.parts or {}).items() if part_of(name) is not None},
    )
