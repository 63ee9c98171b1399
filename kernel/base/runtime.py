"""The engines of this process, set once at start-up by `kernel/app.py` and read by every floor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # types of upper floors: for the checker only
    from aiohttp import web

    from ..engines.bus import Bus
    from ..engines.cache import Cache
    from ..engines.names import Names
    from ..engines.storage import Storage
    from ..plugging.registry import Registry
    from ..tenancy.snapshots import Snapshots
    from ..work.jobs import JobBroker
    from .config import Config
    from .i18n import Catalogs


#: Set later in start-up, in the order of the floors; nobody reads an engine before it is there.
_LATER: Any = None


@dataclass(slots=True)
class Runtime:
    """One per process (tests make one per application)."""

    config: Config
    registry: Registry = _LATER
    snapshots: Snapshots = _LATER
    bus: Bus = _LATER
    cache: Cache = _LATER
    storage: Storage = _LATER
    names: Names = _LATER
    broker: JobBroker = _LATER
    catalogs: Catalogs = _LATER
    app: web.Application = _LATER
    #: The owner of the tables: for the operator's commands alone, never for requests or jobs.
    owner_dsn: str = field(default="", repr=False)


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
