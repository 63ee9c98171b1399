"""The shared timer. The server holds the truth and sends it when it changes; browsers count on their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

Action = Literal["start", "pause", "reset"]

SHORTEST = 60
LONGEST = 4 * 3600


class StaleTimer(Exception):
    """Somebody else changed the timer meanwhile."""


@dataclass(frozen=True, slots=True)
class Timer:
    """A countdown of `seconds`. While it runs, `left_ms` is what was left at `started_at`."""

    seconds: int
    left_ms: int
    started_at: datetime | None = None
    version: int = 1

    @classmethod
    def of(cls, seconds: int) -> Timer:
        return cls(seconds=seconds, left_ms=seconds * 1000)

    @property
    def running(self) -> bool:
        return self.started_at is not None

    def left(self, at: datetime) -> int:
        """Milliseconds left; negative when over time, since an interview is not cut off by its timer."""
        if self.started_at is None:
            return self.left_ms
        return self.left_ms - (at - self.started_at) // timedelta(milliseconds=1)

    def changed(self, action: Action, base: int, at: datetime, seconds: int | None = None) -> Timer:
        """The timer after `action`, decided by somebody who saw version `base`. Raises StaleTimer."""
        if base != self.version:
            raise StaleTimer
        if action == "start":
            return self if self.running else replace(self, started_at=at, version=self.version + 1)
        if action == "pause":
            if not self.running:
                return self
            return replace(self, left_ms=self.left(at), started_at=None, version=self.version + 1)
        length = self.seconds if seconds is None else min(max(seconds, SHORTEST), LONGEST)
        return Timer(seconds=length, left_ms=length * 1000, version=self.version + 1)

    def wire(self, at: datetime) -> dict[str, Any]:
        """What browsers get: what is left at `clock`, and whether it runs from there."""
        return {
            "seconds": self.seconds,
            "left": self.left(at),
            "running": self.running,
            "version": self.version,
            "clock": epoch_ms(at),
        }


def epoch_ms(instant: datetime) -> int:
    """Milliseconds since 1970, as browsers count them."""
    return round(instant.timestamp() * 1000)
