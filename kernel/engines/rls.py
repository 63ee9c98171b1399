"""The second wall: PostgreSQL itself keeps one tenant's rows from another, whatever the code above asks for.

The application role neither owns a table nor may bypass policies; the policy compares `tenant_id` with the
setting `app.tenant` ('*' for platform work, unset or '' for nothing at all). Foreign-key checks look past
policies, so references between tenant tables also carry the tenant: `(tenant_id, x_id)` -> `(tenant_id, id)`.

The wall stops our own mistakes, not SQL that somebody managed to slip in: that could set `app.tenant` just as we do
(docs/decisions/008). Against it stands that every statement has parameters.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Any, TypeAlias, cast
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg
from tortoise.models import Model

from .models import GlobalModel

ServerConnection: TypeAlias = asyncpg.Connection

APP_ROLE = "greenroom_app"
POLICY = "tenant_wall"
#: Written as the policy's comment; a new text here replaces the policies of older installations.
_VERSION = "1"
# Sub-selects, so that the setting is read once a statement instead of once a row.
_RULE = (
    "tenant_id = (SELECT nullif(nullif(current_setting('app.tenant', true), ''), '*')::uuid)"
    " OR (SELECT current_setting('app.tenant', true) = '*')"
)
_MIGRATIONS_TABLE = "tortoise_migrations"


def fingerprint() -> str:
    """Changes whenever this module would put up another wall."""
    return f"{_VERSION}:{_RULE}"


def app_dsn(owner_dsn: str, secret: bytes) -> str:
    """The owner's DSN with the application role and a password derived from the installation's secret."""
    digest = hmac.digest(secret, b"database role " + APP_ROLE.encode(), hashlib.sha256)
    password = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    parts = urlsplit(owner_dsn)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{APP_ROLE}:{password}@{place}"))


async def ensure_app_role(conn: ServerConnection, dsn_app: str | None = None) -> str:
    """Create the application role, or check the one that is there; its name.

    `dsn_app` says name and password (default: `greenroom_app`, no password). Raises PermissionError with one
    sentence when the owner may not create roles, or when the role could look past the wall.
    """
    parts = urlsplit(dsn_app or "")
    role, password = unquote(parts.username or APP_ROLE), unquote(parts.password or "")
    row = await conn.fetchrow(
        "SELECT rolsuper OR rolbypassrls AS mighty, rolname = current_user AS owner FROM pg_roles WHERE rolname = $1",
        role,
    )
    if row is not None and row["owner"]:
        raise PermissionError(f"The database role {role!r} must not be both the owner and the application's role.")
    if row is not None and row["mighty"]:
        raise PermissionError(f"The database role {role!r} must be neither superuser nor BYPASSRLS.")
    try:
        verb = "CREATE" if row is None else "ALTER"
        if row is None or password:
            secret = f" PASSWORD {_literal(password)}" if password else ""
            await conn.execute(f"{verb} ROLE {_name(role)} LOGIN NOINHERIT{secret}")
    except asyncpg.InsufficientPrivilegeError:
        if row is None:
            raise PermissionError(
                f"The owner may not create the role {role!r}: create it (LOGIN, no other right) and set "
                "GREENROOM_APP_DATABASE_URL to its address."
            ) from None
        # An existing role whose password we may not set: the deployer has set it.
    return role


async def secure(conn: ServerConnection, models: Iterable[type[Model]], *, role: str = APP_ROLE) -> int:
    """Put up what is missing of the wall for the tables of `models`, as their owner; statements run.

    Idempotent, in one transaction. A table without a `tenant_id` column is left open to the application.
    """
    walled = [m for m in models if _walled(m)]
    script = [*_policies(walled, await _tables(conn)), *_references(walled, await _constraints(conn))]
    script += await _grants(conn, role)
    if script:
        async with conn.transaction():
            for statement in script:
                await conn.execute(statement)
    return len(script)


async def leaks(conn: ServerConnection, *, role: str = APP_ROLE) -> list[str]:
    """Every hole in the wall, one sentence each: for the doctor and the tests."""
    rows = await conn.fetch(_LEAKS, role, POLICY)
    return [cast(str, row["leak"]) for row in rows]


def _walled(model: type[Model]) -> bool:
    if "tenant_id" not in model._meta.fields_db_projection:
        return False
    return not issubclass(model, GlobalModel) or model.tenant_wall


async def _tables(conn: ServerConnection) -> dict[str, tuple[bool, str | None]]:
    """Per table: whether row security is forced, and the version of our policy."""
    rows = await conn.fetch(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced,"
        " (SELECT obj_description(p.oid, 'pg_policy') FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = $1)"
        " AS version FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'",
        POLICY,
    )
    return {row["relname"]: (row["forced"], row["version"]) for row in rows}


def _policies(models: Iterable[type[Model]], tables: dict[str, tuple[bool, str | None]]) -> list[str]:
    script: list[str] = []
    for model in models:
        name = model._meta.db_table
        forced, version = tables.get(name, (False, None))
        table = _name(name)
        if not forced:
            script.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        if version != _VERSION:
            script += [
                f"DROP POLICY IF EXISTS {POLICY} ON {table}",
                f"CREATE POLICY {POLICY} ON {table} USING ({_RULE}) WITH CHECK ({_RULE})",
                f"COMMENT ON POLICY {POLICY} ON {table} IS '{_VERSION}'",
            ]
    return script


async def _constraints(conn: ServerConnection) -> set[str]:
    rows = await conn.fetch("SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace")
    return {row["conname"] for row in rows}


def _references(models: list[type[Model]], present: set[str]) -> list[str]:
    """Keys and references that carry the tenant, next to the plain ones that Tortoise made."""
    unique: list[str] = []
    foreign: list[str] = []
    for model in models:
        for name in sorted(model._meta.fk_fields | model._meta.o2o_fields):
            relation: Any = model._meta.fields_map[name]
            target: type[Model] = relation.related_model
            if target not in models or not relation.db_constraint:
                continue
            own, other = model._meta.db_table, target._meta.db_table
            key = _short(f"{other}_tenant_key")
            target_pk = _name(target._meta.db_pk_column)
            if key not in present:
                present.add(key)
                unique.append(f"ALTER TABLE {_name(other)} ADD CONSTRAINT {_name(key)} UNIQUE (tenant_id, {target_pk})")
            reference = _short(f"{own}_{name}_tenant_fkey")
            if reference in present:
                continue
            column = _name(relation.source_field or f"{name}_id")
            # The same action as the plain reference has, so that it does not matter which one fires first.
            action = str(relation.on_delete.value)
            action += f" ({column})" if action.startswith("SET") else ""
            foreign.append(
                f"ALTER TABLE {_name(own)} ADD CONSTRAINT {_name(reference)} FOREIGN KEY (tenant_id, {column})"
                f" REFERENCES {_name(other)} (tenant_id, {target_pk}) ON DELETE {action}"
            )
    return unique + foreign


async def _grants(conn: ServerConnection, role: str) -> list[str]:
    """Rights of the application role: rows of every table, and nothing else."""
    missing = await conn.fetchval(
        "SELECT NOT has_schema_privilege($1, 'public', 'USAGE') OR EXISTS (SELECT FROM pg_class c"
        " WHERE c.relnamespace = 'public'::regnamespace AND (c.relkind IN ('r', 'v') AND c.relname <> $2"
        " AND NOT (has_table_privilege($1, c.oid, 'SELECT') AND has_table_privilege($1, c.oid, 'INSERT')"
        " AND has_table_privilege($1, c.oid, 'UPDATE') AND has_table_privilege($1, c.oid, 'DELETE'))"
        " OR c.relkind = 'S' AND NOT has_sequence_privilege($1, c.oid, 'USAGE')))",
        role,
        _MIGRATIONS_TABLE,
    )
    if not missing:
        return []
    who = _name(role)
    script = [
        f"GRANT USAGE ON SCHEMA public TO {who}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {who}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {who}",
    ]
    if await conn.fetchval("SELECT to_regclass($1) IS NOT NULL", f"public.{_MIGRATIONS_TABLE}"):
        script.append(f"REVOKE INSERT, UPDATE, DELETE ON {_MIGRATIONS_TABLE} FROM {who}")
    return script


_LEAKS = """
SELECT format('Table %s has tenants but no forced row-level security with our policy.', c.relname) AS leak
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
   AND NOT (c.relrowsecurity AND c.relforcerowsecurity
            AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = $2
                         AND p.polcmd = '*' AND p.polroles = '{0}'))
