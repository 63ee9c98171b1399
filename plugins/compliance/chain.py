"""The arithmetic of the audit chain: what is hashed, and in which form. Pure; verified by anybody with the rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

#: What the first entry of a tenant follows.
START = "0" * 64


def _hash(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def stamp(at: datetime) -> str:
    """An instant as it is hashed: UTC with microseconds, whatever the driver gives."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest_of(salt: str, before: str | None, after: str | None, reason: str) -> str:
    """Stands in the chain for words that may have to be erased."""
    return _hash([salt, before, after, reason])


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The fields of an entry that its hash covers."""

    tenant_id: UUID
    seq: int
    event_id: UUID
    source: str
    at: datetime
    actor_id: UUID | None
    action: str
    subject: str
    subject_id: str
    request_id: str
    digest: str
    previous: str

    def hash(self) -> str:
        return _hash(
            [
                str(self.tenant_id), self.seq, str(self.event_id), self.source, stamp(self.at),
                str(self.actor_id) if self.actor_id else None, self.action, self.subject, self.subject_id,
                self.request_id, self.digest, self.previous,
            ]
        )  # fmt: skip


def link_of(row: Any) -> Link:
    """The link of a stored entry."""
    return Link(**{name: getattr(row, name) for name in Link.__dataclass_fields__})


def canonical(value: Mapping[str, Any] | str | None) -> str | None:
    """A before or after as it is kept: JSON text, or None for nothing."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
