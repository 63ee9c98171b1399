"""What this wing keeps about a person who is erased: events lose their personal fields and keep their ids."""

from __future__ import annotations

import json
import re
from uuid import UUID

from ..base.context import current_tenant
from ..base.events import blanks, event_name
from ..base.runtime import runtime
from ..engines.connection import execute

#: A name this short would be found inside other people's words.
_SHORTEST_NAME = 5
_OVER = "state IN ('done', 'dead')"


async def forget_person(account_id: UUID, *, email: str, name: str) -> None:
    """Blank the personal fields of every event that this person did, is named in by id, or mentioned in by words.

    Read models rebuild from events, so rows, ids, times and amounts stay. What a plugin that is no longer installed
    once published, and jobs that are over, lose the address wherever it stands. Joins the open unit of work.
    """
    words = _pattern(email, name)
    for classes in runtime().registry.events.values():
        for cls in classes:
            if blank := blanks(cls):
                await execute(
                    "UPDATE kernel_event SET data = data || $3::jsonb WHERE tenant_id = $1 AND name = $2 "
                    "AND (actor_id = $4 OR strpos(data::text, $4::text) > 0 OR data::text ~* $5)",
                    current_tenant().id,
                    event_name(cls),
                    json.dumps(blank),
                    account_id,
                    words,
                )
    for table, column, where in (
        ("kernel_event", "data", "true"),
        ("kernel_job", "args", _OVER),
        ("kernel_job", "history", _OVER),
        ("kernel_job", "last_error", _OVER),
        ("kernel_trouble", "last_error", "true"),
    ):
        kind = "text" if column == "last_error" else "jsonb"
        await execute(
            f"UPDATE {table} SET {column} = regexp_replace({column}::text, $2, '•••', 'gi')::{kind} "  # noqa: S608
            f"WHERE tenant_id = $1 AND {where} AND {column}::text ~* $2",
            current_tenant().id,
            words,
        )


def _pattern(email: str, name: str) -> str:
    """A regular expression of PostgreSQL that finds the address, or the whole name, as JSON writes them."""
    found = [re.sub(r"([^\w@-])", r"\\\1", json.dumps(email, ensure_ascii=False)[1:-1])]
    if len(name) >= _SHORTEST_NAME:
        found.append(r"\m" + re.sub(r"([^\w-])", r"\\\1", json.dumps(name, ensure_ascii=False)[1:-1]) + r"\M")
    return "|".join(part for part in found if part)
