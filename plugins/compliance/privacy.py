"""What this plugin holds about a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import N_, PrivacyProvider, accounts, current_tenant, sql
from kernel import gettext as _

from . import states, texts
from .models import DataRequest
from .services import exporting, log

_MOST = 5000


async def export(account_id: UUID) -> dict[str, Any]:
    """What they did and what was done to them, as the log has it; their requests."""
    rows = await sql(
        "SELECT e.at, e.action, e.actor_id, d.reason FROM compliance_audit_entry e LEFT JOIN compliance_audit_detail d"
        " ON d.tenant_id = e.tenant_id AND d.entry_id = e.id WHERE e.tenant_id = $1"
        " AND (e.actor_id = $2 OR e.subject_id = $3) ORDER BY e.seq DESC LIMIT $4",
        current_tenant().id, account_id, str(account_id), _MOST,
    )  # fmt: skip
    found: dict[str, Any] = {}
    if rows:
        found["audit log"] = [
            {
                "at": row.at.isoformat(),
                "what": texts.action_label(row.action),
                "by you": row.actor_id == account_id,
                **({"reason": row.reason} if row.reason else {}),
            }
            for row in rows
        ]
    requests = await DataRequest.filter(account_id=account_id).order_by("created_at")
    if requests:
        found["requests"] = [
            {"at": r.created_at.isoformat(), "kind": r.kind, "state": r.state, "note": r.note, "answer": r.reason}
            for r in requests
        ]
    return found


async def erase(account_id: UUID) -> list[str]:
    """Details of the log, downloads and notes go; bare entries and the fact of the requests stay."""
    card = (await accounts.accounts_by_ids([account_id])).get(account_id)
    await log.forget(account_id, (card.email, card.name) if card else ())
    for row in await DataRequest.filter(account_id=account_id, kind=states.EXPORT):
        await exporting.drop(row)
    await DataRequest.filter(account_id=account_id).update(note="")
    return [
        _("Entries of the audit log, with the account's number only, because they prove who changed what."),
        _("That there were requests about the data, because the law asks for proof that they were answered."),
    ]


PROVIDER = PrivacyProvider(
    title=N_("Audit log and data requests"),
    models=("AuditEntry", "AuditDetail", "DataRequest"),
    export=export,
    erase=erase,
)
