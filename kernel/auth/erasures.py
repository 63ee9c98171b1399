"""The erasure ledger: who was forgotten, in a file beside the database, so that a restored backup forgets them again.

One JSON line each, ids only. It must outlive the database: keep `erasures.jsonl` of the data folder when you restore.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from ..base.clock import now
from ..base.log import get_logger

log = get_logger(__name__)

NAME = "erasures.jsonl"


def note(data_dir: Path, tenant_id: UUID, account_id: UUID) -> None:
    """Add a line, on the disk when this returns. A full disk must not undo an erasure: it is logged."""
    line = json.dumps({"tenant": str(tenant_id), "account": str(account_id), "at": now().isoformat()})
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with (data_dir / NAME).open("a", encoding="ascii") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        log.exception("the erasure ledger could not be written: tenant %s, account %s", tenant_id, account_id)


def noted(data_dir: Path) -> Iterator[tuple[UUID, UUID]]:
    """(tenant, account) of every line that can be read; a line cut short by a power cut is passed over."""
    try:
        with (data_dir / NAME).open(encoding="ascii", errors="replace") as file:
            for line in file:
                try:
                    entry = json.loads(line)
                    yield UUID(entry["tenant"]), UUID(entry["account"])
                except (ValueError, KeyError, TypeError):
                    log.warning("a line of the erasure ledger cannot be read and is passed over")
    except FileNotFoundError:
        return
