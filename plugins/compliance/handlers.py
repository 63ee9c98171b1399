"""Reactions to the kernel's events: each becomes an entry of the audit log."""

from __future__ import annotations

from kernel import Happened, Subscriber

from .recording import SOURCES
from .services import log


async def into_log(happened: Happened) -> None:
    await log.keep(happened)


SUBSCRIBERS = [Subscriber(event=name, handler=into_log, attempts=20) for name in SOURCES]
