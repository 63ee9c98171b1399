"""All bookings of the tenant as its administrators look for them: filters, order, a place to go on from, export.

Pages go on behind a row's own values, so that page 400 costs what page 1 costs and nothing is shown twice when
bookings come in meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import accounts, current_tenant, parse_id, sql, sql_one, zones

from . import queries
from .api import BookingInfo
from .forms_admin import BookingsAsked

#: Counting further tells nobody more.
COUNTED: Final = 10_000
#: Rows of an export that are read at a time.
BATCH: Final = 500
#: People of one search whose bookings are looked for.
_PEOPLE: Final = 200
_REFERENCE: Final = re.compile(r"[0-9a-f]{6,12}")
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Sort key -> column, and the type that a place in the list has.
_ORDERS: Final = {
    "when": ("b.starts_at", "timestamptz"),
    "booked": ("b.created_at", "timestamptz"),
    "price": ("b.price_minor", "int"),
}
_FROM: Final = "FROM scheduling_booking b WHERE b.tenant_id = $1"
_RESULTS: Final = {
    "full": "b.refund_percent = 100",
    "part": "b.refund_percent BETWEEN 1 AND 99",
    "none": "b.refund_percent = 0",
    "strike": "EXISTS (SELECT 1 FROM scheduling_strike s WHERE s.tenant_id = b.tenant_id AND s.booking_id = b.id)",
}
_PRICES: Final = {
    "free": "b.price_minor = 0",
    "paid": "b.price_minor > 0",
    "package": "b.entitlement <> ''",
}
_ROW: Final = (
    "b.id, b.status, b.outcome, b.kind, b.mode, b.title, b.level, b.candidate_id, b.interviewer_id, b.starts_at,"
    " b.ends_at, b.created_at, b.price_minor, b.currency, b.refund_percent, b.moves, b.cancelled_by, b.cancel_reason,"
    " b.candidate_zone, b.alias, b.policy->>'key' AS policy, b.policy->>'version' AS policy_version"
)


def reference(booking_id: UUID) -> str:
    """How people name a booking to each other: the end of its id, which differs from the next one's."""
    return booking_id.hex[-8:].upper()


@dataclass(slots=True)
class _Where:
    """Conditions with their values; `$1` is the tenant."""

    said: list[str] = field(default_factory=list)
    args: list[Any] = field(default_factory=list)

    def add(self, condition: str, *values: Any) -> None:
        """`condition` has a `?` for each value."""
        for value in values:
            self.args.append(value)
            condition = condition.replace("?", f"${len(self.args) + 1}", 1)
        self.said.append(condition)

    @property
    def text(self) -> str:
        return "".join(f" AND {one}" for one in self.said)


@dataclass(frozen=True, slots=True)
class Found:
    """One page. `before` and `after` are places to go on from, None at the ends; `total` stops at COUNTED + 1."""

    items: list[BookingInfo]
    before: list[Any] | None
    after: list[Any] | None
    total: int


async def find(asked: BookingsAsked, zone: str) -> Found:
    """The page that `asked` is about; dates count in `zone`."""
    where = await _conditions(asked, zone)
    counting = f"SELECT count(*) AS n FROM (SELECT 1 {_FROM}{where.text} LIMIT {COUNTED + 1}) x"  # noqa: S608
    total = await sql_one(counting, current_tenant().id, *where.args)
    place = asked.after
    back = bool(place) and place[0] == "<"
    rows = await _rows(asked, where, "b.id, b.starts_at, b.created_at, b.price_minor", asked.limit + 1, place)
    more, rows = len(rows) > asked.limit, rows[: asked.limit]
    if back:
        rows.reverse()
    infos = await queries.BOOKINGS.many([row.id for row in rows])
    before = (more if back else place is not None) and rows
    after = (True if back else more) and rows
    return Found(
        [infos[row.id] for row in rows if row.id in infos],
        _place("<", asked, rows[0]) if before else None,
        _place(">", asked, rows[-1]) if after else None,
        int(total.n) if total else 0,
    )


async def ids(asked: BookingsAsked, zone: str, most: int) -> list[UUID]:
    """The first bookings that the filters find, whatever the page."""
    return [row.id for row in await _rows(asked, await _conditions(asked, zone), "b.id", most, None)]


