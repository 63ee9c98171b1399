"""The engines of this process, set once at start-up by `kernel/app.py` and read by every floor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:  # types of upper floors: for the checker only
    from aiohttp import web

    from ..engines.bus import Bus
    from ..engines.cache import Cache
    from ..engines.storage import Storage
    from ..plugging.registry import Registry
    from ..tenancy.snapshots import Snapshots
    from ..work.jobs import JobBroker
    from .config import Config
    from .i18n import Catalogs


@dataclass(slots=True)
class Runtime:
    """One per process (tests make one per application)."""

    config: Config
    registry: Registry = cast(Any, None)
    snapshots: Snapshots = cast(Any, None)
    bus: Bus = cast(Any, None)
    cache: Cache = cast(Any, None)
    storage: Storage = cast(Any, None)
    broker: JobBroker = cast(Any, None)
    catalogs: Catalogs = cast(Any, None)
    app: web.Application = cast(Any, None)


_runtime: Runtime | None = None


def runtime() -> Runtime:
    """The running engines. Raises RuntimeError before start-up."""
    if _runtime is None:
        raise RuntimeError("Greenroom has not been started in this process")
    return _runtime


def set_runtime(value: Runtime | None) -> None:
    global _runtime
    _runtime = value


@contextmanager
def use_runtime(value: Runtime) -> Iterator[Runtime]:
    """Swap the process's engines within the block: for tests and commands."""
    global _runtime
    before, _runtime = _runtime, value
    try:
        yield value
    finally:
        _runtime = before
