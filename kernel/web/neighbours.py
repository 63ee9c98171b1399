"""Noisy neighbours: how many requests a tenant may have served, in a second and at once, so that others stay quick.

Without Redis each process counts for itself. With it the rate is of all processes together: each draws tokens for
the second in batches, one round trip for many requests; while Redis is away each counts for itself again.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ..base.clock import now
from ..base.context import tenant_key
from ..base.errors import TooMany, Unavailable
from ..base.i18n import _
from ..base.runtime import runtime
from ..tenancy.quotas import QuotaReached, quota
from ..tenancy.usage import counters

if TYPE_CHECKING:
    from ..tenancy.snapshots import Snapshot
    from .visit import Visit

RATE: Final = "kernel.request_rate"
AT_ONCE: Final = "kernel.requests_at_once"
API_CALLS: Final = "kernel.api_calls"
#: Processes draw this part of a second's tokens at a time.
_PARTS: Final = 20
#: Who finds every place of a site taken waits for one: so many for each place, and so many seconds. A crowd that
#: comes at the same moment is served one after the other; only what could not be served in time is turned away.
QUEUE: Final = 4
PATIENCE: Final = 5.0


class Meter:
    """One tenant in this process. Limits are read anew when its snapshot changes."""

    __slots__ = (
        "at",
        "at_once",
        "calls",
        "calls_quota",
        "drawn",
        "rate",
        "running",
        "snapshot",
        "tokens",
        "waiting",
        "window",
    )

    def __init__(self, snapshot: Snapshot) -> None:
        self.running = 0
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.window = self.drawn = 0
        self.at = time.perf_counter()
        self.snapshot: Snapshot | None = None
        self.tokens = 0.0
        self.follow(snapshot)
        self.tokens = 2.0 * (self.rate or 0)

    def follow(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        declared = snapshot.settings.declared
        self.rate: int | None = snapshot.settings[RATE] if RATE in declared else None
        self.at_once: int | None = snapshot.settings[AT_ONCE] if AT_ONCE in declared else None
        self.calls_quota = quota(API_CALLS)
        self.calls: int | None = snapshot.settings[self.calls_quota.limit] if self.calls_quota is not None else None

    def begin(self) -> bool:
        """Count one more as running until `leave`; False when there are as many as may be: then `queue`."""
        if self.at_once is not None and self.running >= self.at_once:
            return False
        self.running += 1
        return True

    async def queue(self) -> None:
        """Wait for the place of one that ends. Raises Unavailable when too many wait already, or for too long."""
        places = self.at_once or 1
        if len(self.waiting) < QUEUE * places:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.waiting.append(place)
            try:
                async with asyncio.timeout(PATIENCE):
                    await place
                return
            except BaseException as exc:
                if not place.cancelled():  # it was given to us in the very moment in which we gave up
                    self.leave()
                elif place in self.waiting:
                    self.waiting.remove(place)
                if not isinstance(exc, TimeoutError):
                    raise
        refusal = Unavailable(
            _("This site answers {n} requests at once at most. Try again in a moment.").format(n=places), retry_after=1
        )
        refusal.extra |= {"quota": AT_ONCE, "limit": places}
        raise refusal

    def leave(self) -> None:
        """Give the place back: to who has waited longest, if anybody."""
        while self.waiting and (self.at_once is None or self.running <= self.at_once):
            place = self.waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.running -= 1

    def at_hand(self, instant: float) -> bool:
        """One token, as far as this process has some: the usual case, without waiting for anybody."""
        if self.rate is None:
            return True
        if runtime().config.redis_url is None:
            return self.take(instant)
        if self.drawn > 0 and int(now().timestamp()) == self.window:
            self.drawn -= 1
            return True
        return False

    async def pay(self) -> None:
        """One token when none was at hand. Raises TooMany."""
        if runtime().config.redis_url is None or not await self.draw():
            too_many = TooMany(1, _("This site answers {n} requests a second at most.").format(n=self.rate))
            too_many.extra |= {"quota": RATE, "limit": self.rate}
            raise too_many

    def take(self, instant: float) -> bool:
        """One token of the bucket of this process: `rate` a second, twice that after a pause."""
        if self.rate is None:
            return True
        self.tokens = min(2.0 * self.rate, self.tokens + (instant - self.at) * self.rate)
        self.at = instant
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    async def draw(self) -> bool:
        """One token of the second that all processes share."""
        if self.rate is None:
            return True
        window = int(now().timestamp())
        if window != self.window:
            self.window, self.drawn = window, 0
        if self.drawn > 0:
            self.drawn -= 1
            return True
        if self.drawn < 0:
            return False  # the others have used it up
        batch = max(1, self.rate // _PARTS)
        used = await runtime().cache.incr(tenant_key("requests", str(window)), 5, by=batch)
        if used == 0:  # Redis is away
            return self.take(time.perf_counter())
        left = self.rate - (used - batch)
        # Awaited: another request may have drawn meanwhile, and its tokens stay.
        self.drawn = max(self.drawn, 0) + min(batch, left) - 1 if left > 0 else -1
        return left > 0


_meters: dict[UUID, Meter] = {}


def meter_of(snapshot: Snapshot) -> Meter:
    """The tenant's meter in this process."""
    meter = _meters.get(snapshot.tenant.id)
    if meter is None:
        _forget_gone()
        meter = _meters[snapshot.tenant.id] = Meter(snapshot)
    elif meter.snapshot is not snapshot:
        meter.follow(snapshot)
    return meter


@asynccontextmanager
async def waiting(visit: Visit) -> AsyncIterator[None]:
    """While a body is on its way its sender takes nobody's place. Raises Unavailable when at its end none gets free."""
    meter = visit.meter
    if meter is None or visit.request.content.is_eof():
        yield
        return
    meter.leave()
    visit.meter = None
    yield
    if not meter.begin():
        await meter.queue()
    visit.meter = meter


def count_api_call(meter: Meter, tenant_id: UUID) -> None:
    """Count a call of the JSON API. Raises QuotaReached once today's are used up."""
    total = counters.add(tenant_id, API_CALLS)
    if meter.calls_quota is not None and meter.calls is not None and total > meter.calls:
        seconds = int(now().timestamp())
        raise QuotaReached(meter.calls_quota, meter.calls, total, status=429, retry_after=86_400 - seconds % 86_400)


def _forget_gone() -> None:
    """Meters of tenants that are no more, so that years of them do not add up."""
    snapshots = runtime().snapshots
    for tenant_id in [key for key, meter in _meters.items() if meter.running == 0 and snapshots.of(key) is None]:
        del _meters[tenant_id]
