"""How often one connection may send each kind of message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` messages at once, refilled at `per_second`."""

    burst: int
    per_second: float


#: Generous for people and browsers, tight for scripts. Signals come in bursts while a connection is made.
ALLOWANCES: Final[Mapping[str, Allowance]] = {
    "signal": Allowance(400, 30),
    "media": Allowance(20, 2),
    "chat": Allowance(8, 1),
    "timer": Allowance(10, 1),
    "note": Allowance(10, 2),
    "rebuild": Allowance(12, 0.3),
    "practice": Allowance(6, 0.5),
    "admit": Allowance(10, 1),
    "remove": Allowance(10, 1),
    "end": Allowance(3, 0.2),
    "ping": Allowance(10, 1),
}


class Limits:
    """Token buckets of one connection. Times are seconds of a monotonic clock."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def allow(self, kind: str, at: float) -> bool:
        """Whether one more message of `kind` may be handled; counts it if so."""
        allowance = ALLOWANCES[kind]
        left, before = self._left.get(kind, (float(allowance.burst), at))
        left = min(float(allowance.burst), left + (at - before) * allowance.per_second)
        allowed = left >= 1
        self._left[kind] = (left - 1 if allowed else left, at)
        return allowed
