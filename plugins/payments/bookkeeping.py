"""The read side of the books: balances, entries, and the proof that everything adds up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel import current_tenant, parse_id, sql

from .forms import LedgerFilter
from .ledger import chart

PAGE = 12


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds in one currency, with the sign that its kind is read with."""

    account: str
    currency: str
    minor: int
    lines: int


@dataclass(frozen=True, slots=True)
class Proof:
    """`entries`: ones that do not sum to zero. `totals`: what all lines sum to, by currency. `drift`: what payments and
    refunds say is at the provider, less what the books say, by currency."""

    entries: int
    totals: dict[str, int]
    drift: dict[str, int]

    @property
    def sound(self) -> bool:
        return self.entries == 0 and not any(self.totals.values()) and not any(self.drift.values())


@dataclass(frozen=True, slots=True)
class BookLine:
    account: str
    owner_id: UUID | None
    minor: int
    currency: str

    @property
    def debit(self) -> int | None:
        return self.minor if self.minor > 0 else None

    @property
    def credit(self) -> int | None:
        return -self.minor if self.minor < 0 else None


@dataclass(frozen=True, slots=True)
class BookEntry:
    id: UUID
    kind: str
    payment_id: UUID
    description: str
    at: datetime
    lines: tuple[BookLine, ...]


async def balances() -> list[Balance]:
    """Every account that was ever used, in the order of the chart."""
    rows = await sql(
        "SELECT account, currency, sum(amount_minor)::bigint AS minor, count(*) AS lines FROM payments_ledger_line"
        " WHERE tenant_id = $1 GROUP BY account, currency",
        current_tenant().id,
    )
    order = {name: position for position, name in enumerate(chart.ACCOUNTS)}
    found = [
        Balance(r.account, r.currency, -r.minor if chart.ACCOUNTS[r.account].credit else r.minor, r.lines) for r in rows
    ]
    return sorted(found, key=lambda b: (b.currency, order[b.account]))


async def proof() -> Proof:
    """Add everything up anew."""
    tenant = current_tenant().id
    wrong = await sql(
        "SELECT e.id FROM payments_ledger_entry e LEFT JOIN payments_ledger_line l ON l.tenant_id = e.tenant_id"
        " AND l.entry_id = e.id WHERE e.tenant_id = $1 GROUP BY e.id, e.line_count"
        " HAVING count(l.id) <> e.line_count OR coalesce(sum(l.amount_minor), 0) <> 0"
        " OR count(DISTINCT l.currency) <> 1",
        tenant,
    )
    totals = await sql(
        "SELECT currency, sum(amount_minor)::bigint AS minor FROM payments_ledger_line WHERE tenant_id = $1"
        " GROUP BY currency",
        tenant,
    )
    drift = await sql(
        "SELECT currency, sum(minor)::bigint AS minor FROM ("
        " SELECT currency, amount_minor AS minor FROM payments_payment WHERE tenant_id = $1 AND paid_at IS NOT NULL"
        " UNION ALL SELECT currency, -amount_minor FROM payments_refund WHERE tenant_id = $1 AND state = 'done'"
        " UNION ALL SELECT currency, -amount_minor FROM payments_ledger_line WHERE tenant_id = $1 AND account = $2"
        ") AS both_sides GROUP BY currency",
        tenant,
        chart.CLEARING,
    )
    return Proof(len(wrong), {r.currency: r.minor for r in totals}, {r.currency: r.minor for r in drift})


async def entries(wanted: LedgerFilter, *, limit: int = PAGE, offset: int = 0) -> tuple[list[BookEntry], int]:
    """Entries that the filter means, newest first, with all their lines; and how many there are."""
    payment = parse_id(wanted.payment) if wanted.payment else None
    rows = await sql(
        "SELECT e.id, e.kind, e.payment_id, e.at, p.description, count(*) OVER () AS total FROM payments_ledger_entry e"
        " JOIN payments_payment p ON p.tenant_id = e.tenant_id AND p.id = e.payment_id WHERE e.tenant_id = $1"
        " AND ($2 = '' OR e.kind = $2) AND ($4::uuid IS NULL OR e.payment_id = $4)"
        " AND ($3 = '' OR EXISTS (SELECT FROM payments_ledger_line l WHERE l.tenant_id = e.tenant_id"
        " AND l.entry_id = e.id AND l.account = $3)) ORDER BY e.at DESC, e.id DESC LIMIT $5 OFFSET $6",
        current_tenant().id,
        wanted.kind,
        wanted.account,
        payment,
        limit,
        offset,
    )
    lines: dict[UUID, list[BookLine]] = {r.id: [] for r in rows}
    for line in await sql(
        "SELECT entry_id, account, owner_id, amount_minor, currency FROM payments_ledger_line WHERE tenant_id = $1"
        " AND entry_id = ANY($2::uuid[]) ORDER BY amount_minor DESC, id",
        current_tenant().id,
        list(lines),
    ):
        lines[line.entry_id].append(BookLine(line.account, line.owner_id, line.amount_minor, line.currency))
    found = [BookEntry(r.id, r.kind, r.payment_id, r.description, r.at, tuple(lines[r.id])) for r in rows]
    return found, rows[0].total if rows else 0


async def owed_to(owner_id: UUID) -> dict[str, dict[str, int]]:
    """What a payee has, by currency: `held` and `available`."""
    rows = await sql(
        "SELECT currency, account, -sum(amount_minor)::bigint AS minor FROM payments_ledger_line WHERE tenant_id = $1"
        " AND owner_id = $2 AND account = ANY($3) GROUP BY currency, account",
        current_tenant().id,
        owner_id,
        [chart.HELD, chart.AVAILABLE],
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        sums = found.setdefault(row.currency, {"held": 0, "available": 0})
        sums["held" if row.account == chart.HELD else "available"] = row.minor
    return found
