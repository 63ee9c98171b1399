"""Two tenants with everything in them, and those who ask."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.app import Greenroom
from kernel.auth import sessions
from kernel.auth.tokens import issuing, scopes
from kernel.base.context import acting_as
from kernel.base.contract import Route
from kernel.base.ids import new_id
from kernel.engines.connection import execute, sql, sql_one
from kernel.engines.models import TenantModel, all_models
from kernel.testing.contract.walk import all_roles
from kernel.testing.people import Site, TenantKit

from ..crawl import streams
from .matrix import Ask, Key, Principal
from .places import of_route

#: Columns besides the id that stand in paths.
_NATURAL = ("slug", "number", "host", "token", "hash")
#: Routes that end the session that asks.
ENDING = ("kernel.sign_out", "kernel.end_session", "kernel.end_other_sessions")
#: Rows of a table whose keys are tried: the oldest and the newest.
_ROWS = 2


@dataclass(slots=True)
class Pair:
    ours: TenantKit
    theirs: TenantKit
    greenroom: Greenroom

    async def everybody(self, kit: TenantKit, email: str = "") -> Site:
        """One person with every role: somebody new, or one of the demo's people."""
        roles = all_roles(r.id for f in self.greenroom.runtime.registry.roles.values() for r in f)
        if not email:
            return await kit.sign_in("owner", *roles)
        with kit.scope():
            row = await sql_one("SELECT id FROM kernel_account WHERE email = $1", email)
            assert row is not None
            for role in ("owner", *roles):
                await execute(
                    "INSERT INTO kernel_grant (id, tenant_id, account_id, role, granted_at)"
                    " VALUES ($1, $2, $3, $4, now()) ON CONFLICT DO NOTHING",
                    new_id(), kit.ref.id, row.id, role,
                )  # fmt: skip
        return await kit.sign_in(account_id=row.id)

    def routes(self) -> dict[str, tuple[str, Route]]:
        found = self.greenroom.runtime.registry.routes
        return {route.name: (pid, route) for pid, routes in found.items() for route in routes}


async def rows_of(kit: TenantKit, *, newest_first: bool = False) -> dict[str, list[Key]]:
    """Keys by table, of a tenant's oldest and newest rows."""
    found: dict[str, list[Key]] = {}
    for model in all_models():
        if not issubclass(model, TenantModel):
            continue
        table, columns = model._meta.db_table, model._meta.fields_db_projection.values()
        natural = [c for c in _NATURAL if c in columns]
        wanted = ", ".join(f'"{c}"::text' for c in ("id", *natural))
        with kit.scope():
            rows = await sql(
                f'(SELECT {wanted} FROM "{table}" ORDER BY {table}.id LIMIT {_ROWS})'
                f' UNION (SELECT {wanted} FROM "{table}" ORDER BY {table}.id DESC LIMIT {_ROWS})'
            )
        keys = [Key(table, c, row[c]) for row in rows for c in ("id", *natural) if row[c]]
        if keys:
            found[table] = list(dict.fromkeys(keys))
    return found


async def with_token(kit: TenantKit, owner: Site, name: str, *, weak: bool = False) -> Principal:
    """A program with a token of `owner`'s: with every scope, or one for figures alone, where no path takes an id."""
    assert owner.account_id is not None
    with kit.scope():
        actor = await sessions.actor_of(owner.account_id)
        assert actor is not None
        groups = scopes.offered(actor.permissions)
        wanted = [f"read:{g.plugin}" for g in groups if g.reads] + [f"write:{g.plugin}" for g in groups if g.writes]
        with acting_as(actor):
            issued = await issuing.create_personal(
                actor, issuing.Wish(name, ("read:analytics",) if weak else tuple(wanted), 30)
            )
    return Principal(name, kit.visitor(), {"Authorization": f"Bearer {issued.text}"})


async def locked(kit: TenantKit, whose: str) -> Principal:
    site = await kit.sign_in("admin")
    await site.token()
    with kit.scope():
        await execute("UPDATE kernel_account SET state = 'locked' WHERE id = $1", site.account_id)
    return Principal(f"a locked admin of {whose}", site)


def astray(name: str, kit: TenantKit, somebody: Site) -> Principal:
    """Somebody of another tenant at this one's door, with the session from home."""
    lost = kit.visitor()
    for cookie, value in somebody.cookies().items():
        lost.set_cookie(cookie, value)
    return Principal(name, lost)


def asks_of(pair: Pair) -> list[Ask]:
    """Every route with places for ids in path or query, but streams."""
    routes = [route for _plugin, route in pair.routes().values() if not streams(route) and route.name not in ENDING]
    return [ask for ask in (of_route(route, bodies=False) for route in routes) if ask.places]
