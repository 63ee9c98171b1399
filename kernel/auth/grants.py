"""Roles given to accounts, and a tenant's own roles. Changes count from the very next request."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from ..base import errors
from ..base.clock import now
from ..base.context import current_tenant
from ..base.i18n import _
from ..engines.connection import after_commit, execute, sql, unit_of_work
from ..tenancy.epoch import bump_epoch
from ..work.events import publish
from . import audit
from .events import AccountChanged
from .models import Account, Grant, RoleRow
from .permissions import (
    OWNER,
    RoleInfo,
    check_grantable,
    declared,
    declared_roles,
    effective_declared,
    forget,
)
from .permissions import (
    all_roles as all_roles,
)

_SLUG = re.compile(r"[a-z][a-z0-9_-]{1,39}")


async def roles_of(account_id: UUID) -> frozenset[str]:
    """The roles that an account holds now."""
    rows = await sql(
        "SELECT role FROM kernel_grant WHERE tenant_id = $1 AND account_id = $2 AND (until IS NULL OR until > $3)",
        current_tenant().id,
        account_id,
        now(),
    )
    return frozenset(row.role for row in rows)


async def _role(role: str) -> RoleInfo:
    for info in await all_roles():
        if info.id == role:
            return info
    raise errors.Invalid({"role": _("Choose one of the roles.")})


async def grant(account_id: UUID, role: str, *, until: datetime | None = None, by_rule: bool = False) -> bool:
    """Give an account a role, for good or `until` an instant; False when it already had it so.

    The actor must hold every right of the role. `by_rule=True` is for a rule of the product that gives the role
    (an application was approved), where it is not the actor's to choose; it never gives `owner`.
    """
    info = await _role(role)
    if not by_rule or role == OWNER:
        check_grantable(info.permissions, owner=role == OWNER)
    async with unit_of_work():
        account = await Account.filter(id=account_id).select_for_update().first()
        if account is None:
            raise errors.NotFound()
        row, made = await Grant.get_or_create({"until": until}, account_id=account_id, role=role)
        if not made and row.until == until:
            return False
        if not made:
            if role == OWNER and until is not None:
                await guard_last_owner(account_id)
            row.until = until
            await row.save(update_fields=["until"])
        after = {"role": role, "until": until}
        await audit.record("kernel.role_granted", subject="account", subject_id=str(account_id), after=after)
        await publish(AccountChanged(account_id=account_id))
    return True


async def revoke(account_id: UUID, role: str) -> bool:
    """Take a role away; False when the account did not have it. Raises Conflict for the last owner."""
    if role == OWNER:
        check_grantable((), owner=True)
    async with unit_of_work():
        if role == OWNER:
            await guard_last_owner(account_id)
        count = await execute(
            "DELETE FROM kernel_grant WHERE tenant_id = $1 AND account_id = $2 AND role = $3",
            current_tenant().id,
            account_id,
            role,
        )
        if not count:
            return False
        before = {"role": role}
        await audit.record("kernel.role_revoked", subject="account", subject_id=str(account_id), before=before)
        await publish(AccountChanged(account_id=account_id))
    return True


async def guard_last_owner(account_id: UUID) -> None:
    """Inside a unit of work, before an account stops being an owner. Raises Conflict when nobody else is one."""
    tenant_id = current_tenant().id
    # Two owners removing each other must not both see the other: one at a time per tenant.
    await sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) AS locked", f"owners:{tenant_id}")
    rows = await sql(
        "SELECT g.account_id FROM kernel_grant g JOIN kernel_account a ON a.tenant_id = g.tenant_id"
        " AND a.id = g.account_id WHERE g.tenant_id = $1 AND g.role = $2 AND g.until IS NULL AND a.state = 'active'",
        tenant_id,
        OWNER,
    )
    owners = {row.account_id for row in rows}
    if owners == {account_id}:
        raise errors.Conflict(_("This is the last owner. Make somebody else an owner first."))


async def save_role(slug: str, label: str, permissions: Collection[str]) -> None:
    """Make a role, or set what a role may do. Rights of plugins that are off stay as they are.

    Raises Invalid for a bad name or right, Forbidden when the actor would hand out more than they hold.
    """
    built_in = declared_roles().get(slug)
    if slug == OWNER:
        raise errors.Invalid({"role": _("Owners hold every right; this cannot be changed.")})
    label = " ".join(label.split())
    if built_in is None and not _SLUG.fullmatch(slug):
        raise errors.Invalid({"slug": _("Use 2 to 40 small letters, digits, - and _, beginning with a letter.")})
    if built_in is None and not 1 <= len(label) <= 80:
        raise errors.Invalid({"label": _("Enter a name of up to 80 characters.")})
    catalogue = effective_declared()
    if unknown := sorted(set(permissions) - catalogue.keys()):
        raise errors.Invalid({"permissions": _("There is no right called {name}.").format(name=unknown[0])})
    wanted = set(permissions)
    before = {info.id: info.permissions for info in await all_roles()}.get(slug, frozenset())
    check_grantable(wanted - before)
    async with unit_of_work():
        await _roles_change()
        row = await RoleRow.get_or_none(slug=slug) or RoleRow(slug=slug, label=label)
        by_default = {p.id for p in catalogue.values() if slug in p.roles}
        row.label = label or row.label
        row.added = sorted((set(row.added) - catalogue.keys()) | (wanted - by_default))
        row.removed = sorted((set(row.removed) - catalogue.keys()) | (by_default - wanted))
        await row.save()
        await audit.record(
            "kernel.role_changed",
            subject="role",
            subject_id=slug,
            before={"permissions": sorted(before)},
            after={"permissions": sorted(wanted), "label": label},
        )


async def delete_role(slug: str) -> None:
    """Remove one of the tenant's own roles; whoever held it loses it. Raises NotFound, or Invalid if built-in."""
    if slug in declared_roles():
        raise errors.Invalid({"role": _("Built-in roles cannot be deleted.")})
    async with unit_of_work():
        await _roles_change()
        row = await RoleRow.get_or_none(slug=slug)
        if row is None:
            raise errors.NotFound()
        before = {"label": row.label, "permissions": [p for p in row.added if p in declared()]}
        await row.delete()
        await Grant.filter(role=slug).delete()
        await audit.record("kernel.role_deleted", subject="role", subject_id=slug, before=before)


async def _roles_change() -> None:
    """All processes compute permission sets anew: the epoch moves in the same transaction. Comes first: its row
    is the lock that puts changes in order.
    """
    await bump_epoch()
    tenant_id = current_tenant().id
    after_commit(lambda: forget(tenant_id))
