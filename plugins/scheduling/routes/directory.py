"""The list of interviewers and the public page of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from kernel import Money, _, current_actor, errors, now, page, read_query, services, url_with
from plugins.users.api import InterviewerCard, Interviewers

from .. import free, policies, queries
from ..forms import DirectoryQuery
from ..models import InterviewType
from ..pricing import price_of
from ..services import days, policy
from ..viewing import view_of

_PAGE = 12
_FAR = datetime(9999, 1, 1, tzinfo=UTC)
_PRICES = (50, 75, 100, 150)


@dataclass(frozen=True, slots=True)
class Entry:
    """An interviewer as the list shows them. `price` is the lowest of what they offer."""

    card: InterviewerCard
    types: list[InterviewType]
    price: Money | None
    next_free: datetime | None
    rating: tuple[float, int] | None


async def entries_of(cards: Sequence[InterviewerCard], type_slug: str = "") -> list[Entry]:
    """Cards with what scheduling knows of them: two queries for times, whatever their number."""
    ids = [card.account_id for card in cards]
    offered = await queries.offered_types(ids)
    wanted: dict[UUID, InterviewType] = {}
    for account_id, types in offered.items():
        fitting = [t for t in types if not type_slug or t.slug == type_slug]
        if fitting:
            wanted[account_id] = fitting[0]
    soonest = await free.next_free({c.account_id: wanted[c.account_id] for c in cards if _open(c, wanted)})
    rated = await queries.ratings(ids)
    found = []
    for card in cards:
        types = offered.get(card.account_id, [])
        if type_slug and card.account_id not in wanted:
            continue
        price = min((price_of(t, card) for t in types), key=lambda p: p.minor, default=None)
        found.append(Entry(card, types, price, soonest.get(card.account_id), rated.get(card.account_id)))
    return found


def _open(card: InterviewerCard, wanted: Mapping[UUID, InterviewType]) -> bool:
    return card.accepting and card.account_id in wanted


def _sorted(entries: list[Entry], order: str) -> list[Entry]:
    keys: dict[str, Any] = {
        "price": lambda e: (e.price.minor if e.price else 10**12, e.card.name),
        "rating": lambda e: (-(e.rating[0] if e.rating else 0), -(e.rating[1] if e.rating else 0), e.card.name),
        "name": lambda e: e.card.name.casefold(),
    }
    return sorted(entries, key=keys.get(order, lambda e: (e.next_free or _FAR, e.card.name)))


async def show_directory(request: web.Request) -> web.StreamResponse:
    """Everybody who can be booked, the soonest free first; filters live in the address."""
    parsed = read_query(request, DirectoryQuery)
    query = parsed.value or DirectoryQuery()
    people = services.need(Interviewers)
    everyone = await people.listed()
    cards = await people.listed(query.q, query.skill, query.language) if _narrowed(query) else everyone
    entries = await entries_of(cards, query.type)
    limit = int(query.price) if query.price.isascii() and query.price.isdecimal() else 0
    if limit:
        entries = [e for e in entries if e.price is None or e.price.minor <= limit * 100]
    entries = _sorted(entries, query.sort)
    last = max(1, -(-len(entries) // _PAGE))
    number = min(max(query.page, 1), last)
    shown = entries[(number - 1) * _PAGE : number * _PAGE]
    filtered = bool(query.q or query.skill or query.language or query.type or limit)
    context = {
        "title": _("Find an interviewer"),
        "entries": shown,
        "total": len(entries),
        "filtered": filtered,
        "nobody": not everyone,
        "query": query,
        "view": view_of(request),
        "skills": _options(_("Every skill"), {s: s for c in everyone for s in c.skills}),
        "languages": _options(_("Every language"), _language_names({n for c in everyone for n in c.languages})),
        "types": [("", _("Every interview")), *((t.slug, t.title) for t in await queries.active_types("human"))],
        "prices": [("", _("Any price")), *((str(p), Money(p * 100, _currency(everyone))) for p in _PRICES)],
        "priced": any(e.price and e.price.minor for e in entries) or bool(limit),
        "sorts": [
            ("", _("Soonest free")), ("price", _("Lowest price")), ("rating", _("Best rated")), ("name", _("Name"))
        ],
        "prev": _page_link(query, number - 1) if number > 1 else None,
        "next": _page_link(query, number + 1) if number < last else None,
        "first_shown": (number - 1) * _PAGE + 1,
        "last_shown": (number - 1) * _PAGE + len(shown),
    }  # fmt: skip
    return await page(request, "scheduling/directory.html", context)


def _narrowed(query: DirectoryQuery) -> bool:
    return bool(query.q or query.skill or query.language)


def _currency(cards: Sequence[InterviewerCard]) -> str:
    return cards[0].currency if cards else "EUR"


def _options(all_words: str, found: Mapping[str, str]) -> list[tuple[str, str]]:
    return [("", all_words), *sorted(found.items(), key=lambda pair: pair[1].casefold())]


def _language_names(codes: set[str]) -> dict[str, str]:
    return {code: language_name(code) for code in codes}


def language_name(code: str) -> str:
    """`German` for `de`, in the reader's language; the code itself when nobody knows it."""
    from babel import Locale, UnknownLocaleError

    from kernel import current_locale

    try:
        name = Locale.parse(code.replace("-", "_")).get_language_name(current_locale())
    except (UnknownLocaleError, ValueError):
        name = None
    return (name[:1].upper() + name[1:]) if name else code


def _page_link(query: DirectoryQuery, number: int) -> str:
    values = {k: v for k, v in query.model_dump().items() if v and k != "page"}
    return url_with("scheduling.directory", {}, {**values, "page": number})


async def show_profile(request: web.Request) -> web.StreamResponse:
    """Who they are, what they offer, when they are free next."""
    card = await services.need(Interviewers).by_slug(request.match_info["slug"])
    if card is None:
        raise errors.NotFound(_("There is no interviewer under this address. They may have stopped, or moved."))
    types = (await queries.offered_types([card.account_id])).get(card.account_id, [])
    offers = []
    for kind in types:
        soonest = await free.next_free({card.account_id: kind}) if card.accepting else {}
        offers.append(
            {
                "kind": kind,
                "price": price_of(kind, card),
                "next": soonest.get(card.account_id),
                "rule": policies.short(await policy.current(kind.policy)),
            }
        )
    actor = current_actor()
    away = await days.colleague_for(card.account_id, now())
    context = {
        "title": card.name,
        "away": away[0] if away else None,
        "colleague": await services.need(Interviewers).card(away[1]) if away and away[1] else None,
        "card": card,
        "offers": offers,
        "rating": (await queries.ratings([card.account_id])).get(card.account_id),
        "held": await queries.sessions_held(card.account_id),
        "languages": [language_name(code) for code in card.languages],
        "mine": actor is not None and actor.id == card.account_id,
    }
    return await page(request, "scheduling/profile.html", context)
