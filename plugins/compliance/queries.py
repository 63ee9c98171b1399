"""The read side: the audit log and the requests."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel import accounts, current_tenant, now, plugin_title, sql
from kernel import gettext as _

from . import states, texts
from .models import DataRequest

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Filters of the log. `actors` None means anybody; an empty tuple nobody."""

    words: str = ""
    action: str = ""
    actors: tuple[UUID, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after; None where it was not there."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as people read it."""

    seq: int
    at: datetime
    action: str
    label: str
    actor_id: UUID | None
    actor: str
    subject: str
    subject_id: str
    target: str
    reason: str
    request_id: str
    changes: list[Change]
    erased: bool
    hash: str

    @property
    def gist(self) -> str:
        """The change in a few words, when it is a single short one."""
        told = [c for c in self.changes if c.before or c.after]
        if len(told) != 1:
            return ""
        change = told[0]
        old, new = change.before, change.after
        text = new or "" if old is None else f"{old or '“”'} → {new or '“”'}" if new is not None else old
        return text if len(text) <= 60 else ""


_SELECT = (
    "SELECT e.seq, e.at, e.action, e.actor_id, e.subject, e.subject_id, e.request_id, e.hash, d.before, d.after,"
    " d.reason, d.erased FROM compliance_audit_entry e LEFT JOIN compliance_audit_detail d"
    " ON d.tenant_id = e.tenant_id AND d.entry_id = e.id WHERE e.tenant_id = $1"
    " AND ($2 = '' OR e.action ILIKE $2 OR e.subject ILIKE $2 OR e.subject_id ILIKE $2 OR e.request_id ILIKE $2"
    " OR d.reason ILIKE $2 OR d.before ILIKE $2 OR d.after ILIKE $2 OR e.subject_id = ANY($9) OR e.action = ANY($10))"
    " AND ($3 = '' OR e.action = $3) AND ($4::uuid[] IS NULL OR e.actor_id = ANY($4))"
    " AND ($5::timestamptz IS NULL OR e.at >= $5) AND ($6::timestamptz IS NULL OR e.at < $6)"
    " AND ($7::bigint IS NULL OR (e.at, e.seq) < (SELECT c.at, c.seq FROM compliance_audit_entry c"
    " WHERE c.tenant_id = $1 AND c.seq = $7)) ORDER BY e.at DESC, e.seq DESC LIMIT $8"
)


async def entries(wanted: Wanted, *, before: int | None = None, limit: int = PAGE) -> list[Entry]:
    """The log, the latest act first (which is not the order of numbers after a pause), from behind entry `before`."""
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", wanted.words) + "%" if wanted.words else ""
    people: list[str] = []
    labelled: list[str] = []
    if wanted.words:
        people = [str(card.id) for card in await accounts.search_accounts(wanted.words, limit=50)]
        sought = wanted.words.casefold()
        labelled = [a for a in texts.ACTIONS if sought in texts.action_label(a).casefold()]
    rows = await sql(
        _SELECT, current_tenant().id, pattern, wanted.action,
        None if wanted.actors is None else list(wanted.actors), wanted.since, wanted.until, before, limit,
        people, labelled,
    )  # fmt: skip
    return await _entries(rows)


async def _entries(rows: Sequence[Any]) -> list[Entry]:
    subjects = {UUID(r.subject_id) for r in rows if r.subject == "account" and _is_uuid(r.subject_id)}
    cards = await accounts.accounts_by_ids({r.actor_id for r in rows if r.actor_id} | subjects)
    names = {str(key): card.name or _("Erased person") for key, card in cards.items()}
    return [
        Entry(
            seq=r.seq,
            at=r.at,
            action=r.action,
            label=texts.action_label(r.action),
            actor_id=r.actor_id,
            actor=names.get(str(r.actor_id), _("Unknown person")) if r.actor_id else _("System"),
            subject=r.subject,
            subject_id=r.subject_id,
            target=_target(r, names),
            reason=r.reason or "",
            request_id=r.request_id,
            changes=changes(r.before, r.after),
            erased=bool(r.erased),
            hash=r.hash,
        )
        for r in rows
    ]


def _is_uuid(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))


