"""Reading: a person's messages, and the record of e-mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from markupsafe import Markup
from tortoise.expressions import Q

from kernel import current_tenant, sql_one

from . import preferences, reasons, texts
from .models import Email, Message
from .outbox import may_retry

PAGE: Final = 20
ADMIN_PAGE: Final = 30
LATEST: Final = 6
#: The bell counts no further.
MANY: Final = 99


@dataclass(frozen=True, slots=True)
class Item:
    """A message as its reader sees it."""

    id: UUID
    type_id: str
    type: str
    subject: str
    body: Markup
    text: str
    action: str
    action_url: str
    at: datetime
    read: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some of many."""

    items: Sequence[Item]
    total: int
    number: int
    size: int = PAGE

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.items) - 1

    @property
    def more(self) -> bool:
        return self.last < self.total


async def unread(account_id: UUID) -> int:
    """How many messages wait, counted to one more than MANY."""
    row = await sql_one(
        "SELECT count(*) AS n FROM (SELECT 1 FROM notifications_message WHERE tenant_id = $1 AND account_id = $2"
        " AND read_at IS NULL LIMIT $3) AS waiting",
        current_tenant().id,
        account_id,
        MANY + 1,
    )
    return int(row.n) if row is not None else 0


async def inbox(account_id: UUID, *, only_unread: bool = False, number: int = 1, size: int = PAGE) -> Page:
    """One page of a person's messages, newest first; a number past the end gives the last page."""
    rows = Message.filter(account_id=account_id)
    if only_unread:
        rows = rows.filter(read_at=None)
    total = await rows.count()
    number = max(1, min(number, -(-total // size)))
    found = await rows.order_by("-created_at", "-id").offset((number - 1) * size).limit(size)
    return Page([item(row) for row in found], total, number)


async def latest(account_id: UUID) -> list[Item]:
    """What the bell shows: unread ones first, then the newest."""
    found = await Message.filter(account_id=account_id, read_at=None).order_by("-created_at", "-id").limit(LATEST)
    if len(found) < LATEST:
        read = Message.filter(account_id=account_id).exclude(read_at=None).order_by("-created_at", "-id")
        found += await read.limit(LATEST - len(found))
    return [item(row) for row in found]


def item(row: Message) -> Item:
    """A message in the reader's language and zone."""
    words = texts.render(row.subject, row.body, row.action_label, texts.from_json(row.params))
    return Item(
        id=row.id,
        type_id=row.type_id,
        type=preferences.label_of(row.type_id),
        subject=words.subject,
        body=words.body,
        text=words.text,
        action=words.action_label,
        action_url=row.action_url,
        at=row.created_at,
        read=row.read_at is not None,
    )


# --- the record of e-mails ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """An e-mail as the admin's list shows it: without its content, which may hold links that work."""

    id: UUID
    to: str
    name: str
    subject: str
    type: str
    state: str
    word: str
    tone: str
    reason: str
    detail: str
    attempts: int
    at: datetime
    sent_at: datetime | None
    next_at: datetime | None
    message_id: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Records:
    items: Sequence[Record]
    total: int
    number: int
    size: int = ADMIN_PAGE


async def records(*, state: str = "", words: str = "", number: int = 1, size: int = ADMIN_PAGE) -> Records:
    """E-mails of the tenant, newest first; `words` are looked for in address and subject."""
    rows = Email.all()
    if state:
        rows = rows.filter(state=state)
    if words:
        rows = rows.filter(Q(address__icontains=words) | Q(subject__icontains=words) | Q(name__icontains=words))
    total = await rows.count()
    number = max(1, min(number, -(-total // size)))
    found = await rows.order_by("-created_at", "-id").offset((number - 1) * size).limit(size)
    return Records([record(row) for row in found], total, number, size)


async def counts() -> dict[str, int]:
    """How many e-mails are in each state."""
    from tortoise.functions import Count

    rows = await Email.annotate(n=Count("id")).group_by("state").values("state", "n")
    return {row["state"]: row["n"] for row in rows}


def record(row: Email) -> Record:
    word, tone = reasons.state(row.state)
    return Record(
        id=row.id,
        to=row.address,
        name=row.name,
        subject=row.subject,
        type=preferences.label_of(row.type_id),
        state=row.state,
        word=word,
        tone=tone,
        reason=reasons.reason(row.reason),
        detail=row.detail,
        attempts=row.attempts,
        at=row.created_at,
        sent_at=row.sent_at,
        next_at=row.next_at,
        message_id=row.message_id,
        retryable=may_retry(row),
    )
