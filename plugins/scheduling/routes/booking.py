"""Booking: choose a time, which is then held; fill in the form; pay, or be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from aiohttp import web

from kernel import (
    Stop,
    _,
    current_actor,
    current_locale,
    current_zone,
    errors,
    flash,
    get_or_404,
    is_on,
    now,
    page,
    read_form,
    read_query,
    see_other,
    services,
    setting,
    speaking,
    url,
    url_with,
    zones,
)
from plugins.users.api import InterviewerCard, Interviewers

from .. import availability, entitlements, intake, picker, policies, queries
from ..forms import ConfirmForm, HoldForm, PickerQuery
from ..lengths import as_booked, asked_for, lengths
from ..models import Booking, BookingChange, InterviewType
from ..pricing import price_of
from ..refusals import NotBookable, parse_start
from ..services import booking as booking_service
from ..services import cancelling, holding, policy, requests, series, waiting
from ..services.parties import Extras
from ..states import PASSING, Status
from ..viewing import View, view_of, zone_label, zone_options

Pair = tuple[InterviewerCard, InterviewType]


async def _pair(request: web.Request) -> Pair:
    found = await queries.bookable(request.match_info["interviewer"], request.match_info["type"])
    if found is None:
        raise errors.NotFound(_("This interview is not offered any more. Look for another interviewer."))
    return found


async def show_picker(request: web.Request) -> web.StreamResponse:
    """What it is, the month, the times of a day; public."""
    query = read_query(request, PickerQuery).value or PickerQuery()
    return await _draw(request, await _pair(request), view_of(request), query.model_dump())


async def _draw(
    request: web.Request,
    pair: Pair,
    view: View,
    query: Mapping[str, str],
    *,
    status: int = 200,
    refusal: errors.Problem | None = None,
) -> web.StreamResponse:
    card, usual = pair
    kind = asked_for(usual, query.get("length", "")) or usual
    length = str(kind.duration_minutes) if kind is not usual else ""
    where = {"interviewer": card.slug, "type": kind.slug}
    actor = current_actor()
    second = await _second(kind, card, query.get("second", ""))
    starts = await _starts(kind, [card, second] if second else [card], actor.id if actor else None)
    selected = _selected(query.get("start", ""), view.zone)

    def link(values: Mapping[str, str]) -> str:
        kept = {"length": length, "second": second.slug if second else ""}
        return view.link("scheduling.book", where, {**kept, **values})

    nearest = refusal.nearest if isinstance(refusal, NotBookable) else []
    context: dict[str, Any] = {
        "title": kind.title,
        "card": card,
        "kind": kind,
        "price": price_of(kind, card),
        "rule": policies.short(await policy.current(kind.policy)),
        "second": second,
        "seconds": [(c.slug, c.name) for c in await _seconds(kind, card)] if kind.panel > 1 else [],
        "waits": await _waits(kind, card),
        "rating": (await queries.ratings([card.account_id])).get(card.account_id),
        "zones": zone_options(view.zone),
        "view": view,
        "action": link({}),
        "back": url("scheduling.profile", slug=card.slug),
        "clock_links": {c: link({**_place(query), "clock": c}) for c in ("12", "24")},
        "lengths": [(str(n), n, link({**_place(query), "length": str(n)})) for n in lengths(usual)],
        "fields": {
            "tz": view.zone, "clock": view.asked.get("clock"), "second": query.get("second") or None,
            "length": length or None,
        },
        "tz_fields": {
            k: v
            for k, v in {"clock": view.asked.get("clock"), "second": query.get("second"), "length": length}.items()
            if v
        },
        "selected": picker.value_of(selected) if selected in starts else None,
        "refusal": refusal.detail if refusal else "",
        "refusal_title": refusal.title if refusal else "",
        "refusal_code": refusal.reason if isinstance(refusal, NotBookable) else "",
        "nearest": picker.nearest_slots(nearest, view.zone, view.hour12),
        "method": "post",
        "go": _("Continue"),
        "live": is_on("live"),
        "p": picker.build(
            starts, link, zone=view.zone, hour12=view.hour12, day=query.get("day", ""), month=query.get("month", ""),
            selected=selected,
        ),
    }  # fmt: skip
    with speaking(current_locale(), view.zone):
        return await page(request, "scheduling/book.html", context, status=status)


async def _starts(kind: InterviewType, hosts: list[InterviewerCard], candidate_id: UUID | None) -> list[datetime]:
    """When everybody of a panel is free."""
    found: list[datetime] | None = None
    for card in hosts:
        free = await availability.ask(availability.Question(kind, card.account_id, candidate_id))
        theirs = free.starts(free.at, free.at + timedelta(days=kind.window_days + 2)) if card.accepting else []
        both = set(theirs)
        found = theirs if found is None else [start for start in found if start in both]
    return found or []


async def _seconds(kind: InterviewType, first: InterviewerCard) -> list[InterviewerCard]:
    """Who can be the other interviewer of a panel."""
    ids = await queries.hosts_of(kind.id) - {first.account_id}
    cards = (await services.need(Interviewers).cards(ids)).values()
    return sorted((c for c in cards if c.published and c.accepting), key=lambda c: c.name)


async def _second(kind: InterviewType, first: InterviewerCard, slug: str) -> InterviewerCard | None:
    """The chosen other interviewer; None for a type without panel or an unknown one."""
    if kind.panel < 2 or not slug:
        return None
    return next((card for card in await _seconds(kind, first) if card.slug == slug), None)


async def _waits(kind: InterviewType, card: InterviewerCard) -> bool:
    """Whether the visitor is on the waiting list for this already."""
    actor = current_actor()
    rows = await waiting.mine(actor.id) if actor is not None else []
    return any(r.type_id == kind.id and r.interviewer_id in (None, card.account_id) for r in rows)


def _place(query: Mapping[str, str]) -> dict[str, str]:
    return {k: query.get(k, "") for k in ("day", "month")}


def _selected(text: str, zone: str) -> datetime | None:
    try:
        return parse_start(text, zone) if text else None
    except NotBookable:
        return None


async def hold_time(request: web.Request) -> web.StreamResponse:
    """Take the chosen time. Whoever is not signed in comes back to it after signing in."""
    pair = await _pair(request)
    parsed = await read_form(request, HoldForm)
    view = view_of(request, parsed.raw)
    typed = parsed.raw.get("start", "")
    actor = current_actor()
    try:
        if parsed.value is None:
            raise NotBookable("not_a_time")
        start = parse_start(parsed.value.start, view.zone)
        kind = asked_for(pair[1], parsed.value.length)
        if kind is None:
            raise NotBookable("not_offered")
        if actor is None:
            where = {"interviewer": pair[0].slug, "type": pair[1].slug}
            chosen = {
                "start": picker.value_of(start), "second": parsed.value.second, "length": parsed.value.length,
            }  # fmt: skip
            back = view.link("scheduling.book", where, chosen)
            return see_other(url_with("kernel.sign_in", {}, {"next": back}))
        second = await _second(kind, pair[0], parsed.value.second)
        wish = booking_service.Wish(kind, pair[0], actor.id, start, view.zone, second)
        booking = await booking_service.hold(wish)
    except (NotBookable, Stop) as exc:
        query = {"start": typed, **{name: parsed.raw.get(name, "") for name in ("second", "length")}}
        return await _draw(request, pair, view, query, status=exc.status, refusal=exc)
    if booking.status not in PASSING:
        flash(request, _("You have booked this time already."), "info")
        return see_other(url("scheduling.booking", id=booking.id))
    return see_other(url("scheduling.hold", id=booking.id))


# --- the form, while the time is held -----------------------------------------------------------------------------


async def _mine(request: web.Request) -> Booking:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return await get_or_404(Booking, request.match_info["id"], candidate_id=actor.id, kind="human")


async def show_hold(request: web.Request) -> web.StreamResponse:
    """The form with the countdown. A hold that ran out is told with 410; one that stands leads to its page."""
    booking = await _mine(request)
    waits = booking.status in (Status.REQUESTED, Status.PENDING) and not holding.overdue(booking, now())
    asked = booking.status == Status.REQUESTED or (booking.mode in ("request", "now") and waits)
    if asked or booking.status not in (*PASSING, Status.EXPIRED):
        return see_other(url("scheduling.booking", id=booking.id))
    raw = {"goal": str(booking.intake.get("goal", ""))}
    raw |= {intake.name_of(a["key"]): a["value"] for a in booking.intake.get("answers", ())}
    return await _form(request, booking, raw, {})


async def _form(
    request: web.Request,
    booking: Booking,
    raw: Mapping[str, Any],
    problems: Mapping[str, str],
    *,
    status: int | None = None,
    refusal: errors.Problem | None = None,
) -> web.StreamResponse:
    kind = await InterviewType.filter(id=booking.type_id).first()
    card = await services.need(Interviewers).card(booking.interviewer_id) if booking.interviewer_id else None
    lapsed = booking.status == Status.EXPIRED or holding.overdue(booking, now())
    if kind is None or (card is None and not lapsed):
        raise errors.Gone(_("This interviewer cannot be booked any more. Look for another one."))
    if card is None:
        raise errors.Gone(_("Nobody took the session in time, and nothing was charged. Choose a time instead."))
    context = await _form_context(booking, card, as_booked(kind, booking), refusal) | {
        "raw": raw,
        "errors": problems,
        "lapsed": lapsed,
    }
    context["reason"] = await _why_lapsed(booking) if lapsed else ""
    with speaking(current_locale(), booking.candidate_zone):
        return await page(request, "scheduling/hold.html", context, status=status or (410 if lapsed else 200))


async def _form_context(
    booking: Booking, card: InterviewerCard, kind: InterviewType, refusal: errors.Problem | None
) -> dict[str, Any]:
    nearest = refusal.nearest if isinstance(refusal, NotBookable) else []
    zone = booking.candidate_zone
    asks = kind.mode == "request" and booking.mode != "offer"
    fan = asks and kind.fan_out > 1 and booking.status == Status.HELD
    return {
        "title": _("Ask for this session") if asks else _("Confirm your session"),
        "booking": booking,
        "card": card,
        "second": await services.need(Interviewers).card(booking.second_id) if booking.second_id else None,
        "kind": kind,
        "asks": asks,
        "answer_by": min(now() + timedelta(hours=kind.answer_hours), booking.starts_at),
        "others": [(c, price_of(kind, c)) for c in await requests.others_free(booking, kind)] if fan else [],
        "weekly": booking.status == Status.HELD and not await series.why_not(booking, kind),
        "pays": booking.price_minor > 0 and services.get("payments.Checkout") is not None,
        "credits": await entitlements.credits(booking.candidate_id, kind.id) if booking.price_minor else [],
        "may_give": setting("scheduling.book_for_others"),
        "rule": [*policies.sentences(booking.policy), *policies.rules(booking.policy)],
        "accept": intake.ACCEPT,
        "questions": kind.questions,
        "has_files": any(q["type"] == "file" for q in kind.questions),
        "refusal": refusal.detail if refusal else "",
        "refusal_title": refusal.title if refusal else "",
        "refusal_code": refusal.reason if isinstance(refusal, NotBookable) else "",
        "nearest": picker.nearest_slots(nearest, zone, None),
        "zones": _both_zones(booking, card.zone),
        "again": url_with(
            "scheduling.book", {"interviewer": card.slug, "type": kind.slug},
            {"tz": zone if zone != current_zone() else None, "length": _length_of(kind, booking), "day": None},
        ),
    }  # fmt: skip


def _length_of(kind: InterviewType, booking: Booking) -> str | None:
    """The chosen length, for the way back to the picker."""
    return str(as_booked(kind, booking).duration_minutes) if kind.durations else None


def _both_zones(booking: Booking, other: str) -> list[tuple[str, str, bool]]:
    """(zone, label, theirs) for the candidate, and for the interviewer where clocks differ."""
    at = booking.starts_at
    found = [(booking.candidate_zone, zone_label(booking.candidate_zone, at), False)]
    if zones.wall(at, other).utcoffset() != zones.wall(at, booking.candidate_zone).utcoffset():
        found.append((other, zone_label(other, at), True))
    return found


async def _why_lapsed(booking: Booking) -> str:
    """Why a booking came to its end."""
    found = await BookingChange.filter(booking_id=booking.id).order_by("-at", "-id").first()
    last = found.reason if found is not None else ""
    if last == "payment":
        return _("The payment did not go through, so the time is free again. Nothing was charged.")
    if last == "released":
        return _("You let go of this time.")
    if last == "replaced":
        return _("You chose another time with this interviewer instead.")
    if found is not None and found.before == Status.REQUESTED:
        return _(
            "Nobody answered your request in time. Nothing was charged. You can ask again, or choose another time."
        )
    return _("The time was held for you for a while and is free again now. If nobody took it, you can still book it.")


async def confirm(request: web.Request) -> web.StreamResponse:
    """The form is sent: on to the payment, or to the session's page."""
    booking = await _mine(request)
    parsed = await read_form(request, ConfirmForm)
    raw: dict[str, Any] = {**parsed.raw, **{k: v for k, v in parsed.raw_lists.items() if k.startswith("q_")}}
    if parsed.value is None:
        return await _form(request, booking, raw, parsed.errors, status=422)
    form, kind = parsed.value, await InterviewType.get(id=booking.type_id)
    answers = intake.check(kind.questions, parsed.raw_lists, parsed.files, booking.intake)
    if answers.problems and booking.status in (Status.HELD, Status.EXPIRED):
        return await _form(request, booking, raw, answers.problems, status=422)
    said: dict[str, Any] = {"goal": form.goal}
    try:
        start = parse_start(form.start, booking.candidate_zone) if form.start else None
        if stored := await intake.store(answers, booking.candidate_id):
            said["answers"] = stored
        done, where = await booking_service.confirm(booking, kind, said, start=start, extras=_extras(form))
    except (NotBookable, Stop, errors.Invalid) as exc:
        await intake.forget({"answers": [a for a in answers.found if a["key"] in answers.uploads]})
        booking = await _mine(request)
        found = exc.errors if isinstance(exc, errors.Invalid) else {}
        shown = None if isinstance(exc, errors.Invalid) else exc
        return await _form(request, booking, raw, found, status=exc.status, refusal=shown)
    if done.status == Status.ACCEPTED:
        flash(request, _("Session booked"))
    elif done.status == Status.REQUESTED:
        flash(request, _("Request sent"))
    return see_other(where)


def _extras(form: ConfirmForm) -> Extras:
    return Extras(
        for_email=form.for_email, alias=form.alias, guests=form.guests, observers=form.observers,
        also=tuple(form.also), use_entitlement=form.use_entitlement,
    )  # fmt: skip


async def release(request: web.Request) -> web.StreamResponse:
    """Let go of a held time, or take a request back."""
    booking = await _mine(request)
    asked = booking.status == Status.REQUESTED
    if booking.status in PASSING:
        await cancelling.release(booking.id)
        flash(request, _("Your request is withdrawn") if asked else _("The time is free again"), "info")
    card = await services.need(Interviewers).card(booking.interviewer_id) if booking.interviewer_id else None
    kind = await InterviewType.filter(id=booking.type_id).first()
    if card is None or kind is None:
        return see_other(url("scheduling.directory"))
    where = {"interviewer": card.slug, "type": kind.slug}
    return see_other(url_with("scheduling.book", where, {"length": _length_of(kind, booking)}))
