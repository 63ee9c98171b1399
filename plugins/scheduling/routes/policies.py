"""Policies of the tenant: their terms, their versions, and what they would do in a case one makes up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from kernel import (
    Money,
    _,
    accounts,
    current_snapshot,
    current_zone,
    errors,
    flash,
    get_or_404,
    now,
    page,
    read_form,
    read_query,
    see_other,
    url,
    zones,
)

from .. import policies
from ..forms import PolicyForm, ReasonForm, SimulateQuery, minor_of, terms_from, typed_tiers
from ..models import Strike
from ..policies import Case, Terms
from ..services import policy as service
from ..services import strikes
from .changing import strike_words
from .waiting import cause_words

_NUMBERS = (
    "cancel_hours", "move_hours", "moves", "furthest_days", "strike_hours", "interviewer_strike_hours",
    "interviewer_move_hours", "late_minutes", "absent_percent", "both_absent_percent", "candidate_no_show_strikes",
    "interviewer_no_show_strikes",
)  # fmt: skip
_SWITCHES = ("past_moves", "move_charges", "move_refunds")
_ROWS = 4


async def show_policies(request: web.Request) -> web.StreamResponse:
    """All policies, each in words."""
    used = await service.used_by()
    context = {
        "title": _("Cancellation policies"),
        "entries": [
            {"version": v, "said": policies.sentences(v.snapshot), "used": used.get(key, 0)}
            for key, v in (await service.policies()).items()
        ],
    }
    return await page(request, "scheduling/policies.html", context)


async def show_policy(request: web.Request) -> web.StreamResponse:
    """The editor, the versions, and the simulator."""
    return await _draw(request, {}, {}, {})


async def _draw(
    request: web.Request,
    raw: Mapping[str, str],
    lists: Mapping[str, list[str]],
    problems: Mapping[str, str],
    status: int = 200,
) -> web.StreamResponse:
    versions = await service.versions(request.match_info["key"])
    current = versions[0]
    values: dict[str, Any] = {name: getattr(current.terms, name) for name in _NUMBERS}
    values |= {"title": current.title, **{name: getattr(current.terms, name) for name in _SWITCHES}}
    tiers = [(str(hours), str(percent)) for hours, percent in current.terms.tiers]
    if raw:
        values |= {**raw, **{name: name in raw for name in _SWITCHES}}
        tiers = list(zip(lists.get("tier_hours", []), lists.get("tier_percent", []), strict=False))
    context = {
        "title": current.title,
        "current": current,
        "versions": versions,
        "said": {v.number: policies.sentences(v.snapshot) for v in versions},
        "values": values,
        "tiers": [*tiers, *[("", "")] * max(1, _ROWS - len(tiers))],
        "errors": problems,
        "sim": simulate(request, current.terms),
    }
    return await page(request, "scheduling/policy.html", context, status=status)


def simulate(request: web.Request, terms: Terms) -> dict[str, Any]:
    """A made-up session and moment through the very function that acts, for each party."""
    query = read_query(request, SimulateQuery).value or SimulateQuery()
    currency, zone = current_snapshot().currency, current_zone()
    at = _wall(query.at, zone) or now().replace(second=0, microsecond=0)
    start = _wall(query.start, zone) or at.replace(minute=0) + timedelta(days=1, hours=4)
    price = minor_of(query.price, currency) if query.price else None
    price = price if price is not None and price <= 100_000_000 else 10_000
    rows = []
    for act, by, title in (
        ("cancel", "candidate", _("The candidate cancels")),
        ("move", "candidate", _("The candidate moves it")),
        ("cancel", "interviewer", _("The interviewer cancels")),
        ("move", "interviewer", _("The interviewer proposes other times")),
        ("no_show", "candidate", _("The candidate does not come")),
        ("no_show", "interviewer", _("The interviewer does not come")),
        ("no_show", "both", _("Nobody comes")),
    ):
        result = policies.weigh(terms.data(), Case(act, by, price, start, at))
        rows.append(
            {
                "title": title, "move": act == "move", "refused": policies.why(result, terms.data()),
                "back": Money(result.refund_minor, currency), "kept": Money(result.kept_minor, currency),
                "percent": result.percent, "left": result.moves_left, "until": result.until,
                "strikes": [strike_words(m.role, "", m.points) for m in result.marks],
            }
        )  # fmt: skip
    return {
        "rows": rows, "currency": currency, "price": query.price or f"{price / 100:.0f}",
        "start": f"{zones.wall(start, zone):%Y-%m-%dT%H:%M}", "at": f"{zones.wall(at, zone):%Y-%m-%dT%H:%M}",
    }  # fmt: skip


def _wall(text: str, zone: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if found is None or found.tzinfo is not None or not 1972 <= found.year <= 9000:
        return None
    instants = zones.instants(found.date(), found.time(), zone)
    return instants[0] if instants else None


async def save_policy(request: web.Request) -> web.StreamResponse:
    """Make a new version; bookings keep theirs."""
    parsed = await read_form(request, PolicyForm)
    if parsed.value is None:
        return await _draw(request, parsed.raw, parsed.raw_lists, parsed.errors, 422)
    terms, problems = terms_from(parsed.value, typed_tiers(parsed.raw_lists))
    if terms is None:
        return await _draw(request, parsed.raw, parsed.raw_lists, problems, 422)
    key = request.match_info["key"]
    try:
        done = await service.save(key, parsed.value.base, parsed.value.title, terms)
    except errors.Conflict as exc:
        return await _draw(request, parsed.raw, parsed.raw_lists, {"": exc.detail}, 409)
    flash(request, _("Saved as version {n}. Bookings made before keep their terms.").format(n=done.number))
    return see_other(url("scheduling.policy", key=key))


# --- strikes ------------------------------------------------------------------------------------------------------


async def show_strikes(request: web.Request) -> web.StreamResponse:
    """Everybody's strikes that count."""
    rows = await Strike.filter(expires_at__gt=now()).order_by("-at").limit(200).prefetch_related("booking")
    names = await accounts.accounts_by_ids({row.account_id for row in rows})
    context = {
        "title": _("Strikes"),
        "entries": [(row, names.get(row.account_id)) for row in rows],
        "cause": cause_words,
    }
    return await page(request, "scheduling/strikes.html", context)


async def waive(request: web.Request) -> web.StreamResponse:
    """Take a strike back, with a reason that the person reads."""
    row = await get_or_404(Strike, request.match_info["id"])
    parsed = await read_form(request, ReasonForm)
    if parsed.value is None:
        flash(request, next(iter(parsed.errors.values())), "warn")
        return see_other(url("scheduling.strikes"))
    await strikes.waive(row.id, parsed.value.reason)
    flash(request, _("Strike taken back"))
    return see_other(url("scheduling.strikes"))
