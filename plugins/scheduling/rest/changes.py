"""Changing bookings as JSON: look first (`seen`), then act; proposals; administrators past the rules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import _, current_zone, errors, get_or_404, json_answer, now, read_json

from ..models import Booking, Proposal
from ..permissions import MANAGE
from ..refusals import parse_start
from ..services import cancelling, moving, proposals
from ..services.cancelling import REASONS, Outlook
from ..states import PASSING
from .common import BookingOut, In, answer, api, me, mine, party

_Reason = Annotated[str, Field(max_length=500)]


class OutlookOut(BaseModel):
    """What acting now would lead to. Send `seen` back with the act: when the result is another by then, nothing is
    done and the new one is told (409, code outcome_changed). `refused`: why it may not be done, for people."""

    refused: str
    refund_percent: int
    refund_minor: int
    kept_minor: int
    charge_minor: int
    currency: str
    strikes: dict[str, int]
    moves_left: int | None
    until: datetime | None
    seen: str


class CancelRequest(In):
    """`code` is time, ill, prepared, job, technical or other; either it or a `reason` is needed, the others read it."""

    reason: _Reason = ""
    code: Annotated[str, Field(max_length=12)] = ""
    seen: Annotated[str, Field(max_length=40)] = ""


class AdminCancelRequest(In):
    """Both people read the reason. `percent`: another refund than the policy's."""

    reason: _Reason
    seen: Annotated[str, Field(max_length=40)] = ""
    percent: Annotated[int | None, Field(ge=0, le=100)] = None


class MoveRequest(In):
    start: Annotated[str, Field(max_length=40)]
    seen: Annotated[str, Field(max_length=40)] = ""
    reason: _Reason = ""


class ProposeRequest(In):
    """Other times, or a colleague (`substitute`, an account)."""

    starts: Annotated[list[str], Field(max_length=3)] = []
    substitute: UUID | None = None
    note: _Reason = ""


class ProposalOut(BaseModel):
    id: UUID
    kind: str
    times: list[str]
    substitute_id: UUID | None
    note: str
    state: str
    expires_at: datetime


class ProposalAnswer(In):
    act: Literal["accept", "decline", "refund"]
    start: Annotated[str, Field(max_length=40)] = ""


class ReassignRequest(In):
    interviewer_id: UUID
    reason: _Reason


class ExtendRequest(In):
    minutes: Annotated[int, Field(ge=1, le=240)]
    reason: _Reason


def _outlook(row: Booking, found: Outlook, refused: str) -> OutlookOut:
    result = found.result
    return OutlookOut(
        refused=refused, refund_percent=result.percent, refund_minor=result.refund_minor,
        kept_minor=result.kept_minor, charge_minor=result.charge_minor, currency=row.currency,
        strikes={role: result.points(role) for role in ("candidate", "interviewer")},
        moves_left=result.moves_left, until=result.until, seen=found.seal,
    )  # fmt: skip


async def see_cancel(request: web.Request) -> web.StreamResponse:
    """What cancelling now would mean for the caller."""
    row, role = await party(request)
    refused = cancelling.why_not_cancelled(row, role, now())
    return json_answer(_outlook(row, cancelling.outlook(row, role, now()), refused))


async def cancel(request: web.Request) -> web.StreamResponse:
    """Call a session off, as `GET .../cancel` showed it. Again: nothing."""
    row, role = await party(request)
    sent = await read_json(request, CancelRequest)
    if row.status not in PASSING and not sent.reason and sent.code not in REASONS:
        raise errors.Invalid({"code": _("Choose a reason")})
    return await answer(await cancelling.cancel(row.id, role, sent.reason, code=sent.code, seen=sent.seen))


async def see_move(request: web.Request) -> web.StreamResponse:
    """Whether the caller may move it, how often still, until when, and what the new time does to the price."""
    row, role = await party(request)
    found = moving.outlook(row, role, now(), price=await moving.price_now(row))
    return json_answer(_outlook(row, found, moving.why_not_moved(row, now(), role)))


async def release(request: web.Request) -> web.StreamResponse:
    """Let go of a held time, or take a request back. Again, or once it stands: nothing."""
    row = await mine(request)
    return await answer(await cancelling.release(row.id))


async def move(request: web.Request) -> web.StreamResponse:
    """Move a session to another time, as `GET .../reschedule` allows it. When that costs more, it is not done before
    the difference is paid (409, code pays_first): `pay` says where."""
    row = await mine(request)
    sent = await read_json(request, MoveRequest)
    start = parse_start(sent.start, row.candidate_zone)
    return await answer(await moving.reschedule(row.id, row.candidate_id, start, seen=sent.seen))


async def propose(request: web.Request) -> web.StreamResponse:
    """The interviewer proposes other times or a colleague."""
    row, role = await party(request)
    if role != "interviewer":
        raise errors.NotFound()
    sent = await read_json(request, ProposeRequest)
    if sent.substitute is not None:
        found = await proposals.propose_substitute(row.id, sent.substitute, sent.note, me(), role)
    else:
        starts = [parse_start(text, current_zone()) for text in sent.starts]
        found = await proposals.propose_times(row.id, starts, sent.note, me(), role)
    return json_answer(_proposal(found), 201)