def _target(row: Any, names: dict[str, str]) -> str:
    if row.subject == "account":
        return names.get(row.subject_id, _("Unknown person"))
    if row.subject == "plugin":
        return plugin_name(row.subject_id)
    if row.subject == "setting":
        return texts.setting_label(row.subject_id)
    kind = texts.subject_label(row.subject)
    return kind if _is_uuid(row.subject_id) else f"{kind} {row.subject_id}".strip()


def plugin_name(key: str) -> str:
    """What people call a plugin, also one that is not installed any more."""
    try:
        return plugin_title(key)
    except KeyError:
        return key


def changes(before: str | None, after: str | None) -> list[Change]:
    """Field by field what is different; nested values by dotted names."""
    old, new = _flat(before), _flat(after)
    return [Change(name, old.get(name), new.get(name)) for name in dict.fromkeys((*old, *new))]


def _flat(text: str | None) -> dict[str, str]:
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        return {"value": text}
    found: dict[str, str] = {}
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        name, item = waiting.pop(0)
        if isinstance(item, dict):
            waiting = [(f"{name}.{k}" if name else str(k), v) for k, v in item.items()] + waiting
        elif isinstance(item, list) and not any(isinstance(v, dict | list) for v in item):
            found[name or "value"] = ", ".join(str(v) for v in item)
        elif isinstance(item, list):
            found[name or "value"] = json.dumps(item, ensure_ascii=False)
        else:
            found[name or "value"] = "" if item is None else str(item)
    return found


async def actions() -> list[str]:
    """All kinds of acts in the log."""
    rows = await sql(
        "SELECT DISTINCT action FROM compliance_audit_entry WHERE tenant_id = $1 ORDER BY action", current_tenant().id
    )
    return [row.action for row in rows]


async def size() -> int:
    rows = await sql("SELECT seq FROM compliance_audit_head WHERE tenant_id = $1", current_tenant().id)
    return int(rows[0].seq) if rows else 0


# --- requests --------------------------------------------------------------------------------------------------


async def exports_of(account_id: UUID) -> list[DataRequest]:
    """A person's downloads, the latest first."""
    return await DataRequest.filter(account_id=account_id, kind=states.EXPORT).order_by("-created_at").limit(10)


async def erasures_of(account_id: UUID) -> list[DataRequest]:
    return await DataRequest.filter(account_id=account_id, kind=states.ERASURE).order_by("-created_at").limit(5)


async def requests(group: str, limit: int, offset: int) -> tuple[list[DataRequest], int]:
    """Requests of a group (open, closed, all): open ones by their deadline, others the latest first."""
    found = DataRequest.all()
    if group == "open":
        found = found.filter(state__in=(*states.OPEN, states.PARTIAL), kind=states.ERASURE).order_by("due_at", "id")
    elif group == "closed":
        closed = (states.DONE, states.DECLINED, states.CANCELLED)
        found = found.filter(state__in=closed, kind=states.ERASURE).order_by("-updated_at", "-id")
    else:
        found = found.filter(kind=states.EXPORT).order_by("-created_at", "-id")
    return await found.limit(limit).offset(offset), await found.count()


async def counts() -> dict[str, int]:
    rows = await sql(
        "SELECT kind, state, count(*) AS n FROM compliance_data_request WHERE tenant_id = $1 GROUP BY kind, state",
        current_tenant().id,
    )
    table = {(r.kind, r.state): int(r.n) for r in rows}
    open_states = (*states.OPEN, states.PARTIAL)
    return {
        "open": sum(n for (kind, state), n in table.items() if kind == states.ERASURE and state in open_states),
        "closed": sum(n for (kind, state), n in table.items() if kind == states.ERASURE and state not in open_states),
        "exports": sum(n for (kind, _s), n in table.items() if kind == states.EXPORT),
    }


def is_over(row: DataRequest) -> bool:
    """Has the download expired, whether or not the job has come by?"""
    return row.state == states.EXPIRED or row.file_id is None or (row.expires_at is not None and row.expires_at < now())
