"""Pages behind links of mails: they show what would happen; only their forms do it. Nothing here needs signing in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kernel import (
    Stop,
    _,
    current_actor,
    current_locale,
    errors,
    flash,
    now,
    page,
    read_form,
    read_query,
    see_other,
    speaking,
    url,
    url_with,
)

from .. import queries
from ..api import BookingInfo
from ..forms import LinkForm, PickerQuery, ProposalAnswerForm
from ..refusals import NotBookable, parse_start
from ..services import cancelling, links, moving, parties, proposals
from ..services.cancelling import REASONS, OutcomeChanged
from ..services.links import Door
from ..services.paying import PaysFirst
from ..viewing import view_of, zone_label
from .changing import cancel_context, draw_move
from .proposing import carry_out
from .sessions import proposal_view


async def _open(request: web.Request) -> tuple[Door, BookingInfo]:
    door = await links.opened(request.match_info["token"])
    info = await queries.BOOKINGS.get(door.booking.id)
    if info is None:
        raise errors.NotFound()
    return door, info


async def show_link(request: web.Request) -> web.StreamResponse:
    """The session, and what its holder may do. Opening it, also by a mail scanner, changes nothing."""
    door, info = await _open(request)
    return await _draw(request, door, info, {}, {})


async def _draw(
    request: web.Request,
    door: Door,
    info: BookingInfo,
    raw: Mapping[str, str],
    problems: Mapping[str, str],
    *,
    status: int = 200,
    notice: str = "",
    refused: str = "",
) -> web.StreamResponse:
    row = door.booking
    found = await proposals.open_proposal(row.id)
    context = cancel_context(row, info, door.role, raw) | {
        "title": info.type_title,
        "door": door,
        "zones": [(row.candidate_zone, zone_label(row.candidate_zone, row.starts_at))],
        "action": url("scheduling.link_post", token=door.token),
        "by_link": True,
        "keep": url("scheduling.link", token=door.token),
        "may_cancel": not cancelling.why_not_cancelled(row, door.role, now()),
        "may_move": door.role == "candidate" and not moving.why_not_moved(row, now()),
        "proposal": await proposal_view(row, found, door.role) if found and door.role == "candidate" else None,
        "errors": problems,
        "notice": notice,
        "refused": refused,
    }
    with speaking(current_locale(), row.candidate_zone):
        return await page(request, "scheduling/link.html", context, status=status)


async def show_move(request: web.Request) -> web.StreamResponse:
    """Choose another time, without signing in."""
    door, info = await _open(request)
    if door.role != "candidate" or (problem := moving.why_not_moved(door.booking, now())):
        raise errors.Conflict(problem if door.role == "candidate" else "")
    query = read_query(request, PickerQuery).value or PickerQuery()
    return await draw_move(request, door.booking, info, query.model_dump(), token=door.token)


async def act(request: web.Request) -> web.StreamResponse:
    """Do what a form of these pages says."""
    door, info = await _open(request)
    parsed = await read_form(request, LinkForm)
    form = parsed.value
    if form is None:
        return await _draw(request, door, info, parsed.raw, parsed.errors, status=422)
    if form.act == "cancel":
        return await _cancel(request, door, info, form, parsed.raw)
    if door.role != "candidate":
        raise errors.NotFound()
    if form.act == "move":
        return await _move(request, door, info, form, parsed.raw)
    if form.proposal is None:
        raise errors.NotFound()
    said = ProposalAnswerForm(proposal=form.proposal, act=form.act, start=form.start)
    try:
        words = await carry_out(door.booking, said, door.account_id)
    except (NotBookable, Stop) as exc:  # the other times, and keeping the session, are still to be had
        return await _draw(request, door, info, {}, {}, status=exc.status, refused=exc.detail)
    return await _done(request, words, door)


async def _cancel(
    request: web.Request, door: Door, info: BookingInfo, form: LinkForm, raw: Mapping[str, str]
) -> web.StreamResponse:
    if not form.reason and form.code not in REASONS:
        return await _draw(request, door, info, raw, {"code": _("Choose a reason")}, status=422)
    try:
        await cancelling.cancel(
            door.booking.id, door.role, form.reason, code=form.code, seen=form.seen, actor_id=door.account_id
        )
    except OutcomeChanged as exc:
        return await _draw(request, door, info, raw, {}, status=409, notice=exc.detail)
    return await _done(request, _("Session cancelled"), door)


async def _move(
    request: web.Request, door: Door, info: BookingInfo, form: LinkForm, raw: Mapping[str, str]
) -> web.StreamResponse:
    row = door.booking
    try:
        start = parse_start(form.start, view_of(request, raw).zone)
        await moving.reschedule(row.id, row.candidate_id, start, seen=form.seen, actor_id=door.account_id)
    except PaysFirst as exc:
        return see_other(exc.url)
    except (NotBookable, Stop, errors.Invalid) as exc:
        query = {"tz": form.tz, "clock": form.clock}
        return await draw_move(request, row, info, query, status=exc.status, refusal=exc, token=door.token)
    return await _done(request, _("Session moved. Both of you get a new calendar file."), door)


async def _done(request: web.Request, said: str, door: Door) -> web.StreamResponse:
    """The link is used up by what it did: say so here, since it leads nowhere any more."""
    info = await queries.BOOKINGS.get(door.booking.id)
    row = await type(door.booking).get(id=door.booking.id)
    context: dict[str, Any] = {
        "title": said, "said": said, "info": info, "booking": row,
        "zones": [(row.candidate_zone, zone_label(row.candidate_zone, row.starts_at))],
    }  # fmt: skip
    return await page(request, "scheduling/link_done.html", context)


# --- a session that somebody else booked --------------------------------------------------------------------------


async def show_claim(request: web.Request) -> web.StreamResponse:
    """What somebody booked for the reader, and the way to take it over."""
    token = request.match_info["token"]
    row = await parties.claimed_booking(token) if 20 <= len(token) <= 80 else None
    info = await queries.BOOKINGS.get(row.id) if row is not None else None
    if row is None or info is None:
        raise errors.Gone(_("This link was used already or does not work any more."))
    names = await parties.known_as(row)
    here = url("scheduling.claim", token=token)
    context = {
        "title": _("A session for you"),
        "info": info,
        "booking": row,
        "by": names.get(row.booked_by, "") if row.booked_by else "",
        "signed_in": current_actor() is not None,
        "sign_in": url_with("kernel.sign_in", {}, {"next": here}),
        "action": here,
        "zones": [(row.candidate_zone, zone_label(row.candidate_zone, row.starts_at))],
    }
    return await page(request, "scheduling/claim.html", context)


async def claim(request: web.Request) -> web.StreamResponse:
    """Take the session over."""
    actor = current_actor()
    here = url("scheduling.claim", token=request.match_info["token"])
    if actor is None:
        return see_other(url_with("kernel.sign_in", {}, {"next": here}))
    try:
        row = await parties.claim(request.match_info["token"], actor.id)
    except NotBookable as exc:
        flash(request, exc.detail, "warn")
        return see_other(here)
    flash(request, _("The session is yours"))
    return see_other(url("scheduling.booking", id=row.id))
