"""What this plugin tells the others. Ids only: events outlive the right to be forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel import event


@event("compliance.request_received.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReceived:
    """Somebody asked to be erased; `kind` is erasure (copies need nobody's decision)."""

    request_id: UUID
    account_id: UUID
    kind: str


@event("compliance.export_ready.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReady:
    """A download is ready; `partial` when a part could not be read."""

    request_id: UUID
    account_id: UUID
    partial: bool


@event("compliance.request_closed.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestClosed:
    """An erasure was done, declined or withdrawn."""

    request_id: UUID
    account_id: UUID
    state: str


ALL: list[type] = [RequestReceived, ExportReady, RequestClosed]
