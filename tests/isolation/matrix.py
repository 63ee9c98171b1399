"""Every route, asked by somebody for something that belongs to another: what is asked, and what is a fault."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from kernel.testing.contract.walk import missing, without_request_id
from kernel.testing.people import Answer, Site

from .ear import ASK, Ear

#: The token that tenant A's texts begin with; five more digits say which column.
CANARY: Final = re.compile(r"zq7[0-9a-f]{5}")
UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HOLE: Final = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
#: What differs between any two answers.
_VOLATILE: Final = {"date", "x-request-id", "content-length", "ratelimit", "set-cookie", "server-timing"}
_NONCE: Final = re.compile(r"'nonce-[^']*'")
#: The asker's own keys of one table that are tried in one place.
_OWN: Final = 6
#: Faults after which a walk ends: it is broken, or we are.
_ENOUGH: Final = 60
_numbers = itertools.count(1)


@dataclass(slots=True)
class Ask:
    """A request with named places for ids. `own` are values of the asker's own; the other places hold nobody's.

    Places: a hole's name of the path, `?name` of the query, or the dotted name of a field of `body`.
    """

    route: str
    method: str
    path: str
    places: tuple[str, ...]
    body: Any = None
    json: bool = False
    own: dict[str, str] = field(default_factory=dict)
    nobody: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place in self.places:
            self.nobody[place] = absent(self.shape(place))

    def shape(self, place: str) -> str | None:
        """The pattern that the path demands there; None for any."""
        return next((m[2] for m in _HOLE.finditer(self.path) if m[1] == place), None)

    def fits(self, place: str, value: str) -> bool:
        shape = self.shape(place)
        return shape is None or re.fullmatch(shape, value) is not None

    def at(self, given: Mapping[str, str]) -> tuple[str, Any]:
        """Path and body with these values."""
        values = {**self.nobody, **self.own, **given}
        path = _HOLE.sub(lambda m: values.get(m[1], "x1"), self.path)
        query = [f"{place[1:]}={values[place]}" for place in self.places if place[0] == "?"]
        body = self.body
        for place in self.places:
            if place[0] != "?" and f"{{{place}" not in self.path:
                body = set_in(body, place, values[place])
        return path + ("?" + "&".join(query) if query else ""), body


def absent(shape: str | None) -> str:
    """Nobody's value, as the path wants it."""
    number = f"{next(_numbers):05d}"
    value, letters = missing(), "".join(chr(97 + int(d)) for d in number)
    tries = (value, f"9876{number}"[:9], f"zz{number}f", f"{number}abcdef0"[:12], "zz" + number * 8, "zz" + letters)
    return next((t for t in tries if shape is None or re.fullmatch(shape, t)), "x1")


def set_in(body: Any, name: str, value: str) -> Any:
    first, _dot, rest = name.partition(".")
    bare = first.removesuffix("[]")
    inner = set_in(body[bare][0] if first.endswith("[]") else body[bare], rest, value) if rest else value
    return {**body, bare: [inner] if first.endswith("[]") else inner}


@dataclass(slots=True)
class Principal:
    """Somebody at a tenant's door. `headers` for programs, who ask nothing but JSON.

    `terse`: takes refusals as JSON, which spares us drawing an error page each time.
    """

    name: str
    site: Site
    headers: dict[str, str] = field(default_factory=dict)
    terse: bool = False

    async def ask(self, ask: Ask, given: Mapping[str, str], number: str, extra: Any = None) -> Answer:
        sent = {ASK: number, **self.headers}
        if self.terse:
            sent["Accept"] = "application/json"
        path, body = ask.at(given)
        if ask.method == "GET":
            return await self.site.request("GET", path, headers=sent)
        if not self.headers:
            sent["X-CSRF-Token"] = await self.site.token()
        body = {**(body or {}), **(extra or {})}
        options: dict[str, Any] = {"json": body} if ask.json else {"data": body}
        return await self.site.request(ask.method, path, headers=sent, **options)


@dataclass(frozen=True, slots=True)
class Key:
    """An id (or slug, number ...) of a row, and where it is from."""

    table: str
    column: str
    value: str

    def absent(self) -> str:
        """Nobody's, of the same shape."""
        if self.value.isdigit():
            return "9" * max(len(self.value), 6)
        return missing() if UUID.fullmatch(self.value) else self.value[:-6] + "f00f00"[: len(self.value)]


Rows = Mapping[str, list[Key]]


def told(answer: Answer, *values: str) -> tuple[int, str, str]:
    """What somebody can learn from an answer: status, headers, body; without what is new each time."""
    headers = sorted(
        f"{name.lower()}: {_NONCE.sub('', without_request_id(value, *values))}"
        for name, value in answer.headers.items()
        if name.lower() not in _VOLATILE
    )
    return answer.status, "\n".join(headers), without_request_id(_NONCE.sub("", answer.text), *values)


def canaries(answer: Answer, value: str = "") -> set[str]:
    """Tokens in an answer; what was asked for with `value` may be repeated."""
    text = answer.text + "\n".join(f"{k}: {v}" for k, v in answer.headers.items())
    return set(CANARY.findall(text.replace(value, "") if value else text))


