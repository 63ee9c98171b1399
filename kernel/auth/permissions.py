"""Who may do what: deny by default, one place to ask.

A right comes from roles. A role holds what permissions declare for it (`Permission.roles`), plus and minus what the
tenant changed (`RoleRow`). `owner` holds everything. Rights of a plugin that is off stay in roles
and count for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ..base import errors
from ..base.clock import now
from ..base.context import Actor, current_actor, current_tenant
from ..base.contract import SIGNED_IN, Permission, Role
from ..base.i18n import _
from ..base.runtime import runtime
from ..engines.connection import sql, sql_one
from ..tenancy.snapshots import Snapshot, current_snapshot, whole_snapshot
from .models import RoleRow

OWNER, ADMIN, MEMBER = "owner", "admin", "member"


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """A role as the tenant has it. `permissions` counts effective plugins only."""

    id: str
    label: str
    built_in: bool
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an account may or may not do something. `through` are its roles that give the right."""

    permission: str
    allowed: bool
    plugin_on: bool
    account_active: bool
    roles: frozenset[str]
    through: tuple[str, ...]
    given_by: tuple[str, ...]


@dataclass(slots=True)
class _Roles:
    """A tenant's changes to roles at one snapshot, and the permission sets computed from them so far."""

    snapshot: Snapshot
    rows: Mapping[str, RoleRow]
    sets: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)


_by_tenant: dict[UUID, _Roles] = {}


def plugin_of(permission: str) -> str:
    """The plugin that a permission id belongs to."""
    return permission.partition(".")[0]


def _on(permission: str, snapshot: Snapshot) -> bool:
    plugin = plugin_of(permission)
    return plugin == "kernel" or plugin in snapshot.effective


def can(permission: str, actor: Actor | None = None) -> bool:
    """Whether `actor` (default: the one we act for) holds the right and its plugin is on. Nobody: False."""
    actor = actor or current_actor()
    return actor is not None and permission in actor.permissions and _on(permission, current_snapshot())


def require(permission: str) -> Actor:
    """The current actor, who holds `permission`. Raises SignInRequired or Forbidden."""
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    if not can(permission, actor):
        raise errors.Forbidden(permission=permission)
    return actor


def declared(plugins: Iterable[str] | None = None) -> dict[str, Permission]:
    """Permissions by id: of every installed plugin, or of `plugins`."""
    by_plugin = runtime().registry.permissions
    wanted = by_plugin if plugins is None else [p for p in by_plugin if p in plugins]
    return {permission.id: permission for plugin in wanted for permission in by_plugin[plugin]}


def effective_declared(snapshot: Snapshot | None = None) -> dict[str, Permission]:
    """Permissions of the kernel and of the plugins that are on."""
    return declared({"kernel", *(snapshot or current_snapshot()).effective})


def declared_roles() -> dict[str, Role]:
    """Built-in roles by id: the kernel's and those of every installed plugin."""
    return {role.id: role for roles in runtime().registry.roles.values() for role in roles}


def forget(tenant_id: UUID) -> None:
    """Compute this tenant's roles anew when next asked."""
    _by_tenant.pop(tenant_id, None)


async def _roles() -> _Roles:
    snapshot = whole_snapshot()
    tenant_id = current_tenant().id
    known = _by_tenant.get(tenant_id)
    if known is None or known.snapshot is not snapshot:
        rows = {row.slug: row for row in await RoleRow.all()}
        known = _by_tenant[tenant_id] = _Roles(snapshot, rows)
    return known


def _set_of(role: str, rows: Mapping[str, RoleRow], catalogue: Mapping[str, Permission]) -> frozenset[str]:
    if role == OWNER:
        return frozenset(catalogue)
    held = {p.id for p in catalogue.values() if role in p.roles}
    if row := rows.get(role):
        held |= set(row.added)
        held -= set(row.removed)
    return frozenset(held & catalogue.keys())


async def permissions_of(roles: frozenset[str]) -> frozenset[str]:
    """Everything that holders of these roles may do now. Computed once per set of roles and snapshot."""
    table = await _roles()
    found = table.sets.get(roles)
    if found is None:
        catalogue = effective_declared(table.snapshot)
        found = frozenset({SIGNED_IN}).union(*(_set_of(role, table.rows, catalogue) for role in roles))
        table.sets[roles] = found
    return found


async def all_roles() -> list[RoleInfo]:
    """Every role of the tenant: built-in ones first, as declared, then its own by label."""
    rows = {row.slug: row for row in await RoleRow.all()}
    catalogue = effective_declared()
    built_in = declared_roles()
    result = [RoleInfo(r.id, _(r.label), True, _set_of(r.id, rows, catalogue)) for r in built_in.values()]
    own = sorted((row for slug, row in rows.items() if slug not in built_in), key=lambda row: row.label.casefold())
    return result + [RoleInfo(row.slug, row.label, False, _set_of(row.slug, rows, catalogue)) for row in own]


async def roles_with(permission: str) -> list[RoleInfo]:
    """Which roles give a right: for the page that says whom to ask."""
    return [role for role in await all_roles() if permission in role.permissions]


def check_grantable(permissions: Collection[str], *, owner: bool = False) -> None:
    """Nobody hands out more than they hold. Raises Forbidden; work without an actor (commands, jobs) may."""
    actor = current_actor()
    if actor is None or OWNER in actor.roles:
        return
    missing = sorted(set(permissions) - actor.permissions)
    if owner or missing:
        raise errors.Forbidden(
            _("You can only give rights that you hold yourself."), permission=missing[0] if missing else ""
        )


async def explain(account_id: UUID, permission: str) -> Explanation:
    """Why this account can or cannot do `permission`."""
    tenant_id = current_tenant().id
    account = await sql_one("SELECT state FROM kernel_account WHERE tenant_id = $1 AND id = $2", tenant_id, account_id)
    if account is None:
        raise errors.NotFound()
    grants = await sql(
        "SELECT role FROM kernel_grant WHERE tenant_id = $1 AND account_id = $2 AND (until IS NULL OR until > $3)",
        tenant_id,
        account_id,
        now(),
    )
    held = frozenset(row.role for row in grants)
    givers = tuple(role.id for role in await roles_with(permission))
    through = tuple(role for role in givers if role in held)
    on = _on(permission, current_snapshot())
    active = account.state == "active"
    allowed = active and on and (bool(through) or permission == SIGNED_IN)
    return Explanation(permission, allowed, on, active, held, through, givers)
