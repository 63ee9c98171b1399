"""Which events there are, and what one looks like; read off the event classes, so never out of date."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from kernel import event_types


def names() -> list[str]:
    """Events of the plugins that are on, in alphabetical order."""
    return list(event_types())


def by_name_only(name: str) -> bool:
    """Does whoever asks for all events not get this one: it may hold personal data, or nobody knows it."""
    return not getattr(event_types().get(name), "event_webhooks", False)


def hears(chosen: Sequence[str], name: str) -> bool:
    """Does a webhook with these chosen events, or none, get this one?"""
    return name in chosen if chosen else not by_name_only(name)


def about(name: str) -> str:
    """What the event's class says of itself, in one line; "" for an unknown name."""
    cls = event_types().get(name)
    text = (inspect.getdoc(cls) or "") if cls is not None else ""
    return "" if text.startswith(f"{getattr(cls, '__name__', '')}(") else " ".join(text.split("\n\n")[0].split())


def example(name: str) -> dict[str, Any]:
    """Data of the right shape with made-up values; empty for an unknown name."""
    cls = event_types().get(name)
    if cls is None:
        return {}
    hints = typing.get_type_hints(cls)
    return {field.name: _value(field.name, hints[field.name]) for field in dataclasses.fields(cls)}


def _value(name: str, hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if typing.get_origin(hint) in (tuple, list):
        return ["example"]
    plain: dict[Any, Any] = {
        UUID: "01890000-0000-7000-8000-000000000001",
        datetime: "2030-01-15T09:30:00+00:00",
        date: "2030-01-15",
        bool: True,
        int: 1,
        float: 1.0,
    }
    return plain.get(hint, "EUR" if name == "currency" else "example")
