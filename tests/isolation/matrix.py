"""Every route, asked by somebody for something that belongs to another: what is compared, and what is a fault."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final

from kernel.base.contract import Route
from kernel.testing.contract.walk import filled, missing, without_request_id
from kernel.testing.people import Answer, Site
from kernel.web.samples import example, resolved

#: The token that tenant A's texts begin with; five more digits say which column.
CANARY: Final = re.compile(r"zq7[0-9a-f]{5}")
UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: What differs between any two answers.
_VOLATILE: Final = {"date", "x-request-id", "content-length", "ratelimit", "set-cookie", "server-timing"}
_NONCE: Final = re.compile(r"'nonce-[^']*'")
_AT_ONCE: Final = 12
_SAMPLE: Final = 4
#: Faults after which a walk ends: it is broken, or we are.
_ENOUGH: Final = 60


@dataclass(slots=True)
class Principal:
    """Somebody at a tenant's door. `headers` for programs; `api_only` asks nothing but JSON."""

    name: str
    site: Site
    headers: dict[str, str] = field(default_factory=dict)
    api_only: bool = False

    async def ask(self, request: Ask, value: str) -> Answer:
        sent = dict(self.headers)
        if not self.headers and request.method != "GET":
            sent["X-CSRF-Token"] = await self.site.token()
        body = request.body(value)
        options: dict[str, Any] = {"json": body} if request.json else {"data": body or {}}
        if request.method == "GET":
            options = {}
        return await self.site.request(request.method, request.path(value), headers=sent, **options)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request with one place left open. `where` says which."""

    route: str
    method: str
    where: str
    path: Callable[[str], str]
    body: Callable[[str], Any] = lambda _value: None
    json: bool = False
    near: str = ""  # the asker's own id that stands there now


@dataclass(frozen=True, slots=True)
class Key:
    """An id (or slug, number ...) of tenant A, and where it is from."""

    place: str
    value: str

    def absent(self) -> str:
        """Nobody's, of the same shape."""
        if self.value.isdigit():
            return "9" * max(len(self.value), 6)
        return missing() if UUID.fullmatch(self.value) else self.value[:-6] + "f00f00"[: len(self.value)]


def told(answer: Answer, *values: str) -> tuple[int, str, str]:
    """What somebody can learn from an answer: status, headers, body; without what is new each time."""
    headers = sorted(
        f"{name.lower()}: {_NONCE.sub('', without_request_id(value, *values))}"
        for name, value in answer.headers.items()
        if name.lower() not in _VOLATILE
    )
    return answer.status, "\n".join(headers), without_request_id(_NONCE.sub("", answer.text), *values)


def refused(answer: Answer) -> bool:
    """Turned away at the door, before the id was looked at."""
    return answer.status in (401, 403, 405, 415, 422) or (answer.status == 303 and "/sign-in" in answer.location)


def canaries(answer: Answer) -> set[str]:
    return set(CANARY.findall(answer.text + "\n".join(f"{k}: {v}" for k, v in answer.headers.items())))


@dataclass(slots=True)
class Walk:
    """One principal's walk. `may(route)`: this one may know what exists there. `looking` for tokens in every answer."""

    who: Principal
    may: Callable[[str], bool] = lambda _route: False
    looking: bool = True
    #: Every key at every place; else a few, in turn, so that over all routes each gets its chance.
    thorough: bool = False
    asked: int = 0
    faults: list[str] = field(default_factory=list)
    _turn: int = 0

    async def over(self, asks: Iterable[Ask], keys: Callable[[Ask], list[Key]]) -> None:
        for ask in asks:
            if len(self.faults) > _ENOUGH:
                return
            if not self.who.api_only or ask.path("x").startswith("/api/"):
                await self._one(ask, keys(ask))

    async def _one(self, ask: Ask, keys: list[Key]) -> None:
        by_shape: dict[bool, str] = {}
        for key in keys:  # one missing value a shape (uuid or not) is enough
            by_shape.setdefault(bool(UUID.fullmatch(key.value)), key.absent())
        absent = {shape: (value, await self._ask(ask, value)) for shape, value in by_shape.items()}
        at_the_door = all(refused(answer) for _value, answer in absent.values())
        if at_the_door or not self.thorough or self.may(ask.route):
            start, self._turn = self._turn, self._turn + _SAMPLE
            keys = [keys[(start + n) % len(keys)] for n in range(min(_SAMPLE, len(keys)))]
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            answers = await asyncio.gather(*(self._ask(ask, key.value) for key in part))
            for key, answer in zip(part, answers, strict=True):
                await self._judge(ask, key, answer, absent[bool(UUID.fullmatch(key.value))])

    async def _ask(self, ask: Ask, value: str) -> Answer:
        self.asked += 1
        return await self.who.ask(ask, value)

    async def _judge(self, ask: Ask, key: Key, answer: Answer, absent: tuple[str, Answer]) -> None:
        if self.looking and (found := canaries(answer)):
            self._fault(ask, key, f"{answer.status} shows {', '.join(sorted(found))}")
        if answer.status == 429 or answer.status >= 500:
            self._fault(ask, key, f"answers {answer.status}: {answer.text[:200]}")
        if self.may(ask.route):
            return
        if told(answer, key.value) != told(absent[1], absent[0]):
            # Something may have changed in between by what was asked: the same question twice more.
            value = key.absent()
            again, nothing = await self._ask(ask, key.value), await self._ask(ask, value)
            if (one := told(again, key.value)) != (two := told(nothing, value)):
                part = next(n for n, a, b in zip(("status", "headers", "body"), one, two, strict=True) if a != b)
                self._fault(ask, key, f"{again.status} differs in {part} from a missing one's {nothing.status}")

    def _fault(self, ask: Ask, key: Key, text: str) -> None:
        self.faults.append(f"{ask.route} [{ask.method} {ask.where}] as {self.who.name} with {key.place}: {text}")


