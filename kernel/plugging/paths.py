"""Whose is which path: rules for routes, and collisions between plugins found at boot instead of at a click."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from ..base.contract import Route
from .manifest import KERNEL

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_STATIC = re.compile(r"[A-Za-z0-9._~-]+")
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]*(\{[A-Za-z_]\w*(:.+)?\}[A-Za-z0-9._~-]*)*")
_RATE = re.compile(r"[1-9]\d*/[1-9]\d*")
_API = "/api/v1/"


@dataclass(frozen=True, slots=True)
class Claim:
    """A path that an accepted plugin answers."""

    plugin: str
    route: str
    segments: tuple[str, ...]


def segments(path: str) -> tuple[str, ...]:
    """`path` cut at slashes, but not at those within a parameter's pattern."""
    parts, depth, start = [], 0, 1
    for i, ch in enumerate(path):
        depth += (ch == "{") - (ch == "}")
        if ch == "/" and depth == 0 and i:
            parts.append(path[start:i])
            start = i + 1
    return (*parts, path[start:])


def overlap(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Is there a URL that both patterns match? Errs on the side of yes for parameters with patterns."""
    for x, y in zip(a, b, strict=False):
        if _swallows(x) or _swallows(y):
            return True
        if x != y and "{" not in x and "{" not in y:
            return False
    return len(a) == len(b)


def claims_of(plugin: str, routes: tuple[Route, ...]) -> dict[str, list[Claim]]:
    """The plugin's paths by their first segment."""
    table: dict[str, list[Claim]] = {}
    for route in routes:
        cut = segments(route.path)
        table.setdefault(_head(cut), []).append(Claim(plugin, route.name, cut))
    return table


def route_faults(plugin: str, routes: tuple[Route, ...], taken: dict[str, list[Claim]]) -> Iterator[str]:
    """What is wrong with a plugin's routes, alone and beside those of others."""
    seen: dict[tuple[str, tuple[str, ...]], str] = {}
    for route in routes:
        for what in _alone(plugin, route):
            yield f"{plugin}: route {route.name!r} {what}."
        cut = segments(route.path)
        key = (route.method, tuple("{}" if re.fullmatch(r"\{\w+\}", s) else s for s in cut))
        if key in seen:
            yield f"{plugin}: routes {seen[key]!r} and {route.name!r} are both {route.method} {route.path}."
        seen.setdefault(key, route.name)
        other = next((c for c in taken.get(_head(cut), ()) if c.plugin != plugin and overlap(c.segments, cut)), None)
        if other:
            yield f"{plugin}: route {route.name!r} ({route.path}) collides with {other.route!r} of {other.plugin}."


def _head(cut: tuple[str, ...]) -> str:
    return "/".join(cut[:3]) if cut[:2] == ("api", "v1") else cut[0]


def _swallows(segment: str) -> bool:
    """A parameter whose pattern may run over slashes."""
    return ":" in segment and ("." in segment or "/" in segment or "[^" in segment) and "{" in segment


def _alone(plugin: str, route: Route) -> Iterator[str]:
    always: object = route.always  # typed as a str, but True is what people write
    if bool(route.permission) == bool(route.public):
        yield "needs exactly one of permission= and public=True"
    if route.method not in METHODS:
        yield f"has method {route.method!r}; there are {', '.join(METHODS)}"
    yield from _path_faults(plugin, route.path)
    is_api = route.path.startswith(_API)
    models: tuple[tuple[str, object], ...] = (("request", route.request), ("response", route.response))
    for name, model in models:
        if model is None:
            continue
        if not (inspect.isclass(model) and issubclass(model, BaseModel)):
            yield f"has {name}= that is not a pydantic model"
        elif not is_api:
            yield f"has {name}= and so must lie under {_API}"
    if route.request is not None and route.method == "GET":
        yield "is a GET and so cannot take a request= body"
    if route.rate is not None and not _RATE.fullmatch(route.rate):
        yield f"has rate={route.rate!r}; write <count>/<seconds>"
    if route.body_limit is not None and route.body_limit < 1:
        yield "has a body_limit below one byte"
    if not isinstance(always, str):
        yield "has always= without a reason; write why it must stay"


def _path_faults(plugin: str, path: str) -> Iterator[str]:
    if not path.startswith("/"):
        yield "has a path that does not begin with /"
        return
    if path == "/":
        if plugin != KERNEL:
            yield "claims /, which is the kernel's"
        return
    cut = segments(path)
    if not all(part and _SEGMENT.fullmatch(part) for part in cut):
        yield f"has a path with an empty or odd segment ({path})"
    own = cut[2:3] if cut[:1] == ("api",) else cut[:1]
    if cut[:1] == ("api",) and cut[1:2] != ("v1",):
        yield f"is a JSON path and so must begin with {_API}"
    elif not own or not _STATIC.fullmatch(own[0]):
        yield "must begin with a static segment, since routes are indexed by it"
