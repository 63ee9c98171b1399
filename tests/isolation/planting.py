"""A token in every text that one tenant holds; it says which column it is from."""

from __future__ import annotations

import hashlib
from uuid import UUID

import asyncpg

TOKEN = "zq7"
#: Columns that steer (states, names of jobs, keys of switches): changing them breaks our own pages, proves nothing.
_STEERING = "state|status|kind|role|name_key|key|queue|locale|zone|currency|scope|purpose|token_hash|password_hash"


def mark(table: str, column: str) -> str:
    """`zq7` and five digits, found by `matrix.CANARY`."""
    return TOKEN + hashlib.md5(f"{table}.{column}".encode(), usedforsecurity=False).hexdigest()[:5]


async def plant(conn: asyncpg.Connection, tables: list[str], tenant: UUID) -> tuple[int, list[str], dict[str, str]]:
    """Columns planted, those that took none, the column of every token. Numbers that count in a tenant move away."""
    columns = await conn.fetch(
        "SELECT table_name AS t, column_name AS c, data_type AS kind FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = ANY ($1)"
        " AND (data_type IN ('text', 'character varying', 'jsonb', 'ARRAY') OR column_name = 'number')"
        f" AND is_generated = 'NEVER' AND column_name !~ '^({_STEERING})$' ORDER BY 1, 2",
        tables,
    )
    done, left, where = 0, [], {}
    for row in columns:
        table, column, kind = row["t"], row["c"], row["kind"]
        token = mark(table, column)
        value = f"'{token}' || left(md5(id::text), 6)"
        if column == "email":
            value += " || '@canary.test'"
        if kind == "jsonb":  # every text in it: of an object's values, and a list's elements
            value = (
                f"""regexp_replace(regexp_replace("{column}"::text, '": "[^"\\\\]*"', '": "{token}"', 'g'),"""
                f""" '([\\[,] ?)"[^"\\\\]*"(?=[,\\]])', '\\1"{token}"', 'g')::jsonb"""
            )
        elif kind == "ARRAY":
            value = f"ARRAY[{value}]"
        elif column == "number":
            value = '"number" + 700000'
        try:
            async with conn.transaction():
                await conn.execute(f'UPDATE "{table}" SET "{column}" = {value} WHERE tenant_id = $1', tenant)
            done, where[token] = done + 1, f"{table}.{column}"
        except asyncpg.PostgresError:  # a length, a check
            left.append(f"{table}.{column}")
    return done, left, where