# --- where an id can be put -------------------------------------------------------------------------------------


def in_path(route: Route) -> Iterator[Ask]:
    """Every hole of the path, filled with the same id; a JSON body that fits goes along."""
    if "{" in route.path:
        body = None
        if route.request is not None:
            schema = route.request.model_json_schema(mode="validation")
            body = example(schema, schema.get("$defs", {}))
        yield Ask(
            route.name, route.method, "path", lambda value: filled(route, value), lambda _value: body,
            json="/api/" in route.path,
        )  # fmt: skip


def in_query(route: Route) -> Iterator[Ask]:
    if route.query is not None and "{" not in route.path:
        for name in _id_fields(route.query.model_json_schema(mode="validation")):
            yield Ask(route.name, route.method, f"?{name}", lambda value, n=name: f"{route.path}?{n}={value}")  # type: ignore[misc]


def in_json(route: Route, own: Iterable[str]) -> Iterator[Ask]:
    """Every field of a JSON body that takes an id; `own` are ids of the asker's for the holes of the path."""
    if route.request is None:
        return
    schema = route.request.model_json_schema(mode="validation")
    defs = schema.get("$defs", {})
    for name in _id_fields(schema):
        for held in own if "{" in route.path else ("",):
            yield Ask(
                route.name, route.method, name, lambda _value, h=held: filled(route, h),  # type: ignore[misc]
                lambda value, n=name: _with(example(schema, defs), n, value), json=True,  # type: ignore[misc]
            )  # fmt: skip


def _id_fields(schema: Mapping[str, Any], prefix: str = "", defs: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Dotted names of fields that take ids; `[]` for lists."""
    defs = defs if defs is not None else schema.get("$defs", {})
    for name, given in resolved(schema, defs).get("properties", {}).items():
        inner, mark = resolved(given, defs), ""
        if inner.get("type") == "array":
            inner, mark = resolved(inner.get("items", {}), defs), "[]"
        if "properties" in inner and prefix.count(".") < 3:
            yield from _id_fields(inner, f"{prefix}{name}{mark}.", defs)
        elif inner.get("format") == "uuid" or (
            inner.get("type") == "string" and re.search(r"(^|_)ids?$|^(account|person|schedule|booking)s?$", name)
        ):
            yield f"{prefix}{name}{mark}"


def _with(body: Any, name: str, value: str) -> Any:
    first, _dot, rest = name.partition(".")
    bare = first.removesuffix("[]")
    inner = _with(body[bare][0] if first.endswith("[]") else body[bare], rest, value) if rest else value
    return {**body, bare: [inner] if first.endswith("[]") else inner}


class Forms(HTMLParser):
    """Forms of a page that carry ids: method, action, fields; and links with ids in their query."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, str]]] = []
        self.links: list[str] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {k: v or "" for k, v in attrs}
        if tag == "form":
            self.found.append((has.get("method", "get").upper(), has.get("action", ""), {}))
        elif tag == "a" and UUID.search(has.get("href", "").partition("?")[2]):
            self.links.append(has["href"])
        elif tag == "select":
            self._select = has.get("name", "")
        elif self.found and tag in ("input", "option", "button"):
            name = self._select if tag == "option" else has.get("name", "")
            fields = self.found[-1][2]
            if name and (name not in fields or UUID.fullmatch(has.get("value", ""))):
                fields[name] = has.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""


def in_forms(path: str, text: str) -> Iterator[Ask]:
    """Every field of the page's forms, and every name in its links' queries, that holds an id now."""
    page = Forms()
    page.feed(text)
    for method, action, fields in page.found:
        target = html.unescape(action) or path
        kept = {k: v for k, v in fields.items() if k not in ("_csrf", "_key")}
        if method == "POST" and target.startswith("/") and (near := UUID.findall(target)):
            where = UUID.sub("{id}", target)
            yield Ask(where, method, "form", lambda v, t=target: UUID.sub(v, t), lambda _v, f=kept: f, near=near[-1])  # type: ignore[misc]
        for name, value in fields.items():
            if UUID.fullmatch(value) and not name.startswith("_") and target.startswith("/"):
                where = UUID.sub("{id}", target.partition("?")[0])
                if method == "GET":
                    bare = target.partition("?")[0]
                    yield Ask(where, "GET", f"?{name}", lambda v, b=bare, n=name: f"{b}?{n}={v}", near=value)  # type: ignore[misc]
                else:
                    yield Ask(
                        where, method, name, lambda _v, t=target: t,  # type: ignore[misc]
                        lambda v, f=kept, n=name: {**f, n: v}, near=value,  # type: ignore[misc]
                    )  # fmt: skip
    for link in page.links:
        bare, _mark, query = html.unescape(link).partition("?")
        if bare.startswith("/"):
            name = next((q.partition("=")[0] for q in query.split("&") if UUID.search(q)), "")
            near = (UUID.findall(query) or [""])[0]
            where = UUID.sub("{id}", bare)
            yield Ask(where, "GET", f"?{name}", lambda v, b=bare, q=query: f"{b}?{UUID.sub(v, q)}", near=near)  # type: ignore[misc]


def summary(walks: Iterable[Walk]) -> str:
    """Faults, readable: the first fifty, and how many."""
    faults = [fault for walk in walks for fault in walk.faults]
    return f"{len(faults)} faults\n" + "\n".join(faults[:50]) if faults else ""
