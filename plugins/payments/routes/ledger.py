"""The books, for whoever keeps them."""

from __future__ import annotations

from aiohttp import web

from kernel import _, bytes_answer, now, page, read_query, url_with

from .. import bookkeeping, csvs, queries
from ..forms import LedgerFilter
from ..ledger import chart
from ..money import plain_amount
from .common import pages


async def show(request: web.Request) -> web.StreamResponse:
    """Balances, the proof that they add up, and the entries."""
    wanted = _wanted(request)
    found, total = await bookkeeping.entries(wanted, offset=(wanted.page - 1) * bookkeeping.PAGE)
    query = {"kind": wanted.kind or None, "account": wanted.account or None, "payment": wanted.payment or None}
    balances = await bookkeeping.balances()
    context = {
        "title": _("Ledger"),
        "balances": balances,
        "currencies": list(dict.fromkeys(b.currency for b in balances)),
        "proof": await bookkeeping.proof(),
        "chart": chart.ACCOUNTS,
        "kinds": chart.KINDS,
        "entries": found,
        "total": total,
        "wanted": wanted,
        "filtered": any(query.values()),
        "names": await queries.people([line.owner_id for e in found for line in e.lines]),
        "csv": url_with("payments.ledger_csv", {}, query),
        "pager": pages("payments.ledger", query, wanted.page, total, bookkeeping.PAGE),
    }
    return await page(request, "payments/ledger.html", context)


def _wanted(request: web.Request) -> LedgerFilter:
    found = read_query(request, LedgerFilter).value or LedgerFilter()
    return found if not found.account or found.account in chart.ACCOUNTS else found.model_copy(update={"account": ""})


async def as_csv(request: web.Request) -> web.StreamResponse:
    """The entries that the page means, one row a line."""
    found, _total = await bookkeeping.entries(_wanted(request), limit=queries.EXPORT_LIMIT)
    names = await queries.people([line.owner_id for e in found for line in e.lines])
    head = (
        _("Booked (UTC)"), _("Entry"), _("Kind"), _("For"), _("Account"), _("Owner"), _("Currency"), _("Debit"),
        _("Credit"),
    )  # fmt: skip
    rows = (
        (
            e.at.strftime("%Y-%m-%d %H:%M:%S"),
            str(e.id),
            _(chart.KINDS[e.kind]),
            e.description,
            line.account,
            names[line.owner_id].name if line.owner_id else "",
            line.currency,
            "" if line.debit is None else plain_amount(line.debit, line.currency),
            "" if line.credit is None else plain_amount(line.credit, line.currency),
        )
        for e in found
        for line in e.lines
    )
    return bytes_answer(csvs.table(head, rows), "text/csv; charset=utf-8", f"ledger-{now():%Y-%m-%d}.csv")