@dataclass(slots=True)
class Walk:
    """One principal's walk with the keys of somebody else, `rows`.

    An id can tell only where something is looked up by it. So each place is tried with nobody's id first, while an
    ear listens in which tables that is looked for: those tables' keys are then tried, and one of any other table.
    `may(route)`: this one may know what exists there. `looking` for tokens in every answer.
    """

    who: Principal
    rows: Rows
    ear: Ear
    may: Callable[[str], bool] = lambda _route: False
    looking: bool = True
    #: Keys of one table that are tried in one place.
    a_table: int = 6
    asked: int = 0
    reached: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    _turn: int = 0

    async def over(self, asks: Iterable[Ask], *, at_once: int = 4) -> None:
        if not self.who.headers:
            await self.who.site.get("/sign-in")  # the cookie and token that go with whoever they are by now
            await self.who.site.token()
        waiting = [a for a in asks if not self.who.headers or a.json]
        waiting.reverse()

        async def work() -> None:
            while waiting and len(self.faults) < _ENOUGH:
                await self.one(waiting.pop())

        await asyncio.gather(*(work() for _n in range(at_once)))

    async def one(self, ask: Ask) -> None:
        self.reached.add(ask.route)
        for place in ask.places:
            nobody = ask.nobody[place]
            number, nothing = await self.ask(ask, place, nobody)
            self._look(ask, place, "nobody's id", nothing, nobody)
            absent = {nobody: nothing}
            for key in self._keys(ask, place, self.ear.tables(number, nobody)):
                value = nobody if bool(UUID.fullmatch(key.value)) == bool(UUID.fullmatch(nobody)) else key.absent()
                value = value if ask.fits(place, value) else nobody
                if value not in absent:
                    absent[value] = (await self.ask(ask, place, value))[1]
                _number, answer = await self.ask(ask, place, key.value)
                await self._judge(ask, place, key, answer, (value, absent[value]))

    def _keys(self, ask: Ask, place: str, tables: set[str]) -> list[Key]:
        found = [k for t in sorted(tables) for k in self.rows.get(t, ())[: self.a_table] if ask.fits(place, k.value)]
        others = [k for t, keys in self.rows.items() if t not in tables for k in keys if ask.fits(place, k.value)]
        if others:
            self._turn += 1
            found.append(others[self._turn * 7 % len(others)])
        return found

    async def ask(self, ask: Ask, place: str, value: str) -> tuple[str, Answer]:
        self.asked += 1
        number = str(next(_numbers))
        return number, await self.who.ask(ask, {place: value}, number)

    def _look(self, ask: Ask, place: str, what: str, answer: Answer, value: str) -> None:
        if self.looking and (found := canaries(answer, value)):
            self._fault(ask, place, what, f"{answer.status} shows {', '.join(sorted(found))}")
        if answer.status == 429 or answer.status >= 500:
            self._fault(ask, place, what, f"answers {answer.status}: {answer.text[:200]}")

    async def _judge(self, ask: Ask, place: str, key: Key, answer: Answer, absent: tuple[str, Answer]) -> None:
        what = f"{key.table}.{key.column}"
        self.tried.add(key.table)
        self._look(ask, place, what, answer, key.value)
        if not self.may(ask.route) and self._told(ask, place, key.value, answer) != self._told(ask, place, *absent):
            # Something may have changed in between by what was asked: the same question twice more.
            one = self._told(ask, place, key.value, again := (await self.ask(ask, place, key.value))[1])
            two = self._told(ask, place, absent[0], nothing := (await self.ask(ask, place, absent[0]))[1])
            if one != two:
                part = next(n for n, a, b in zip(("status", "headers", "body"), one, two, strict=True) if a != b)
                self._fault(ask, place, what, f"{again.status} differs in {part} from a missing one's {nothing.status}")

    def _told(self, ask: Ask, place: str, value: str, answer: Answer) -> tuple[int, str, str]:
        path = ask.at({place: value})[0]
        return told(answer, path, quote(path, safe=""), value if len(value) > 3 else path)

    def _fault(self, ask: Ask, place: str, what: str, text: str) -> None:
        self.faults.append(f"{ask.route} [{ask.method} {place}] as {self.who.name} with {what}: {text}")


async def settle(who: Principal, ask: Ask, mine: Rows, ear: Ear, undone: Callable[[], Any]) -> Answer:
    """Fill the places with the asker's own ids, from left to right, as far as they lead; the answer in the end."""
    best = await _undone(undone, who.ask(ask, {}, str(next(_numbers))))
    for place in ask.places:
        number = str(next(_numbers))
        nothing = await _undone(undone, who.ask(ask, {}, number))
        tables = ear.tables(number, ask.nobody[place])
        chosen = ""
        for key in [k for t in sorted(tables) for k in mine.get(t, ())[:_OWN] if ask.fits(place, k.value)]:
            answer = await _undone(undone, who.ask(ask, {place: key.value}, str(next(_numbers))))
            if told(answer, key.value) != told(nothing, ask.nobody[place]) and (
                not chosen or (answer.status < 400) > (best.status < 400)
            ):
                chosen, best = key.value, answer
                if answer.status < 400:
                    break
        if chosen:
            ask.own[place] = chosen
    return best


async def _undone(undone: Callable[[], Any], asking: Awaitable[Answer]) -> Answer:
    async with undone():
        return await asking


def summary(walks: Iterable[Walk]) -> str:
    """Faults, readable: the first fifty, and how many."""
    faults = [fault for walk in walks for fault in walk.faults]
    return f"{len(faults)} faults\n" + "\n".join(faults[:50]) if faults else ""
