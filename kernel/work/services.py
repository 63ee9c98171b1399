"""Services: what effective plugins offer each other, found by Protocol or by name."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from ..base.errors import Unavailable
from ..tenancy.snapshots import current_snapshot

T = TypeVar("T")


@overload
def get(wanted: type[T]) -> T | None: ...
@overload
def get(wanted: str) -> Any | None: ...
def get(wanted: type[T] | str) -> T | Any | None:
    """The provider of a Protocol, or of `"<plugin>.<Protocol name>"` for an optional neighbour.

    None when no effective plugin of the tenant provides it; of several, the first in plugin order.
    """
    found = current_snapshot().shape.services.get(wanted, ())
    return found[0][1] if found else None


@overload
def need(wanted: type[T]) -> T: ...
@overload
def need(wanted: str) -> Any: ...
def need(wanted: type[T] | str) -> T | Any:
    """Like `get`, but raises Unavailable (503) when there is none."""
    provider = get(wanted)
    if provider is None:
        name = wanted if isinstance(wanted, str) else wanted.__name__
        problem = Unavailable(retry_after=60)
        problem.extra["service"] = name
        raise problem
    return provider


@overload
def every(wanted: type[T]) -> tuple[T, ...]: ...
@overload
def every(wanted: str) -> tuple[Any, ...]: ...
def every(wanted: type[T] | str) -> tuple[T, ...] | tuple[Any, ...]:
    """All providers, in plugin order: for extension points with several."""
    return tuple(provider for _, provider in current_snapshot().shape.services.get(wanted, ()))