UNION ALL
SELECT format('Table %s has a policy besides ours, which may widen it.', c.relname)
  FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
 WHERE c.relnamespace = 'public'::regnamespace AND p.polname <> $2 AND p.polpermissive
UNION ALL
SELECT format('View %s runs with its owner''s rights: create it WITH (security_invoker).', c.relname)
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
   AND NOT coalesce(c.reloptions, '{}') && ARRAY['security_invoker=true', 'security_invoker=on', 'security_invoker=1']
UNION ALL
SELECT format('Table %s is a materialised view or a foreign table, which no policy keeps apart.', c.relname)
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('m', 'f')
UNION ALL
SELECT format('Table %s may point into another tenant: its reference %s lacks the tenant.', s.relname, k.conname)
  FROM pg_constraint k JOIN pg_class s ON s.oid = k.conrelid
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id'
  JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attname = 'tenant_id'
 WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_constraint w
                    WHERE w.contype = 'f' AND w.conrelid = k.conrelid AND w.confrelid = k.confrelid
                      AND w.conkey @> k.conkey AND w.confkey @> k.confkey
                      AND w.conkey[array_position(w.confkey, b.attnum)] = a.attnum)
UNION ALL
SELECT format('Function %s runs with its owner''s rights (SECURITY DEFINER).', p.oid::regprocedure)
  FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
UNION ALL
SELECT format('Role %s may truncate table %s, which no policy stops.', r.rolname, c.relname)
  FROM pg_class c JOIN pg_roles r ON r.rolname = $1
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT r.rolsuper AND has_table_privilege(r.oid, c.oid, 'TRUNCATE')
UNION ALL
SELECT format('Role %s may become %s, who looks past row-level security or owns tables.', r.rolname, g.rolname)
  FROM pg_roles r JOIN pg_roles g ON g.oid <> r.oid AND pg_has_role(r.oid, g.oid, 'MEMBER')
 WHERE r.rolname = $1 AND NOT r.rolsuper AND (g.rolsuper OR g.rolbypassrls OR EXISTS (
         SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = g.oid))
UNION ALL
SELECT format('Role %s owns table %s.', $1::text, c.relname)
  FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
 WHERE c.relnamespace = 'public'::regnamespace AND r.rolname = $1
UNION ALL
SELECT format('Role %s may look past row-level security.', rolname)
  FROM pg_roles WHERE rolname = $1 AND (rolsuper OR rolbypassrls)
ORDER BY 1
"""


def _short(name: str) -> str:
    """A constraint name within PostgreSQL's 63 bytes, stable for the same input."""
    if len(name) <= 63:
        return name
    return name[:54] + "_" + hashlib.sha256(name.encode()).hexdigest()[:8]


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    if "\x00" in text or "\\" in text:
        raise ValueError("a password must not contain a backslash or NUL")
    return "'" + text.replace("'", "''") + "'"


def with_database(dsn: str, database: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path="/" + quote(database, safe="")))
