"""Event classes: frozen dataclasses of ids and primitives that survive a round trip through JSON."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

T = TypeVar("T")

_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9_]+\.v[1-9][0-9]*")
_PLAIN = (str, int, float, bool)


def event(name: str, *, personal: tuple[str, ...] = (), webhooks: bool = True) -> Callable[[type[T]], type[T]]:
    """Class decorator: `@event("users.profile_changed.v1")` over a frozen dataclass with JSON-able fields.

    `personal` are fields that tell something about a person (a name, a free text): they are blanked in the events
    of whoever is erased; ids stay, for read models. `webhooks=False`: whoever asks for all events by webhook does
    not get this one, only who asks for it by name.
    Raises TypeError at import for a bad name or a field that is not str, int, float, bool, UUID, date,
    datetime, an optional of these, or a tuple/list of str.
    """
    if not _NAME.fullmatch(name):
        raise TypeError(f"event name {name!r} is not <plugin>.<past_tense>.v<number>")

    def decorate(cls: type[T]) -> type[T]:
        if not dataclasses.is_dataclass(cls):
            raise TypeError(f"{cls.__name__} must be a dataclass")
        unknown = set(personal) - {f.name for f in dataclasses.fields(cls)}
        if unknown:
            raise TypeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
        cls.event_name = name  # type: ignore[attr-defined]
        cls.event_personal = personal  # type: ignore[attr-defined]
        cls.event_webhooks = webhooks  # type: ignore[attr-defined]
        return cls

    return decorate


def blanks(cls: type) -> dict[str, Any]:
    """What the personal fields of an event class hold once their person is erased; `from_data` still reads it."""
    hints = typing.get_type_hints(cls)
    found: dict[str, Any] = {}
    for name in getattr(cls, "event_personal", ()):
        hint = hints[name]
        optional = typing.get_origin(hint) in (typing.Union, types.UnionType)
        found[name] = None if optional else [] if typing.get_origin(hint) in (tuple, list) else hint()
    return found


def event_name(value: object) -> str:
    """The name of an event or event class. Raises TypeError for anything else."""
    name = getattr(value, "event_name", None)
    if not isinstance(name, str):
        raise TypeError(f"{value!r} is not an event: decorate its class with @event(...)")
    return name


def to_data(value: Any) -> dict[str, Any]:
    """JSON-ready fields of an event."""
    event_name(value)
    return {f.name: _pack(getattr(value, f.name)) for f in dataclasses.fields(value)}


def from_data(cls: type[T], data: Mapping[str, Any]) -> T:
    """The event that `data` was made from. Unknown keys are ignored: events grow, they never shrink."""
    hints = typing.get_type_hints(cls)
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]
    return cls(**{f.name: _unpack(hints[f.name], data[f.name]) for f in fields if f.name in data})


def _pack(value: Any) -> Any:
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):  # datetime too
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_pack(v) for v in value]
    raise TypeError(f"{type(value).__name__} does not belong in an event")


def _unpack(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(a for a in typing.get_args(hint) if a is not type(None))
    if hint is UUID:
        return UUID(value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint is date:
        return date.fromisoformat(value)
    if typing.get_origin(hint) is tuple:
        return tuple(_unpack(typing.get_args(hint)[0], v) for v in value)
    return value
