"""Making, finding and changing tenants. Who may is checked by the caller: the operator's commands, or a page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from uuid import UUID

from ..base.clock import now
from ..base.context import TenantRef, current_tenant, tenant_scope
from ..base.errors import Conflict, Invalid, NotFound
from ..base.i18n import gettext as _
from ..base.ids import new_id
from ..base.runtime import runtime
from ..base.zones import is_zone
from ..engines.connection import after_commit, execute, sql_one, unit_of_work
from . import acts
from .epoch import bump_epoch
from .events import TenantCreated, TenantStateChanged, announce
from .hosts import normalise_host
from .snapshots import Snapshot, current_snapshot
from .toggles import run_lifecycle

__all__ = [
    "add_host", "create_tenant", "find_tenant", "normalise_host", "origin", "remove_host", "set_state",
    "update_tenant",
]  # fmt: skip

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_LOCALE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_CURRENCY = re.compile(r"[A-Z]{3}")


async def create_tenant(
    slug: str,
    name: str,
    *,
    hosts: Sequence[str],
    locale: str = "en",
    locales: Sequence[str] = (),
    zone: str = "UTC",
    currency: str = "USD",
    plugins: Mapping[str, bool] | None = None,
) -> TenantRef:
    """Make a tenant that answers to `hosts` (the first is the one in links) and let every plugin prepare for it.

    `plugins` chooses ids against their defaults. Raises Invalid for odd values, Conflict for a slug or host
    that is taken.
    """
    plain = [_plain(host) for host in hosts]
    errors = tenant_errors(name, locale, zone, currency)
    if not SLUG.fullmatch(slug):
        errors["slug"] = _("Use lower-case letters, digits and hyphens, at most 40")
    if not plain:
        errors["hosts"] = _("Enter at least one host name")
    registry = runtime().registry
    unknown = [key for key in plugins or {} if registry.owner(key) is None]
    if unknown:
        errors["plugins"] = _("There is no plugin called {name}").format(name=", ".join(unknown))
    if errors:
        raise Invalid(errors)
    tenant = TenantRef(new_id(), slug, name.strip())
    with tenant_scope(tenant):
        async with unit_of_work():
            offered = json.dumps(list(dict.fromkeys((locale, *locales))))
            made = await execute(
                "INSERT INTO kernel_tenant (id, slug, name, state, default_locale, locales, zone, currency, epoch,"
                " created_at) VALUES ($1, $2, $3, 'active', $4, $5::jsonb, $6, $7, 0, $8)"
                " ON CONFLICT (slug) DO NOTHING",
                tenant.id, slug, tenant.name, locale, offered, zone, currency, now(),
            )  # fmt: skip
            if not made:
                raise Conflict(_("There is a tenant called {slug} already.").format(slug=slug))
            await acts.note("tenant.created", slug, tenant_slug=slug, after=tenant.name)
            await bump_epoch()
            for i, host in enumerate(dict.fromkeys(plain)):
                await _insert_host(tenant, host, primary=i == 0)
            for key, on in (plugins or {}).items():
                await execute(
                    "INSERT INTO kernel_toggle (id, tenant_id, key, is_on, reason, changed_at)"
                    " VALUES ($1, $2, $3, $4, '', $5)",
                    new_id(), tenant.id, key, on, now(),
                )  # fmt: skip
            after_commit(lambda: _born(tenant))
    return tenant


async def _born(tenant: TenantRef) -> None:
    """Every working plugin prepares, on or off: it may be switched on later. Then the news."""
    await run_lifecycle("on_tenant_created", tenant, runtime().registry.ready)
    async with unit_of_work():
        await announce(TenantCreated(tenant_id=tenant.id, slug=tenant.slug, name=tenant.name))


async def find_tenant(slug: str) -> TenantRef | None:
    """The tenant called `slug`, from the database: for commands."""
    row = await sql_one("SELECT id, slug, name FROM kernel_tenant WHERE slug = $1", slug)
    return TenantRef(row.id, row.slug, row.name) if row else None


def origin(tenant: TenantRef | None = None) -> str:
    """`https://host[:port]` of the tenant (default: in scope), for links. Never taken from a request."""
    return _known(tenant).origin


def _known(tenant: TenantRef | None) -> Snapshot:
    if tenant is None:
        return current_snapshot()
    with tenant_scope(tenant):
        return current_snapshot()


async def update_tenant(
    *,
    name: str | None = None,
    locale: str | None = None,
    locales: Sequence[str] | None = None,
    zone: str | None = None,
    currency: str | None = None,
) -> None:
    """Change what is given of the tenant in scope. Raises Invalid."""
    snapshot, tenant = current_snapshot(), current_tenant()
    name = snapshot.tenant.name if name is None else name.strip()
    locale, zone, currency = locale or snapshot.locale, zone or snapshot.zone, currency or snapshot.currency
    offered = list(dict.fromkeys((locale, *(snapshot.locales if locales is None else locales))))
    errors = tenant_errors(name, locale, zone, currency)
    if not all(_LOCALE.fullmatch(one) for one in offered):
        errors["locales"] = _("Choose languages from the list")
    if errors:
        raise Invalid(errors)
    async with unit_of_work():
        await bump_epoch()
        await execute(
            "UPDATE kernel_tenant SET name = $2, default_locale = $3, locales = $4::jsonb, zone = $5, currency = $6"
            " WHERE id = $1",
            tenant.id, name, locale, json.dumps(offered), zone, currency,
        )  # fmt: skip


#: state -> states that it may become. Erasing is the way out of which nothing comes back.
_MOVES: Mapping[str, tuple[str, ...]] = {
    "active": ("suspended",),
    "suspended": ("active", "erasing"),
    "erasing": ("erasing",),
}


async def set_state(tenant: TenantRef, state: str, *, reason: str = "") -> bool:
    """Suspend a tenant ("suspended"), take it up again ("active"), or begin to erase it ("erasing"); False: it was so.

    A suspended tenant answers 503 with `reason` on everything but routes that always stay; its jobs wait, its
    sockets close, its data stay. Raises NotFound, and Conflict for a move that there is not.
    """
    if state not in _MOVES:
        raise ValueError(f"a tenant is {', '.join(_MOVES)}, not {state!r}")
    with tenant_scope(tenant):
        async with unit_of_work():
            await bump_epoch(tenant.id)
            row = await sql_one("SELECT state FROM kernel_tenant WHERE id = $1 FOR UPDATE", tenant.id)
            if row is None:
                raise NotFound()
            if row.state == state:
                return False
            if state not in _MOVES[row.state]:
                words = _("A tenant that is {before} cannot become {after}.")
                raise Conflict(words.format(before=row.state, after=state))
            await execute(
                "UPDATE kernel_tenant SET state = $2, state_reason = $3, state_since = $4 WHERE id = $1",
                tenant.id, state, reason[:500], now(),
            )  # fmt: skip
            await announce(TenantStateChanged(before=row.state, after=state, reason=reason[:500]))
            await acts.note(
                f"tenant.{state}", tenant.slug, tenant_slug=tenant.slug, reason=reason, before=row.state, after=state
            )
    return True


async def add_host(host: str, *, primary: bool = False) -> str:
    """Let the tenant in scope answer to `host`; as it is stored. Raises Invalid, Conflict when it is taken."""
    tenant, plain = current_tenant(), _plain(host)
    async with unit_of_work():
        await bump_epoch()
        if primary:
            await execute("UPDATE kernel_domain SET is_primary = false WHERE tenant_id = $1", tenant.id)
        await _insert_host(tenant, plain, primary=primary)
    return plain


async def remove_host(host: str) -> None:
    """Stop answering to `host`. Raises Conflict for the last one and NotFound for one that is not ours."""
    tenant, plain = current_tenant(), _plain(host)
    async with unit_of_work():
        await bump_epoch()
        left = await sql_one("SELECT count(*) AS n FROM kernel_domain WHERE tenant_id = $1", tenant.id)
        if not await execute("DELETE FROM kernel_domain WHERE tenant_id = $1 AND host = $2", tenant.id, plain):
            raise NotFound()
        await execute("DELETE FROM kernel_domain_claim WHERE tenant_id = $1 AND host = $2", tenant.id, plain)
        if left is not None and left.n < 2:
            raise Conflict(_("A tenant needs at least one host name."))


async def _insert_host(tenant: TenantRef, host: str, *, primary: bool) -> None:
    made = await execute(
        "INSERT INTO kernel_domain (id, host, tenant_id, is_primary, created_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (host) DO NOTHING",
        new_id(), host, tenant.id, primary, now(),
    )  # fmt: skip
    if not made:
        raise Conflict(_("{host} leads to a tenant already.").format(host=host))


def _plain(host: str) -> str:
    plain = normalise_host(host)
    if plain is None:
        raise Invalid({"hosts": _("{host} is not a host name").format(host=host[:100])})
    return plain


def tenant_errors(name: str, locale: str, zone: str, currency: str) -> dict[str, str]:
    """What is wrong with these, by field, in words."""
    errors: dict[str, str] = {}
    if not 1 <= len(name.strip()) <= 120:
        errors["name"] = _("Enter a name of at most 120 characters")
    if not _LOCALE.fullmatch(locale):
        errors["locale"] = _("Choose a language from the list")
    if not is_zone(zone):
        errors["zone"] = _("Choose a time zone from the list")
    if not _CURRENCY.fullmatch(currency):
        errors["currency"] = _("Enter a currency code of three letters, such as EUR")
    return errors


def tenant_id_of(host: str) -> UUID | None:
    """The tenant that a host leads to, or None."""
    found = runtime().snapshots.for_host(host)
    return found.tenant.id if found else None
