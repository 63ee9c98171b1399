"""Where an id can be put: paths, queries, JSON bodies, and the forms and links of pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl

from kernel.base.contract import Route
from kernel.web.samples import example, resolved

from .matrix import UUID, Ask

_HOLE = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")


def holes(route: Route) -> tuple[str, ...]:
    return tuple(m[1] for m in _HOLE.finditer(route.path))


def of_route(route: Route, *, bodies: bool = True) -> Ask:
    """The route with its holes, the ids of its query and of its JSON body; a body that fits goes along."""
    places, body = holes(route), None
    if route.query is not None:
        places += tuple(f"?{name}" for name in id_fields(route.query.model_json_schema(mode="validation")))
    if route.request is not None:
        schema = route.request.model_json_schema(mode="validation")
        body = example(schema, schema.get("$defs", {}))
        places += tuple(id_fields(schema)) if bodies else ()
    return Ask(route.name, route.method, route.path, places, body, json="/api/" in route.path)


def id_fields(schema: Mapping[str, Any], prefix: str = "", defs: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Dotted names of fields that take ids; `[]` for lists."""
    defs = defs if defs is not None else schema.get("$defs", {})
    for name, given in resolved(schema, defs).get("properties", {}).items():
        inner, mark = resolved(given, defs), ""
        if inner.get("type") == "array":
            inner, mark = resolved(inner.get("items", {}), defs), "[]"
        if "properties" in inner and prefix.count(".") < 3:
            yield from id_fields(inner, f"{prefix}{name}{mark}.", defs)
        elif inner.get("format") == "uuid" or (
            inner.get("type") == "string" and re.search(r"(^|_)ids?$|^(account|person|schedule|booking)s?$", name)
        ):
            yield f"{prefix}{name}{mark}"


#: What somebody types where something has to be typed.
_TYPED = {"text": "Something that is long enough", "email": "ada@example.org", "number": "1"}


@dataclass(slots=True)
class Form:
    """A form of a page: what a browser would send, and every name in it."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    """Forms, and links with ids in their query."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._select = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {k: v or "" for k, v in attrs}
        if tag == "form":
            self.forms.append(Form(has.get("method", "get").upper(), has.get("action", "")))
            self._inside = True
        elif tag == "a" and UUID.search(has.get("href", "").partition("?")[2]):
            self.links.append(has["href"])
        elif tag == "select":
            self._select = has.get("name", "")
        elif self._inside and tag in ("input", "option", "button", "textarea"):
            self._field(tag, has)

    def _field(self, tag: str, has: dict[str, str]) -> None:
        name, form = self._select if tag == "option" else has.get("name", ""), self.forms[-1]
        if not name or name.startswith("_"):
            return
        form.names.add(name)
        value = has.get("value", "")
        if not value and "required" in has and tag in ("input", "textarea"):
            value = _TYPED.get(has.get("type", "text"), "")
        if has.get("type") in ("checkbox", "radio") and "checked" not in has and not UUID.fullmatch(value):
            return
        if name not in form.fields or "selected" in has or UUID.fullmatch(value) or not form.fields[name]:
            form.fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "form":
            self._inside = False


@dataclass(slots=True)
class Paths:
    """Which route serves a path."""

    routes: list[tuple[str, re.Pattern[str], Route]]

    @staticmethod
    def of(routes: Iterable[Route]) -> Paths:
        ordered = sorted(routes, key=lambda r: "{" in r.path)
        return Paths(
            [(r.method, re.compile(_HOLE.sub(_group, re.sub(r"\.", r"\\.", r.path, count=0))), r) for r in ordered]
        )

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for verb, pattern, route in self.routes:
            if verb == method and (match := pattern.fullmatch(path)):
                return route, match.groupdict()
        return None


def _group(match: re.Match[str]) -> str:
    return f"(?P<{match[1]}>{match[2] or '[^/]+'})"


def in_page(path: str, text: str, paths: Paths) -> Iterator[tuple[Ask, set[str]]]:
    """Every form of the page and every link with ids in its query, as they would be sent now; all names of the form."""
    page = _Reader()
    page.feed(text)
    for form in page.forms:
        target, _mark, query = (form.action or path).partition("?")
        if found := paths.find(form.method, target):
            yield _asked(*found, form.fields, query), form.names
    for link in page.links:
        target, _mark, query = link.partition("?")
        if found := paths.find("GET", target):
            yield _asked(*found, dict(parse_qsl(query)), ""), set()


def _asked(route: Route, own: dict[str, str], fields: dict[str, str], query: str) -> Ask:
    held = {name: value for name, value in fields.items() if UUID.fullmatch(value)}
    if route.method == "GET":
        marked = {f"?{name}": value for name, value in held.items()}
        return Ask(route.name, "GET", route.path, (*own, *marked), own=own | marked)
    path = route.path + ("?" + query if query else "")
    return Ask(route.name, route.method, path, (*own, *held), fields, own=own | held)
