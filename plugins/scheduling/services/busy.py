"""Times taken in other calendars: written by whoever reads those calendars, asked by the one availability function."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from kernel import current_tenant, new_id, sql, unit_of_work

from ..models import Busy

Period = tuple[datetime, datetime]


async def busy_of(accounts: Collection[UUID], span: Period) -> dict[UUID, tuple[Period, ...]]:
    """Imported busy times that touch the span, by account; aware UTC, in order. Whoever has none is missing."""
    rows = await sql(
        "SELECT account_id, starts_at, ends_at FROM scheduling_busy WHERE tenant_id = $1"
        " AND account_id = ANY($2::uuid[]) AND ends_at > $3 AND starts_at < $4 ORDER BY starts_at",
        current_tenant().id,
        list(accounts),
        *span,
    )
    found: dict[UUID, list[Period]] = {}
    for row in rows:
        found.setdefault(row.account_id, []).append((row.starts_at, row.ends_at))
    return {account_id: tuple(periods) for account_id, periods in found.items()}


async def replace_busy(account_id: UUID, source: str, periods: Iterable[Period]) -> bool:
    """Make `source` hold exactly these periods for the account; True when something changed.

    Empty and backward periods are left out. Joins the open transaction. Nothing is written when nothing changed, so
    that a feed read every few minutes does not make free times be worked out anew.
    """
    wanted = {(start, end) for start, end in periods if start < end}
    async with unit_of_work():
        rows = await Busy.filter(account_id=account_id, source=source).select_for_update()
        gone = [row.id for row in rows if (row.starts_at, row.ends_at) not in wanted]
        fresh = wanted - {(row.starts_at, row.ends_at) for row in rows}
        if gone:
            await Busy.filter(id__in=gone).delete()
        if fresh:
            await Busy.bulk_create(
                [
                    Busy(id=new_id(), account_id=account_id, source=source, starts_at=start, ends_at=end)
                    for start, end in sorted(fresh)
                ]
            )
    return bool(gone or fresh)
