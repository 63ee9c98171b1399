"""Writing the audit log, one entry at a time per tenant, and checking it."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel import (
    Happened,
    current_actor,
    current_tenant,
    execute,
    new_id,
    now,
    published_events,
    sql,
    sql_one,
    unit_of_work,
)

from ..chain import START, Link, digest_of, link_of
from ..models import AuditDetail, AuditEntry
from ..recording import SOURCES, Act, act_of

#: The act that accounts for erased details; its `after` lists the numbers of the entries.
DETAILS_ERASED = "compliance.audit_details_erased"
_PAGE = 1000


async def keep(happened: Happened) -> None:
    """Add an event to the log; again: nothing."""
    await append(
        act_of(happened),
        event_id=happened.id,
        source=happened.name,
        at=happened.occurred_at,
        actor_id=happened.actor_id,
        request_id=happened.request_id,
    )


async def append(
    act: Act, *, event_id: UUID, source: str, at: datetime, actor_id: UUID | None = None, request_id: str = ""
) -> bool:
    """Add an entry to the end of the chain; False when this event is in it already."""
    tenant_id = current_tenant().id
    async with unit_of_work():
        # One at a time per tenant: two entries must not follow the same one.
        await sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) AS held", f"compliance.audit:{tenant_id}")
        if await AuditEntry.filter(event_id=event_id).exists():
            return False
        head = await sql_one("SELECT seq, hash FROM compliance_audit_head WHERE tenant_id = $1", tenant_id)
        salt = secrets.token_hex(16)
        link = Link(
            tenant_id=tenant_id,
            seq=head.seq + 1 if head else 1,
            event_id=event_id,
            source=source,
            at=at,
            actor_id=actor_id or act.actor_id,
            action=act.action[:120],
            subject=act.subject[:60],
            subject_id=act.subject_id[:120],
            request_id=request_id[:80],
            digest=digest_of(salt, act.before, act.after, act.reason),
            previous=head.hash if head else START,
        )
        fields = {name: getattr(link, name) for name in Link.__dataclass_fields__}
        entry = await AuditEntry.create(**fields, hash=link.hash())
        await AuditDetail.create(entry_id=entry.id, salt=salt, before=act.before, after=act.after, reason=act.reason)
        await execute(
            "INSERT INTO compliance_audit_head (id, tenant_id, seq, hash) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            new_id(), tenant_id, entry.seq, entry.hash,
        )  # fmt: skip
    return True


async def reconcile() -> int:
    """Add what happened while the plugin was off; how many. Entries keep their time but stand at the end."""
    latest = await AuditEntry.all().order_by("-at").first()
    missing: list[Happened] = []
    for name in SOURCES:
        anchor = None
        if latest is not None:
            # A day back: an event may be committed somewhat later than it is dated.
            known = AuditEntry.filter(source=name, at__lt=latest.at - timedelta(days=1)).order_by("-at")
            row = await known.first()
            anchor = row.event_id if row else None
        missing += [h async for h in published_events(name, anchor)]
    added = 0
    for happened in sorted(missing, key=lambda h: (h.occurred_at, h.id)):
        if not await AuditEntry.filter(event_id=happened.id).exists():
            await keep(happened)
            added += 1
    return added


# --- checking --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` is the number of the first entry that does not hold, `fault` what is wrong with it."""

    checked: int
    broken: int | None = None
    fault: str = ""  # missing, changed, order, detail, end
    head: str = ""

    @property
    def ok(self) -> bool:
        return self.broken is None


async def verify() -> Verdict:
    """Walk the whole chain of the tenant in scope."""
    tenant_id = current_tenant().id
    excused = await _excused()
    previous, expected, checked = START, 1, 0
    while True:
        rows = await sql(
            "SELECT e.*, d.salt, d.before, d.after, d.reason, d.erased FROM compliance_audit_entry e"
            " LEFT JOIN compliance_audit_detail d ON d.tenant_id = e.tenant_id AND d.entry_id = e.id"
            " WHERE e.tenant_id = $1 AND e.seq >= $2 ORDER BY e.seq LIMIT $3",
            tenant_id, expected, _PAGE,
        )  # fmt: skip
        for row in rows:
            fault = _fault(row, expected, previous, excused)
            if fault:
                return Verdict(checked, expected, fault)
            previous, expected, checked = row.hash, expected + 1, checked + 1
        if len(rows) < _PAGE:
            break
    head = await sql_one("SELECT seq, hash FROM compliance_audit_head WHERE tenant_id = $1", tenant_id)
    if (head.seq if head else 0) != checked or (head is not None and head.hash != previous):
        return Verdict(checked, expected, "end")
    return Verdict(checked, head=previous)


async def _excused() -> set[int]:
    """Entries whose details were erased on record. A forged record does not help: it would not fit into the chain."""
    rows = await sql(
        "SELECT d.after FROM compliance_audit_entry e JOIN compliance_audit_detail d ON d.tenant_id = e.tenant_id"
        " AND d.entry_id = e.id WHERE e.tenant_id = $1 AND e.action = $2 AND d.after IS NOT NULL",
        current_tenant().id, DETAILS_ERASED,
    )  # fmt: skip
    return {int(seq) for row in rows for seq in json.loads(row.after).get("entries", ())}


def _fault(row: Any, expected: int, previous: str, excused: set[int]) -> str:
    if row.seq != expected:
        return "missing"
    if row.hash != link_of(row).hash():
        return "changed"
    if row.previous != previous:
        return "order"
    if row.salt is None:
        return "detail"
    if row.erased:
        return "" if row.seq in excused else "detail"
    return "" if row.digest == digest_of(row.salt, row.before, row.after, row.reason) else "detail"


# --- forgetting a person ---------------------------------------------------------------------------------------


async def forget(account_id: UUID, words: tuple[str, ...] = ()) -> int:
    """Erase what entries say about a person (their subject, or that contain one of `words`); how many.

    The entries themselves stay, with the account's number: they prove who changed what. The chain still holds.
    """
    tenant_id = current_tenant().id
    patterns = ["%" + re.sub(r"([\\%_])", r"\\\1", word) + "%" for word in words if len(word) >= 5]
    async with unit_of_work():
        rows = await sql(
            "UPDATE compliance_audit_detail d SET before = NULL, after = NULL, reason = '', erased = true"
            " FROM compliance_audit_entry e WHERE e.tenant_id = d.tenant_id AND e.id = d.entry_id AND d.tenant_id = $1"
            " AND NOT d.erased AND (d.before IS NOT NULL OR d.after IS NOT NULL OR d.reason <> '') AND e.action <> $4"
            " AND (e.subject_id = $2 OR concat_ws(' ', d.before, d.after, d.reason) ILIKE ANY($3::text[]))"
            " RETURNING e.seq",
            tenant_id, str(account_id), patterns, DETAILS_ERASED,
        )  # fmt: skip
        if not rows:
            return 0
        seqs = sorted(row.seq for row in rows)
        act = Act(
            action=DETAILS_ERASED, subject="account", subject_id=str(account_id),
            after=json.dumps({"entries": seqs}),
        )  # fmt: skip
        actor = current_actor()
        event_id = new_id()
        await append(act, event_id=event_id, source="", at=now(), actor_id=actor.id if actor else None)
    return len(seqs)
