"""Finding an interviewer: who fits, when they are free, why they are suggested; counts beside every choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from uuid import UUID

from kernel import Money, _, current_actor, ngettext, now, services, zones
from plugins.users.api import InterviewerCard, Interviewers

from . import free, queries
from .forms import DirectoryQuery
from .models import InterviewType
from .pricing import price_of
from .services import demand
from .services.assignment import NEWCOMER
from .texts import LEVELS, ROLES

#: Hours of the day of a part, by the viewer's clock.
PARTS: Mapping[str, tuple[int, int]] = {
    "morning": (6, 12),
    "afternoon": (12, 17),
    "evening": (17, 22),
    "night": (22, 30),
}
DAYS = ("today", "tomorrow", "week", "next", "weekend")
PAGE = 12
_AWAKE = (8, 22)
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; empty means anything. `price` in minor units, `day` one of DAYS, `part` of PARTS."""

    q: str = ""
    role: str = ""
    level: str = ""
    skill: str = ""
    language: str = ""
    company: str = ""
    type: str = ""
    price: int = 0
    rating: float = 0.0
    day: str = ""
    part: str = ""
    zone: str = "UTC"
    sort: str = ""
    viewer: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An interviewer as a list shows them: the first type that fits, its price, the next time that fits, and why."""

    card: InterviewerCard
    types: list[InterviewType]
    kind: InterviewType | None
    price: Money | None
    next_free: datetime | None
    rating: tuple[float, int] | None
    sessions: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def new(self) -> bool:
        return self.sessions < NEWCOMER


@dataclass(frozen=True, slots=True)
class Found:
    """One search. `facets` count, for each choice of a filter, who fits all the other filters as well.

    `weeks`: when nobody is free at the time asked for, how many of those who fit otherwise are free in the next weeks.
    """

    entries: list[Entry]
    everyone: list[InterviewerCard]
    facets: Mapping[str, Counter[str]] = field(default_factory=dict)
    weeks: list[int] = field(default_factory=list)


def wanted_of(query: DirectoryQuery, zone: str) -> Wanted:
    """A search of what an address says; what makes no sense is left out."""
    price = int(query.price) if query.price.isascii() and query.price.isdecimal() else 0
    actor = current_actor()
    return Wanted(
        q=query.q, role=query.role if query.role in ROLES else "", skill=query.skill, language=query.language,
        level=query.level if query.level in dict(LEVELS) and query.level != "any" else "", company=query.company,
        type=query.type, price=price * 100, rating={"4": 4.0, "4.5": 4.5}.get(query.rating, 0.0), zone=zone,
        day=query.day if query.day in DAYS else "", part=query.part if query.part in PARTS else "",
        sort=query.sort, viewer=actor.id if actor else None,
    )  # fmt: skip


async def find(wanted: Wanted) -> Found:
    """Who fits, in the order asked for."""
    everyone = await services.need(Interviewers).listed()
    offered = await queries.offered_types([card.account_id for card in everyone])
    ids = [card.account_id for card in everyone]
    rated, held = await queries.ratings(ids), await queries.sessions_by(ids)
    people = [
        Entry(
            card, offered[card.account_id], None, None, None, rated.get(card.account_id), held.get(card.account_id, 0)
        )
        for card in everyone
    ]
    tests = _tests(wanted)
    fitting = [_with_kind(entry, wanted) for entry in people if all(test(entry) for test in tests.values())]
    timed = await _with_times(fitting, wanted)
    if wanted.day or wanted.part:
        await demand.note({demand.hour_of(at) for low, high in spans(wanted, now()) for at in _hours(low, high)})
        timed = [entry for entry in timed if entry.next_free is not None]
    gaps = await queries.gaps(wanted.viewer)
    entries = [replace(entry, reasons=_reasons(entry, wanted, gaps)) for entry in timed]
    weeks = [] if entries or not (wanted.day or wanted.part) else await _weeks(fitting, wanted)
    return Found(_ordered(entries, wanted), everyone, _facets(people, tests), weeks)


Test = Callable[[Entry], bool]


def _tests(wanted: Wanted) -> dict[str, Test]:
    """One test for each filter that is set; those of the type look for one type that passes them all."""
    found: dict[str, Test] = {}
    if wanted.q:
        words = wanted.q.casefold().split()
        found["q"] = lambda e: all(word in _text(e.card) for word in words)
    if wanted.skill:
        found["skill"] = lambda e: wanted.skill.casefold() in {s.casefold() for s in e.card.skills}
    if wanted.language:
        found["language"] = lambda e: wanted.language.casefold() in {s.casefold() for s in e.card.languages}
    if wanted.company:
        found["company"] = lambda e: e.card.company.casefold() == wanted.company.casefold()
    if wanted.rating:
        found["rating"] = lambda e: e.rating is not None and e.rating[0] >= wanted.rating
    if wanted.type:
        found["type"] = lambda e: any(t.slug == wanted.type for t in e.types)
    if wanted.role:
        found["role"] = lambda e: any(t.topic in _topics(wanted.role) for t in e.types)
    if wanted.level:
        found["level"] = lambda e: any(t.level in ("any", wanted.level) for t in e.types)
    if wanted.price:
        found["price"] = lambda e: any(price_of(t, e.card).minor <= wanted.price for t in e.types)
    if len({"type", "role", "level", "price"} & set(found)) > 1:
        found["kind"] = lambda e: bool(_kinds(e, wanted))
    return found


def _topics(role: str) -> tuple[str, ...]:
    return ROLES[role][1] if role in ROLES else ()


def _text(card: InterviewerCard) -> str:
    return " ".join((card.name, card.headline, card.company, *card.skills)).casefold()


def _kinds(entry: Entry, wanted: Wanted) -> list[InterviewType]:
    return [
        t for t in entry.types
        if (not wanted.type or t.slug == wanted.type)
        and (not wanted.role or t.topic in _topics(wanted.role))
        and (not wanted.level or t.level in ("any", wanted.level))
        and (not wanted.price or price_of(t, entry.card).minor <= wanted.price)
    ]  # fmt: skip


def _with_kind(entry: Entry, wanted: Wanted) -> Entry:
    kinds = _kinds(entry, wanted)
    price = min((price_of(t, entry.card) for t in kinds or entry.types), key=lambda p: p.minor, default=None)
    return replace(entry, kind=kinds[0] if kinds else None, price=price)


async def _with_times(entries: list[Entry], wanted: Wanted) -> list[Entry]:
    """The next time of each that fits what was asked for."""
    open_to = {e.card.account_id: e.kind for e in entries if e.kind is not None and e.card.accepting}
    if not (wanted.day or wanted.part):
        soonest = await free.next_free(open_to)
        return [replace(entry, next_free=soonest.get(entry.card.account_id)) for entry in entries]
    at, found = now(), {}
    windows = spans(wanted, at)
    for kind, ids in _by_kind(open_to):
        table = await free.table(kind, ids, windows[0][0], windows[-1][1], at=at)
        allowed = 0
        for low, high in windows:
            allowed |= table.between(low, high)
        for who, row in table.rows.items():
            if starts := table.times(row & allowed, 1):
                found[who] = starts[0]
    return [replace(entry, next_free=found.get(entry.card.account_id)) for entry in entries]


def _by_kind(kinds: Mapping[UUID, InterviewType]) -> Iterable[tuple[InterviewType, list[UUID]]]:
    groups: dict[UUID, tuple[InterviewType, list[UUID]]] = {}
    for who, kind in kinds.items():
        groups.setdefault(kind.id, (kind, []))[1].append(who)
    return groups.values()


def spans(wanted: Wanted, at: datetime, days: int = 28) -> list[tuple[datetime, datetime]]:
    """The instants asked for: the days, or the next four weeks, and their parts, on the viewer's clock."""
    today = zones.wall(at, wanted.zone).date()
    hours = PARTS.get(wanted.part, (0, 24))
    found = []
    for day in _dates(wanted.day, today, days):
        low = zones.instant(day + timedelta(days=hours[0] // 24), time(hours[0] % 24), wanted.zone)
        high = zones.instant(day + timedelta(days=hours[1] // 24), time(hours[1] % 24), wanted.zone)
        found.append((low, high))
    return found


def _dates(day: str, today: date, days: int) -> list[date]:
    monday = today - timedelta(days=today.weekday())
    coming = {
        "today": [today],
        "tomorrow": [today + timedelta(days=1)],
        "week": [monday + timedelta(days=n) for n in range(today.weekday(), 7)],
        "next": [monday + timedelta(days=n) for n in range(7, 14)],
        "weekend": [d for n in (5, 6) if (d := monday + timedelta(days=n)) >= today],
    }
    return coming.get(day, [today + timedelta(days=n) for n in range(days)])


def _hours(low: datetime, high: datetime) -> Iterable[datetime]:
    while low < high:
        yield low
        low += timedelta(hours=1)


async def _weeks(entries: list[Entry], wanted: Wanted) -> list[int]:
    """How many of these are free, at the part of the day asked for, in this week and each of the next three."""
    counts, at = [], now()
    open_to = {e.card.account_id: e.kind for e in entries if e.kind is not None and e.card.accepting}
    windows = spans(replace(wanted, day=""), at, 35)
    start = zones.wall(at, wanted.zone).date()
    start -= timedelta(days=start.weekday())
    for week in range(4):
        inside = [s for s in windows if 0 <= (zones.wall(s[0], wanted.zone).date() - start).days - 7 * week < 7]
        free_then: set[UUID] = set()
        for kind, ids in _by_kind(open_to) if inside else ():
            table = await free.table(kind, ids, inside[0][0], inside[-1][1], at=at)
            allowed = 0
            for low, high in inside:
                allowed |= table.between(low, high)
            free_then |= {who for who, row in table.rows.items() if row & allowed}
        counts.append(len(free_then))
    return counts


def _facets(people: list[Entry], tests: Mapping[str, Test]) -> dict[str, Counter[str]]:
    values: dict[str, Callable[[Entry], Collection[str]]] = {
        "skill": lambda e: e.card.skills,
        "language": lambda e: e.card.languages,
        "company": lambda e: [e.card.company] if e.card.company else [],
        "type": lambda e: [t.slug for t in e.types],
        "role": lambda e: [role for role in ROLES if any(t.topic in _topics(role) for t in e.types)],
        "level": lambda e: {t.level for t in e.types if t.level != "any"},
    }
    return {
        name: Counter(
            value
            for entry in people
            if all(test(entry) for other, test in tests.items() if other not in (name, "kind"))
            for value in values_of(entry)
        )
        for name, values_of in values.items()
    }


def _reasons(entry: Entry, wanted: Wanted, gaps: Sequence[tuple[str, str]] = ()) -> tuple[str, ...]:
    """Why they are suggested, in the reader's words: only what was asked for, or what helps to choose."""
    found = []
    asked = {word for word in (*wanted.q.casefold().split(), wanted.skill.casefold()) if word}
    skills = [s for s in entry.card.skills if s.casefold() in asked or asked & set(s.casefold().split())]
    if skills:
        found.append(_("Knows {skills}").format(skills=", ".join(skills[:3])))
    if growing := _grows(entry, gaps):
        found.append(_("Helps you improve: {competency}").format(competency=growing))
    if wanted.level and entry.kind is not None and entry.kind.level == wanted.level:
        found.append(_("Interviews at your level"))
    if wanted.company and entry.card.company:
        found.append(_("Comes from {company}").format(company=entry.card.company))
    # Of a stranger only the site's time zone is known, which is not theirs.
    hours = overlap(entry.card.zone, wanted.zone, now()) if current_actor() is not None else 0
    if hours >= 8:
        found.append(
            ngettext("%(num)s hour of your day in common", "%(num)s hours of your day in common", hours)
            % {"num": hours}
        )
    if entry.rating is not None and entry.rating[1] >= 3 and entry.rating[0] >= 4.5:
        found.append(_("Rated highly"))
    if entry.new:
        found.append(_("New here"))
    return tuple(found[:3])


def _grows(entry: Entry, gaps: Sequence[tuple[str, str]]) -> str:
    """The viewer's first weak competency (with the session it showed in) that this interviewer knows or practises."""
    known = {skill.casefold() for skill in entry.card.skills} | {kind.title.casefold() for kind in entry.types}
    return next((name for name, session in gaps if {name.casefold(), session.casefold()} & known), "")


def overlap(one: str, other: str, at: datetime) -> int:
    """Waking hours (8 to 22) that two zones have in common."""
    try:
        a, b = (zones.wall(at, name).utcoffset() or timedelta() for name in (one, other))
    except ValueError:
        return 0
    apart = round(abs((a - b).total_seconds()) / 3600) % 24
    length = _AWAKE[1] - _AWAKE[0]
    return max(0, length - min(apart, 24 - apart))


def _ordered(entries: list[Entry], wanted: Wanted) -> list[Entry]:
    def name(entry: Entry) -> tuple[str, str]:
        return entry.card.name.casefold(), entry.card.slug

    def price(entry: Entry) -> int:
        return entry.price.minor if entry.price else 10**12

    def rating(entry: Entry) -> tuple[float, int]:
        return (-entry.rating[0], -entry.rating[1]) if entry.rating else (0.0, 0)

    soon: Callable[[Entry], datetime] = lambda e: e.next_free or _FAR  # noqa: E731
    if wanted.sort == "price":
        return sorted(entries, key=lambda e: (price(e), name(e)))
    if wanted.sort == "rating":
        return sorted(entries, key=lambda e: (rating(e), name(e)))
    if wanted.sort == "name":
        return sorted(entries, key=name)
    if wanted.sort != "match":
        return sorted(entries, key=lambda e: (soon(e), name(e)))
    best = sorted(entries, key=lambda e: (not e.next_free, -len(e.reasons), rating(e), soon(e), name(e)))
    return _exposed(best)


def _exposed(entries: list[Entry]) -> list[Entry]:
    """Somebody new among the first six, another one each day, so that everybody gets a beginning."""
    new = [entry for entry in entries if entry.new and entry.next_free]
    if not new or any(entry.new for entry in entries[:6]):
        return entries
    day = now().date().isoformat()
    lucky = min(new, key=lambda entry: sha256(f"{day}{entry.card.slug}".encode()).digest())
    rest = [entry for entry in entries if entry is not lucky]
    return [*rest[:2], lucky, *rest[2:]]


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of a list, with the addresses' cursors of its neighbours (None: there is none)."""

    entries: list[Entry]
    first: int
    before: str | None
    after: str | None


def paged(entries: list[Entry], after: str = "", before: str = "", size: int = PAGE) -> Shown:
    """The page that begins after, or ends before, somebody; from the start when they are no longer in the list."""
    places = {entry.card.slug: n for n, entry in enumerate(entries)}
    start = places[after] + 1 if after in places else max(0, places[before] - size) if before in places else 0
    shown = entries[start : start + size]
    return Shown(
        shown,
        start + 1,
        shown[0].card.slug if start and shown else None,
        shown[-1].card.slug if start + size < len(entries) else None,
    )
