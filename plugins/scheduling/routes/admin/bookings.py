"""All bookings of the tenant: search, filter, sort, go on, keep as a view, take away as CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from aiohttp import web

from kernel import (
    _,
    accounts,
    audit,
    csv_answer,
    currency_digits,
    current_zone,
    errors,
    format_number,
    ngettext,
    now,
    page,
    read_listing,
    saved_views,
    services,
    url_with,
    zones,
)
from plugins.users.api import Interviewers

from ... import bookings_list, policies, queries
from ...bookings_list import COUNTED, Found, reference
from ...forms_admin import BookingsAsked, ExportAsked
from ...states import OUTCOMES, WORDS
from ...viewing import zone_label
from ..sessions import badge_of, pictures_of

#: Interviewers among whom the filter lets one choose; more are found by their name.
_CHOICES = 200


def asked_of(request: web.Request, model: type[BookingsAsked] = BookingsAsked) -> tuple[BookingsAsked, dict[str, str]]:
    """The question in the address, without what is wrong in it, and what that was: a typo still shows a list."""
    try:
        return read_listing(request, model), {}
    except errors.Invalid as exc:
        kept = {k: v for k, v in request.query.items() if k not in exc.errors and k != "cursor"}
        return read_listing(request.clone(rel_url=request.rel_url.with_query(kept)), model), dict(exc.errors)


async def show_bookings(request: web.Request) -> web.StreamResponse:
    """The list."""
    asked, problems = asked_of(request)
    zone = current_zone()
    found = await bookings_list.find(asked, zone)
    counts = await bookings_list.state_counts(asked, zone)
    context = {
        "title": _("Bookings"),
        "found": found,
        "asked": asked,
        "problems": problems,
        "views": await saved_views(request),
        "counted": _total(found),
        "zone": zone_label(zone, now()),
        "reference": reference,
        "pictures": await pictures_of([i.candidate_id for i in found.items]),
        "badge": badge_of,
        "tabs": [("", _("All"), link(asked, status=None), counts.get("", 0))]
        + [(k, _(w), link(asked, status=k), counts[k]) for k, (w, _tone) in WORDS.items() if counts.get(k)],
        "heads": {key: _head(asked, key) for key in ("when", "booked", "price")},
        "chips": _chips(asked, await accounts.accounts_by_ids([i for i in (asked.candidate, asked.interviewer) if i])),
        "types": [("", _("All"))] + [(t.slug, t.title) for t in await queries.every_type()],
        "interviewers": await _interviewers(asked.interviewer),
        "outcomes": [("", _("All"))] + [(str(key), _(word)) for key, (word, _tone) in OUTCOMES.items()],
        "link": lambda **changed: link(asked, **changed),
        "prev": link(asked, cursor=asked.continue_after(found.before)) if found.before else None,
        "next": link(asked, cursor=asked.continue_after(found.after)) if found.after else None,
        "csv": link(asked, to="scheduling.admin_bookings_csv"),
        "query": _plain(asked),
        "at": now(),
    }
    return await page(request, "scheduling/admin_bookings.html", context)


def _total(found: Found) -> str:
    if found.total > COUNTED:
        return _("More than {n} bookings").format(n=format_number(COUNTED))
    return ngettext("%(n)s booking", "%(n)s bookings", found.total) % {"n": format_number(found.total)}


def _chips(asked: BookingsAsked, cards: dict[UUID, Any]) -> list[tuple[str, str, str]]:
    """The people the list is narrowed to: what, whom, and where the list without that is."""
    chosen = [
        (_("Candidate"), asked.candidate, link(asked, candidate=None)),
        (_("Interviewer"), asked.interviewer, link(asked, interviewer=None)),
    ]
    return [(what, _name(cards, account_id), without) for what, account_id, without in chosen if account_id]


def _name(cards: dict[UUID, Any], account_id: UUID | None) -> str:
    card = cards.get(account_id) if account_id else None
    return card.name if card is not None and card.name else _("a former member")


async def _interviewers(chosen: UUID | None) -> list[tuple[str, str]]:
    """Choices of the filter; none when there are too many to choose from."""
    ids = await queries.all_hosts(_CHOICES + 1)
    if len(ids) > _CHOICES:
        return []
    cards = await services.need(Interviewers).cards({*ids, *([chosen] if chosen else [])})
    found = sorted(((str(c.account_id), c.name) for c in cards.values()), key=lambda c: c[1])
    return [("", _("All")), *found]


def _head(asked: BookingsAsked, key: str) -> tuple[str, str | None]:
    """Where the head of a column leads, and how it is sorted now."""
    now_sorted = asked.sort == key
    return link(asked, sort=key, asc=now_sorted and not asked.asc), (
        ("asc" if asked.asc else "desc") if now_sorted else None
    )


def _plain(asked: BookingsAsked, **changed: Any) -> dict[str, str]:
    values = {**asked.model_dump(mode="json", exclude_defaults=True, exclude={"cursor"}), **changed}
    if values.get("sort") == "when":
        values.pop("sort")
    if "asc" in values:
        values["asc"] = "1" if values["asc"] else ""
    return {k: str(v) for k, v in values.items() if v not in ("", None)}


def link(asked: BookingsAsked, *, to: str = "scheduling.admin_bookings", **changed: Any) -> str:
    """The same list, seen otherwise."""
    return url_with(to, {}, _plain(asked, **changed))


# --- as a file ------------------------------------------------------------------------------------------------


async def as_csv(request: web.Request) -> web.StreamResponse:
    """What the filters find, all of it, in the list's order; written down in the audit log."""
    asked, problems = asked_of(request, ExportAsked)
    if problems:
        raise errors.Invalid(problems)
    zone = current_zone()
    await audit.record(
        "scheduling.bookings_exported", subject="list", subject_id="bookings",
        after={"filters": _plain(asked), "zone": zone},
    )  # fmt: skip
    head = (
        _("Reference"), _("Id"), _("State"), _("Outcome"), _("Kind"), _("Interview"), _("Level"), _("Candidate"),
        _("Candidate’s email"), _("Interviewer"), _("Interviewer’s email"), _("Starts"), _("Ends"), _("Time zone"),
        _("Starts (UTC)"), _("Booked (UTC)"), _("Minutes"), _("Price"), _("Refund"), _("Currency"),
        _("Refund in percent"), _("Policy"), _("Policy’s version"), _("Moved"), _("Cancelled by"), _("Reason"),
    )  # fmt: skip
    bom = not isinstance(asked, ExportAsked) or asked.bom == "1"
    return await csv_answer(request, f"bookings-{now():%Y-%m-%d}.csv", head, _lines(asked, zone), bom=bom)


