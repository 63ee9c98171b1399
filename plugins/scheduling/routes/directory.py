"""The list of interviewers and the public page of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web

from kernel import Money, _, current_actor, errors, ngettext, now, page, read_query, services, url_with
from plugins.users.api import InterviewerCard, Interviewers

from .. import finding, free, policies, queries
from ..forms import DirectoryQuery
from ..pricing import price_of
from ..services import days, policy
from ..texts import LEVELS, ROLES
from ..viewing import view_of, zone_options

_PRICES = (50, 75, 100, 150)


async def entries_of(cards: Sequence[InterviewerCard], type_slug: str = "") -> list[finding.Entry]:
    """Published people with what scheduling knows of them, for widgets: the soonest free first."""
    ids = {card.account_id for card in cards}
    found = await finding.find(finding.Wanted(type=type_slug))
    return [entry for entry in found.entries if entry.card.account_id in ids]


async def show_directory(request: web.Request) -> web.StreamResponse:
    """Everybody who can be booked; filters live in the address."""
    query = read_query(request, DirectoryQuery).value or DirectoryQuery()
    view = view_of(request)
    wanted = finding.wanted_of(query, view.zone)
    found = await finding.find(wanted)
    shown = finding.paged(found.entries, query.after, query.before)
    types = await queries.active_types("human")
    filters = {k: v for k, v in query.model_dump().items() if v and k not in ("after", "before", "sort", "tz")}
    counted = found.facets
    context = {
        "title": _("Find an interviewer"),
        "entries": shown.entries,
        "total": len(found.entries),
        "filtered": bool(filters),
        "nobody": not found.everyone,
        "query": query,
        "view": view,
        "zones": zone_options(view.zone),
        "tz_fields": {k: v for k, v in filters.items() if k != "tz"},
        "roles": _choices(_("Every role"), {k: _(label) for k, (label, _t) in ROLES.items()}, counted["role"]),
        "levels": _choices(
            _("Every level"), {k: _(v) for k, v in LEVELS if k != "any" and counted["level"][k]}, counted["level"]
        ),
        "skills": _choices(_("Every skill"), {s: s for s in counted["skill"]}, counted["skill"]),
        "companies": _choices(_("Every company"), {s: s for s in counted["company"]}, counted["company"]),
        "languages": _choices(
            _("Every language"), {n: language_name(n) for n in counted["language"]}, counted["language"]
        ),
        "types": _choices(_("Every interview"), {t.slug: t.title for t in types}, counted["type"], ordered=True),
        "ratings": [("", _("Any rating")), ("4", _("4 stars or more")), ("4.5", _("4.5 stars or more"))],
        "days": [("", _("Any day")), *zip(finding.DAYS, _day_words(), strict=True)],
        "parts": [("", _("Any time")), *zip(finding.PARTS, _part_words(), strict=True)],
        "prices": [("", _("Any price")), *((str(p), Money(p * 100, _currency(found.everyone))) for p in _PRICES)],
        "priced": any(e.price and e.price.minor for e in found.entries) or bool(wanted.price),
        "sorts": [
            ("", _("Soonest free")), ("match", _("Best match")), ("price", _("Lowest price")),
            ("rating", _("Best rated")), ("name", _("Name")),
        ],
        "hint": _hint(query, found.weeks),
        "any_type": next((t for t in types if t.slug == query.type), None),
        "prev": _link(query, before=shown.before) if shown.before else None,
        "next": _link(query, after=shown.after) if shown.after else None,
        "first_shown": shown.first,
        "last_shown": shown.first + len(shown.entries) - 1,
    }  # fmt: skip
    return await page(request, "scheduling/directory.html", context)


def _day_words() -> tuple[str, ...]:
    return _("Today"), _("Tomorrow"), _("This week"), _("Next week"), _("This weekend")


def _part_words() -> tuple[str, ...]:
    return _("Morning"), _("Afternoon"), _("Evening"), _("Night")


def _hint(query: DirectoryQuery, weeks: Sequence[int]) -> tuple[str, str] | None:
    """Where to look when nobody is free then: words and an address."""
    for number, count in enumerate(weeks):
        if count and number == 1 and query.day != "next":
            words = ngettext(
                "Nobody is free then. Next week %(num)s interviewer is.",
                "Nobody is free then. Next week %(num)s interviewers are.",
                count,
            )
            return words % {"num": count}, _link(query, day="next")
        if count:
            words = ngettext(
                "Nobody is free then. On another day %(num)s interviewer is.",
                "Nobody is free then. On other days %(num)s interviewers are.",
                count,
            )
            return words % {"num": count}, _link(query, day="")
    return None


def _currency(cards: Sequence[InterviewerCard]) -> str:
    return cards[0].currency if cards else "EUR"


def _choices(
    all_words: str, found: Mapping[str, str], counts: Mapping[str, int], *, ordered: bool = False
) -> list[tuple[str, str]]:
    """Options of a filter, each with how many it would leave."""
    pairs = found.items() if ordered else sorted(found.items(), key=lambda pair: pair[1].casefold())
    return [("", all_words), *((value, f"{label} ({counts.get(value, 0)})") for value, label in pairs)]


def language_name(code: str) -> str:
    """`German` for `de`, in the reader's language; the code itself when nobody knows it."""
    from babel import Locale, UnknownLocaleError

    from kernel import current_locale

    try:
        name = Locale.parse(code.replace("-", "_")).get_language_name(current_locale())
    except (UnknownLocaleError, ValueError):
        name = None
    return (name[:1].upper() + name[1:]) if name else code


def _link(query: DirectoryQuery, **changes: str | None) -> str:
    """The same search elsewhere in its list, or with another filter."""
    values = {**query.model_dump(), "after": "", "before": "", **changes}
    return url_with("scheduling.directory", {}, {k: v for k, v in values.items() if v})


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