def _proposal(row: Proposal) -> ProposalOut:
    return ProposalOut(
        id=row.id, kind=row.kind, times=row.times, substitute_id=row.substitute_id, note=row.note, state=row.state,
        expires_at=row.expires_at,
    )  # fmt: skip


async def see_proposal(request: web.Request) -> web.StreamResponse:
    """What is proposed at the moment."""
    row, _role = await party(request)
    found = await proposals.open_proposal(row.id)
    if found is None:
        raise errors.NotFound()
    return json_answer(_proposal(found))


async def withdraw_proposal(request: web.Request) -> web.StreamResponse:
    """The interviewer takes their proposal back; the session stands as it is."""
    row, role = await party(request)
    if role != "interviewer":
        raise errors.NotFound()
    found = await get_or_404(Proposal, request.match_info["proposal"], booking_id=row.id)
    await proposals.withdraw(found.id, me())
    return await answer(await Booking.get(id=row.id))


async def answer_proposal(request: web.Request) -> web.StreamResponse:
    """The candidate accepts (with `start`: one of the proposed times), keeps the session, or takes the money back."""
    row = await mine(request)
    sent = await read_json(request, ProposalAnswer)
    found = await get_or_404(Proposal, request.match_info["proposal"], booking_id=row.id)
    if sent.act == "accept":
        start = parse_start(sent.start, row.candidate_zone) if sent.start else None
        return await answer(await proposals.accept(found.id, me(), start))
    return await answer(await proposals.decline(found.id, me(), refund=sent.act == "refund"))


# --- past the rules, with a reason --------------------------------------------------------------------------------


async def admin_cancel(request: web.Request) -> web.StreamResponse:
    """Call somebody's session off, with a reason."""
    row = await get_or_404(Booking, request.match_info["id"])
    sent = await read_json(request, AdminCancelRequest)
    return await answer(await cancelling.cancel(row.id, "admin", sent.reason, seen=sent.seen, percent=sent.percent))


async def admin_move(request: web.Request) -> web.StreamResponse:
    """Move somebody's session, with a reason; it does not count as their move."""
    row = await get_or_404(Booking, request.match_info["id"])
    sent = await read_json(request, MoveRequest)
    start = parse_start(sent.start, row.candidate_zone)
    return await answer(
        await moving.reschedule(row.id, row.candidate_id, start, role="admin", reason=sent.reason, seen=sent.seen)
    )


async def reassign(request: web.Request) -> web.StreamResponse:
    """Hand a session over to another interviewer, with a reason; `GET .../able` says who could."""
    row = await get_or_404(Booking, request.match_info["id"])
    sent = await read_json(request, ReassignRequest)
    return await answer(await moving.reassign(row.id, sent.interviewer_id, reason=sent.reason))


async def extend(request: web.Request) -> web.StreamResponse:
    """Let a session last longer, with a reason, up to what the calendars allow."""
    row = await get_or_404(Booking, request.match_info["id"])
    sent = await read_json(request, ExtendRequest)
    return await answer(await moving.extend(row.id, sent.minutes, sent.reason))


_ONE, _ADMIN, _PROPOSAL = "bookings/{id}", "admin/bookings/{id}", "bookings/{id}/proposals/{proposal}"
#: What a mailed link does without signing in is what these do for whoever is.
_LINK = "scheduling.link_post"
ROUTES = [
    api("GET", f"{_ONE}/cancel", see_cancel, "see_cancel", OutlookOut),
    api("POST", f"{_ONE}/cancel", cancel, "cancel", BookingOut, request=CancelRequest, idempotent=True,
        twin_of=(_LINK,), errors=(409,)),
    api("POST", f"{_ONE}/release", release, "release", BookingOut, idempotent=True),
    api("GET", f"{_ONE}/reschedule", see_move, "see_move", OutlookOut),
    api("POST", f"{_ONE}/reschedule", move, "reschedule", BookingOut, request=MoveRequest, idempotent=True,
        twin_of=(_LINK,), errors=(409,)),
    api("GET", f"{_ONE}/proposal", see_proposal, "see_proposal", ProposalOut),
    api("POST", f"{_ONE}/proposals", propose, "propose", ProposalOut, request=ProposeRequest, idempotent=True,
        status=201, errors=(409,)),
    api("POST", _PROPOSAL, answer_proposal, "proposal_answer", BookingOut, request=ProposalAnswer, idempotent=True,
        twin_of=(_LINK,), errors=(409,)),
    api("DELETE", _PROPOSAL, withdraw_proposal, "proposal_withdraw", BookingOut, errors=(409,)),
    api("POST", f"{_ADMIN}/cancel", admin_cancel, "admin_cancel", BookingOut, request=AdminCancelRequest,
        permission=MANAGE, idempotent=True, errors=(409,)),
    api("POST", f"{_ADMIN}/reschedule", admin_move, "admin_move", BookingOut, request=MoveRequest,
        permission=MANAGE, idempotent=True, errors=(409,)),
    api("POST", f"{_ADMIN}/reassign", reassign, "admin_reassign", BookingOut, request=ReassignRequest,
        permission=MANAGE, idempotent=True, errors=(409,)),
    api("POST", f"{_ADMIN}/extend", extend, "admin_extend", BookingOut, request=ExtendRequest, permission=MANAGE,
        idempotent=True, errors=(409,)),
]  # fmt: skip
