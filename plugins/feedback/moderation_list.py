"""The moderators' list of reviews: searched, filtered, sorted, paged; and what stands behind one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel import accounts, current_tenant, sql

from .forms import AdminFilter
from .queries import people
from .views import Person

PAGE: Final = 25

_STATE: Final = {
    "": "",
    "shown": " AND r.released_at IS NOT NULL AND r.hidden_at IS NULL",
    "waiting": " AND r.released_at IS NULL",
    "hidden": " AND r.hidden_at IS NOT NULL",
    "reported": " AND r.report_state = 'open'",
    "note": " AND r.private_note <> ''",
}
_STARS: Final = {
    "": "",
    "low": " AND r.realism + r.clarity + r.usefulness <= 9",
    "high": " AND r.realism + r.clarity + r.usefulness > 9",
}
_SORT: Final = {"when": "r.submitted_at", "rating": "r.realism + r.clarity + r.usefulness"}


@dataclass(frozen=True, slots=True)
class AdminRow:
    """A submitted review in the list. `state` is shown, waiting or hidden."""

    id: UUID
    title: str
    author: Person
    subject: Person
    rating: float
    text: str
    submitted_at: datetime
    state: str
    reported: bool
    has_note: bool


async def listed(wanted: AdminFilter, size: int = PAGE) -> tuple[list[AdminRow], int]:
    """One page of submitted reviews and how many there are in all."""
    found = [a.id for a in await accounts.search_accounts(wanted.q, limit=200)] if wanted.q else []
    direction = "DESC" if wanted.desc == "1" else "ASC"
    rows = await sql(
        "SELECT r.id, e.title, r.author_id, r.subject_id, r.realism + r.clarity + r.usefulness AS stars,"  # noqa: S608
        " left(r.text, 240) AS text, r.submitted_at, r.released_at, r.hidden_at, r.report_state,"
        " r.private_note <> '' AS has_note, count(*) OVER () AS total"
        " FROM feedback_review r JOIN feedback_exchange e ON e.tenant_id = r.tenant_id AND e.id = r.exchange_id"
        " WHERE r.tenant_id = $1 AND r.state = 'submitted'"
        " AND ($2 = '' OR r.text ILIKE '%' || $2 || '%' OR e.title ILIKE '%' || $2 || '%'"
        " OR r.author_id = ANY($3::uuid[]) OR r.subject_id = ANY($3::uuid[]))"
        f"{_STATE[wanted.state]}{_STARS[wanted.stars]}"
        f" ORDER BY {_SORT[wanted.sort]} {direction}, r.id {direction} LIMIT $4 OFFSET $5",
        current_tenant().id,
        wanted.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"),
        found,
        size,
        (wanted.page - 1) * size,
    )
    known = await people([id for row in rows for id in (row.author_id, row.subject_id)])
    return [_row(row, known) for row in rows], rows[0].total if rows else 0


def _row(row: Any, known: dict[UUID | None, Person]) -> AdminRow:
    state = "hidden" if row.hidden_at is not None else "shown" if row.released_at is not None else "waiting"
    return AdminRow(
        id=row.id,
        title=row.title,
        author=known[row.author_id],
        subject=known[row.subject_id],
        rating=round(row.stars / 3, 1),
        text=row.text,
        submitted_at=row.submitted_at,
        state=state,
        reported=row.report_state == "open",
        has_note=row.has_note,
    )


async def counts() -> dict[str, int]:
    """How many reviews wait for a decision, are hidden, and carry a private note."""
    rows = await sql(
        "SELECT count(*) FILTER (WHERE report_state = 'open') AS reported,"
        " count(*) FILTER (WHERE hidden_at IS NOT NULL) AS hidden,"
        " count(*) FILTER (WHERE private_note <> '') AS note, count(*) AS every"
        " FROM feedback_review WHERE tenant_id = $1 AND state = 'submitted'",
        current_tenant().id,
    )
    row = rows[0]
    return {"reported": row.reported, "hidden": row.hidden, "note": row.note, "": row.every}
