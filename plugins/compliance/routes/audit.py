"""The audit log: reading, searching, exporting, checking."""

from __future__ import annotations

import csv
import io
from typing import Any

from aiohttp import web

from kernel import (
    accounts,
    audit,
    bytes_answer,
    current_zone,
    errors,
    format_number,
    page,
    read_form,
    read_query,
    url,
    url_with,
    zones,
)
from kernel import gettext as _

from .. import queries, texts
from ..forms import AuditQuery, EmptyForm
from ..queries import Wanted
from ..services import log

_MOST_EXPORTED = 50_000


async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request)


async def _page(request: web.Request, verdict: log.Verdict | None = None) -> web.StreamResponse:
    parsed = read_query(request, AuditQuery)
    query = parsed.value or AuditQuery()
    rows = await queries.entries(await wanted_of(query), before=query.before, limit=queries.PAGE + 1)
    found = await queries.actions()
    filtered = bool(query.q or query.action or query.who or query.since or query.until)
    total = await queries.size()
    context = {
        "title": _("Audit log"),
        "rows": rows[: queries.PAGE],
        "query": query,
        "errors": parsed.errors,
        "actions": [("", _("Every act")), *sorted(((a, texts.action_label(a)) for a in found), key=lambda p: p[1])],
        "tone": texts.tone,
        "clear": url("compliance.audit") if filtered else None,
        "older": _link(query, before=rows[queries.PAGE - 1].seq) if len(rows) > queries.PAGE else None,
        "newest": _link(query) if query.before else None,
        "csv": url_with("compliance.audit_csv", {}, _filters(query)),
        "verify": url_with("compliance.audit_verify", {}, _filters(query)),
        "total": format_number(total),
        "verdict": verdict,
        "fault": _faults().get(verdict.fault, "") if verdict else "",
    }
    return await page(request, "compliance/audit.html", context)


def _filters(query: AuditQuery) -> dict[str, Any]:
    return {
        "q": query.q or None,
        "action": query.action or None,
        "who": query.who or None,
        "since": query.since.isoformat() if query.since else None,
        "until": query.until.isoformat() if query.until else None,
    }


def _link(query: AuditQuery, *, before: int | None = None) -> str:
    return url_with("compliance.audit", {}, {**_filters(query), "before": before})


async def wanted_of(query: AuditQuery) -> Wanted:
    """Days are whole days in the reader's zone; `until` is the last one."""
    actors = None
    if query.who:
        actors = tuple(card.id for card in await accounts.search_accounts(query.who, limit=200))
    since = zones.day_bounds(query.since, current_zone())[0] if query.since else None
    until = zones.day_bounds(query.until, current_zone())[1] if query.until else None
    return Wanted(words=query.q, action=query.action, actors=actors, since=since, until=until)


def _faults() -> dict[str, str]:
    return {
        "missing": _("It is missing."),
        "changed": _("It was changed."),
        "order": _("It does not follow the entry before it."),
        "detail": _("What changed, or the reason, was altered."),
        "end": _("Entries at the end are missing."),
    }


async def verify(request: web.Request) -> web.StreamResponse:
    """Walk the chain now and say whether it holds."""
    await read_form(request, EmptyForm)
    return await _page(request, await log.verify())


async def as_csv(request: web.Request) -> web.StreamResponse:
    """The filtered log for spreadsheets; that it was taken is itself an act."""
    query = read_query(request, AuditQuery).value
    if query is None:
        raise errors.BadRequest()
    wanted = await wanted_of(query)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["number", "time_utc", "actor", "actor_id", "act", "subject", "subject_id", "before", "after", "reason",
         "request_id", "hash"]
    )  # fmt: skip
    before, count = None, 0
    while count < _MOST_EXPORTED:
        rows = await queries.entries(wanted, before=before, limit=1000)
        for e in rows:
            old = "; ".join(f"{c.name}: {c.before}" for c in e.changes if c.before is not None)
            new = "; ".join(f"{c.name}: {c.after}" for c in e.changes if c.after is not None)
            cells = [e.seq, e.at.isoformat(), e.actor, e.actor_id or "", e.action, e.subject, e.subject_id, old, new,
                     e.reason, e.request_id, e.hash]  # fmt: skip
            writer.writerow([harmless(str(cell)) for cell in cells])
        count += len(rows)
        if len(rows) < 1000:
            break
        before = rows[-1].seq
    await audit.record(
        "compliance.audit_exported", subject="audit log", subject_id="", after={"entries": count, **_told(query)}
    )
    return bytes_answer(("\ufeff" + out.getvalue()).encode(), "text/csv; charset=utf-8", "audit-log.csv")


def _told(query: AuditQuery) -> dict[str, Any]:
    return {key: value for key, value in _filters(query).items() if value}


def harmless(cell: str) -> str:
    """Spreadsheets run what begins like a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else cell
