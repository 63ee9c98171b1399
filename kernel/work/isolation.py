"""Foreign code on our path: limited in time, its errors counted, and left out for a while when they pile up."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from ..base.clock import now
from ..base.context import TenantRef, tenant_in_scope
from ..base.log import get_logger
from ..engines.connection import DatabaseDown, crowded
from .faults import brief

T = TypeVar("T")
D = TypeVar("D")
log = get_logger(__name__)

ERRORS: Final = 5
WINDOW: Final = timedelta(seconds=60)
PAUSE: Final = timedelta(seconds=60)
_REMEMBERED: Final = 1000

_Key = tuple[UUID | None, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failure, for whoever writes it down. `opened`: until when the part is left out since now.

    `counts`: towards pausing the whole plugin. Being late does not (a busy machine would switch plugins off), nor
    does a database that is away.
    """

    tenant: TenantRef | None
    plugin: str
    what: str
    error: str
    opened: datetime | None
    counts: bool


#: Told of each failure; must not raise nor wait.
listeners: list[Callable[[Fault], None]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What an admin is shown about a failing part; `open_until` is set while it is left out."""

    tenant_id: UUID | None
    plugin: str
    what: str
    errors: int  # since the process started
    last_error: str
    last_at: datetime
    open_until: datetime | None


@dataclass(slots=True)
class _Breaker:
    recent: deque[datetime] = field(default_factory=lambda: deque(maxlen=ERRORS))
    errors: int = 0
    last_error: str = ""
    last_at: datetime | None = None
    open_until: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        return self.open_until is not None and at < self.open_until

    def fail(self, error: str, at: datetime) -> bool:
        """Count an error; True when it is the one that opens the breaker."""
        self.recent.append(at)
        self.errors += 1
        self.last_error, self.last_at = error, at
        if len(self.recent) < ERRORS or at - self.recent[0] > WINDOW:
            return False
        self.recent.clear()
        self.open_until = at + PAUSE
        return True


_breakers: OrderedDict[_Key, _Breaker] = OrderedDict()


def _key(plugin: str, what: str) -> _Key:
    tenant = tenant_in_scope()
    return (tenant.id if isinstance(tenant, TenantRef) else None, plugin, what)


def is_open(plugin: str, what: str) -> bool:
    """Is this part left out just now for the tenant in scope?"""
    breaker = _breakers.get(_key(plugin, what))
    return breaker is not None and breaker.is_open(now())


def record_failure(plugin: str, what: str, error: BaseException, *, breaks: bool = True) -> None:
    """Count an error of a plugin's part in the tenant in scope; the fifth within a minute opens the breaker.

    `breaks=False`: a part without a breaker, such as a page; its failures are only told and counted.
    """
    key = _key(plugin, what)
    breaker = _breakers.setdefault(key, _Breaker())
    _breakers.move_to_end(key)
    while len(_breakers) > _REMEMBERED:
        _breakers.popitem(last=False)
    text = brief(error)
    log.warning("%s of %s failed: %s", what, plugin, text, exc_info=error)
    opened = breaker.fail(text, now()) and breaks
    if opened:
        log.error("%s of %s is left out for %d s after %d errors", what, plugin, PAUSE.total_seconds(), ERRORS)
    elif not breaks:
        breaker.open_until = None
    tenant = tenant_in_scope()
    fault = Fault(
        tenant=tenant if isinstance(tenant, TenantRef) else None,
        plugin=plugin,
        what=what,
        error=text,
        opened=breaker.open_until if opened else None,
        counts=not isinstance(error, (TimeoutError, *DatabaseDown)),
    )
    for listener in listeners:
        listener(fault)


async def guarded(
    plugin: str,
    what: str,
    work: Awaitable[T],
    timeout: float,  # noqa: ASYNC109  the caller says how long this part may take
    *,
    default: D = None,  # type: ignore[assignment]
    passing: tuple[type[Exception], ...] = (),
) -> T | D:
    """The result of `work`, or `default` when it fails, takes longer than `timeout` s, or is left out.

    Exceptions in `passing` are answers, not errors: they go through uncounted. So does cancellation of us.
    """
    if is_open(plugin, what):
        if asyncio.iscoroutine(work):
            work.close()
        return default
    try:
        async with asyncio.timeout(timeout) as clock:
            return await work
    except passing:
        raise
    except TimeoutError as exc:
        late = TimeoutError(f"took longer than {timeout:g} s") if clock.expired() else exc
        # A crowd of readers must not take parts off everybody's pages for a minute.
        record_failure(plugin, what, late, breaks=not (clock.expired() and crowded()))
    except asyncio.CancelledError as exc:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        record_failure(plugin, what, exc)
    except Exception as exc:
        record_failure(plugin, what, exc)
    return default


def troubles(tenant_id: UUID | None = None) -> list[Trouble]:
    """Parts that failed in this process, worst first; of one tenant when given."""
    at = now()
    found = [
        Trouble(
            tenant_id=key[0],
            plugin=key[1],
            what=key[2],
            errors=breaker.errors,
            last_error=breaker.last_error,
            last_at=breaker.last_at or at,
            open_until=breaker.open_until if breaker.is_open(at) else None,
        )
        for key, breaker in _breakers.items()
        if tenant_id is None or key[0] == tenant_id
    ]
    return sorted(found, key=lambda t: (t.open_until is None, -t.last_at.timestamp()))


def forgive() -> None:
    """Close every breaker and forget all troubles: for tests, and after a repair."""
    _breakers.clear()