async def _lines(asked: BookingsAsked, zone: str) -> AsyncIterator[Sequence[object]]:
    async for row, cards in bookings_list.export(asked, zone):
        yield _line(row, cards, zone)


def _line(row: Any, cards: dict[UUID, Any], zone: str) -> Sequence[object]:
    candidate, interviewer = cards.get(row.candidate_id), cards.get(row.interviewer_id)
    refund = "" if row.refund_percent is None else _amount(policies.refund_of(row), row.currency)
    # Who practises under an alias is known by it everywhere.
    known = ("", "") if candidate is None else (candidate.name, candidate.email)
    name, email = (row.alias, "") if row.alias else known
    return (
        reference(row.id), row.id, row.status, row.outcome, row.kind, row.title, row.level, name, email,
        interviewer.name if interviewer else "", interviewer.email if interviewer else "",
        _wall(row.starts_at, zone), _wall(row.ends_at, zone), zone, f"{row.starts_at:%Y-%m-%d %H:%M}",
        f"{row.created_at:%Y-%m-%d %H:%M}", round((row.ends_at - row.starts_at).total_seconds() / 60),
        _amount(row.price_minor, row.currency), refund, row.currency, row.refund_percent, row.policy,
        row.policy_version, row.moves, row.cancelled_by, row.cancel_reason,
    )  # fmt: skip


def _wall(when: datetime, zone: str) -> str:
    return f"{zones.wall(when, zone):%Y-%m-%d %H:%M}"


def _amount(minor: int, currency: str) -> Decimal:
    """Whole units with the currency's decimals, a plain point: what every spreadsheet reads."""
    return Decimal(minor).scaleb(-currency_digits(currency))
