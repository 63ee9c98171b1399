"""Filters: named points at which other plugins may change a value or stop what is about to happen."""

from __future__ import annotations

from typing import Any, ClassVar, Final, TypeVar

from ..base.errors import Conflict
from ..tenancy.snapshots import current_snapshot
from .isolation import guarded, record_failure

#: Seconds for one step.
STEP_TIMEOUT: Final = 2.0


class Stop(Conflict):
    """Raised by a step: this must not happen. The message is for people, already translated.

    Uncaught it is answered as 409 with that message. `code` tells a program which rule it was.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code
        if code:
            self.extra["code"] = code


class Filter:
    """Base of a filter's value: a frozen dataclass with `name = "<plugin>.<what>.v1"`. Steps return a copy.

    @dataclass(frozen=True)
    class PriceAsked(Filter):
        name: ClassVar[str] = "shop.price_asked.v1"
        minor: int
    """

    __slots__ = ()
    name: ClassVar[str]


F = TypeVar("F", bound=Filter)


async def apply(value: F) -> F:
    """`value` after all steps of the tenant's effective plugins, in their order.

    Raises Stop when a step does. A step that fails otherwise, takes over 2 s or returns another type is
    skipped and shows up in `isolation.troubles()`: a broken neighbour does not stop the business.
    """
    for plugin, step in current_snapshot().shape.filters.get(value.name, ()):
        what = f"filter {value.name}"
        result: Any = await guarded(plugin, what, step.step(value), STEP_TIMEOUT, default=_SKIPPED, passing=(Stop,))
        if result is _SKIPPED:
            continue
        if isinstance(result, type(value)):
            value = result
        else:
            wrong = TypeError(f"the step returned {type(result).__name__}, not {type(value).__name__}")
            record_failure(plugin, what, wrong)
    return value


_SKIPPED: Final = object()