async def export(asked: BookingsAsked, zone: str) -> AsyncIterator[tuple[Any, dict[UUID, accounts.AccountCard]]]:
    """Every booking that the filters find, with the accounts of its people; a batch is in memory at a time."""
    where, place = await _conditions(asked, zone), None
    while True:
        rows = await _rows(asked, where, _ROW, BATCH, place)
        wanted = {i for row in rows for i in (row.candidate_id, row.interviewer_id) if i is not None}
        cards = await accounts.accounts_by_ids(wanted)
        for row in rows:
            yield row, cards
        if len(rows) < BATCH:
            return
        place = _place(">", asked, rows[-1])


async def state_counts(asked: BookingsAsked, zone: str) -> dict[str, int]:
    """How many bookings of each state the other filters find; all under ''. Expired holds only under their own."""
    where = await _conditions(asked.model_copy(update={"status": ""}), zone, every=True)
    rows = await sql(
        f"SELECT b.status, count(*) AS n {_FROM}{where.text} GROUP BY b.status", current_tenant().id, *where.args
    )
    counts = {row.status: int(row.n) for row in rows}
    return {"": sum(n for status, n in counts.items() if status != "expired"), **counts}


async def _rows(asked: BookingsAsked, where: _Where, columns: str, most: int, place: list[Any] | None) -> list[Any]:
    column, kind = _ORDERS[asked.sort]
    rising = asked.asc != (place is not None and place[:1] == ["<"])
    args, behind = list(where.args), ""
    if place:
        value = datetime.fromisoformat(place[1]) if kind == "timestamptz" else int(place[1])
        args += [value, UUID(place[2])]
        sign = ">" if rising else "<"
        behind = f" AND ({column}, b.id) {sign} (${len(args)}::{kind}, ${len(args) + 1}::uuid)"
    way = "" if rising else " DESC"
    return await sql(
        f"SELECT {columns} {_FROM}{where.text}{behind} ORDER BY {column}{way}, b.id{way} LIMIT {most}",
        current_tenant().id, *args,
    )  # fmt: skip


def _place(way: str, asked: BookingsAsked, row: Any) -> list[Any]:
    value = {"when": "starts_at", "booked": "created_at", "price": "price_minor"}[asked.sort]
    found = row[value]
    return [way, found.isoformat() if isinstance(found, datetime) else found, str(row.id)]


async def _conditions(asked: BookingsAsked, zone: str, *, every: bool = False) -> _Where:
    where = _Where()
    if asked.status:
        where.add("b.status = ?", asked.status)
    elif not every:
        where.add("b.status <> 'expired'")
    for name in ("outcome", "kind"):
        if value := getattr(asked, name):
            where.add(f"b.{name} = ?", value)
    if asked.candidate:
        where.add("b.candidate_id = ?", asked.candidate)
    if asked.interviewer:
        where.add("? IN (b.interviewer_id, b.second_id)", asked.interviewer)
    if asked.type:
        where.add(
            "b.type_id = (SELECT t.id FROM scheduling_interview_type t WHERE t.tenant_id = $1 AND t.slug = ?)",
            asked.type,
        )
    if asked.first:
        where.add("b.starts_at >= ?", zones.instant(asked.first, time(), zone))
    if asked.last:
        where.add("b.starts_at < ?", zones.instant(asked.last + timedelta(days=1), time(), zone))
    for condition in (_PRICES.get(asked.price), _RESULTS.get(asked.result)):
        if condition:
            where.add(condition)
    if asked.q:
        await _search(where, asked.q)
    return where


async def _search(where: _Where, words: str) -> None:
    """An id (also within a pasted address), a reference, or a title or person."""
    lowered = words.casefold()
    if found := _ID.search(lowered):
        where.add("b.id = ?", parse_id(found[0]))
        return
    people = [card.id for card in await accounts.search_accounts(words, limit=_PEOPLE)]
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", words) + "%"
    short = re.sub(r"[\s-]", "", lowered)
    end = "%" + short if _REFERENCE.fullmatch(short) else "-"
    where.add(
        "(b.title ILIKE ? OR b.candidate_id = ANY(?::uuid[]) OR b.interviewer_id = ANY(?::uuid[])"
        " OR b.second_id = ANY(?::uuid[]) OR replace(b.id::text, '-', '') LIKE ?)",
        pattern, people, people, people, end,
    )  # fmt: skip
