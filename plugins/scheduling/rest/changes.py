"""Changing bookings as JSON: look first (`seen`), then act; proposals, waiting list, policies, strikes, overrides."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import current_zone, errors, get_or_404, json_answer, now, read_json, services, setting
from plugins.users.api import Interviewers

from .. import policies
from ..models import Booking, InterviewType, Proposal, Strike, Waiting
from ..permissions import MANAGE, POLICIES
from ..refusals import parse_start
from ..services import cancelling, moving, policy, proposals, strikes, waiting
from ..services.cancelling import Outlook
from .common import BookingOut, Done, In, answer, api, me, mine, party

_Reason = Annotated[str, Field(max_length=500)]


class OutlookOut(BaseModel):
    """What acting now would lead to. Send `seen` back with the act: when the result is another by then, nothing is
    done and the new one is told (409, code outcome_changed). `refused`: why it may not be done, for people."""

    refused: str
    refund_percent: int
    refund_minor: int
    kept_minor: int
    currency: str
    strikes: dict[str, int]
    moves_left: int | None
    until: datetime | None
    seen: str


class CancelRequest(In):
    """`code` is time, ill, prepared, job, technical or other. `percent`: an administrator's own refund."""

    reason: _Reason = ""
    code: Annotated[str, Field(max_length=12)] = ""
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


class WaitRequest(In):
    type: Annotated[str, Field(max_length=60)]
    interviewer: Annotated[str, Field(max_length=80)] = ""
    until: date | None = None


class WaitOut(BaseModel):
    id: UUID
    type: str
    interviewer_id: UUID | None
    state: str
    until: date
    booking_id: UUID | None


class WaitList(BaseModel):
    waiting: list[WaitOut]


class Standing(BaseModel):
    strikes: int
    limit: int


class PolicyOut(BaseModel):
    key: str
    version: int
    title: str
    terms: dict[str, Any]


class PolicyList(BaseModel):
    policies: list[PolicyOut]


class WaiveRequest(In):
    reason: _Reason


def _outlook(row: Booking, found: Outlook, refused: str) -> OutlookOut:
    result = found.result
    return OutlookOut(
        refused=refused, refund_percent=result.percent, refund_minor=result.refund_minor,
        kept_minor=result.kept_minor, currency=row.currency,
        strikes={role: result.points(role) for role in ("candidate", "interviewer")},
        moves_left=result.moves_left, until=result.until, seen=found.seal,
    )  # fmt: skip


async def see_cancel(request: web.Request) -> web.StreamResponse:
    """What cancelling now would mean for the caller."""
    row, role = await party(request)
    refused = cancelling.why_not_cancelled(row, role, now())
    return json_answer(_outlook(row, cancelling.outlook(row, role, now()), refused))


async def cancel(request: web.Request) -> web.StreamResponse:
    row, role = await party(request)
    sent = await read_json(request, CancelRequest)
    return await answer(await cancelling.cancel(row.id, role, sent.reason, code=sent.code, seen=sent.seen))


async def see_move(request: web.Request) -> web.StreamResponse:
    """Whether the caller may move it, how often still, and until when."""
    row, role = await party(request)
    return json_answer(_outlook(row, moving.outlook(row, role, now()), moving.why_not_moved(row, now(), role)))


async def move(request: web.Request) -> web.StreamResponse:
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


async def answer_proposal(request: web.Request) -> web.StreamResponse:
    row = await mine(request)
    sent = await read_json(request, ProposalAnswer)
    found = await get_or_404(Proposal, request.match_info["proposal"], booking_id=row.id)
    if sent.act == "accept":
        start = parse_start(sent.start, row.candidate_zone) if sent.start else None
        return await answer(await proposals.accept(found.id, me(), start))
    return await answer(await proposals.decline(found.id, me(), refund=sent.act == "refund"))


# --- past the rules, with a reason --------------------------------------------------------------------------------


async def admin_cancel(request: web.Request) -> web.StreamResponse:
    row = await get_or_404(Booking, request.match_info["id"])
    sent = await read_json(request, CancelRequest)
    return await answer(await cancelling.cancel(row.id, "admin", sent.reason, seen=sent.seen, percent=sent.percent))


async def admin_move(request: web.Request) -> web.StreamResponse:
    row = await get_or_404(Booking, request.match_info["id"])
    sent = await read_json(request, MoveRequest)
    start = parse_start(sent.start, row.candidate_zone)
    return await answer(
        await moving.reschedule(row.id, row.candidate_id, start, role="admin", reason=sent.reason, seen=sent.seen)
    )


async def reassign(request: web.Request) -> web.StreamResponse:
    row = await get_or_404(Booking, request.match_info["id"])
    sent = await read_json(request, ReassignRequest)
    return await answer(await moving.reassign(row.id, sent.interviewer_id, reason=sent.reason))


async def extend(request: web.Request) -> web.StreamResponse:
    row = await get_or_404(Booking, request.match_info["id"])
    sent = await read_json(request, ExtendRequest)
    return await answer(await moving.extend(row.id, sent.minutes, sent.reason))


async def waive(request: web.Request) -> web.StreamResponse:
    row = await get_or_404(Strike, request.match_info["id"])
    sent = await read_json(request, WaiveRequest)
    await strikes.waive(row.id, sent.reason)
    return json_answer(Done())


# --- waiting list, standing, policies -----------------------------------------------------------------------------


async def list_waiting(request: web.Request) -> web.StreamResponse:
    return json_answer(WaitList(waiting=[_waiting(row, row.type.slug) for row in await waiting.mine(me())]))


def _waiting(row: Waiting, slug: str) -> WaitOut:
    return WaitOut(
        id=row.id, type=slug, interviewer_id=row.interviewer_id, state=row.state, until=row.until,
        booking_id=row.booking_id,
    )  # fmt: skip


async def join_waiting(request: web.Request) -> web.StreamResponse:
    sent = await read_json(request, WaitRequest)
    kind = await InterviewType.filter(slug=sent.type, kind="human", active=True).first()
    card = await services.need(Interviewers).by_slug(sent.interviewer) if sent.interviewer else None
    if kind is None or (sent.interviewer and card is None):
        raise errors.NotFound()
    row = await waiting.join(kind, me(), card.account_id if card else None, current_zone(), sent.until)
    return json_answer(_waiting(row, kind.slug), 201)


async def leave_waiting(request: web.Request) -> web.StreamResponse:
    row = await get_or_404(Waiting, request.match_info["id"], account_id=me())
    await waiting.leave(row.id, me())
    return json_answer(Done())


async def standing(request: web.Request) -> web.StreamResponse:
    """The caller's strikes that count, and how many keep a candidate from booking."""
    return json_answer(Standing(strikes=await strikes.standing(me()), limit=setting("scheduling.strike_limit")))


async def list_policies(request: web.Request) -> web.StreamResponse:
    return json_answer(PolicyList(policies=[_policy(v) for v in (await policy.policies()).values()]))


def _policy(version: policy.Version) -> PolicyOut:
    return PolicyOut(key=version.key, version=version.number, title=version.title, terms=version.terms.data())


class SimulateRequest(In):
    """A made-up case: `act` is cancel, move or no_show; `by` who acts, or who is missing."""

    act: Literal["cancel", "move", "no_show"]
    by: Literal["candidate", "interviewer", "both", "admin"]
    price_minor: Annotated[int, Field(ge=0, le=100_000_000)]
    starts_at: datetime
    at: datetime
    moves: Annotated[int, Field(ge=0, le=50)] = 0


class Simulated(BaseModel):
    refused: str
    refund_percent: int
    refund_minor: int
    kept_minor: int
    strikes: dict[str, int]


async def simulate(request: web.Request) -> web.StreamResponse:
    """What the newest version of a policy would do, through the rules that act."""
    found = (await policy.versions(request.match_info["key"]))[0]
    sent = await read_json(request, SimulateRequest)
    if sent.starts_at.tzinfo is None or sent.at.tzinfo is None:
        raise errors.Invalid({"at": "Give instants such as 2030-12-31T09:30Z."})
    case = policies.Case(
        sent.act, sent.by, sent.price_minor, sent.starts_at.astimezone(UTC), sent.at.astimezone(UTC), sent.moves
    )
    result = policies.weigh(found.terms.data(), case)
    return json_answer(
        Simulated(
            refused=result.refused, refund_percent=result.percent, refund_minor=result.refund_minor,
            kept_minor=result.kept_minor, strikes={r: result.points(r) for r in ("candidate", "interviewer")},
        )
    )  # fmt: skip


_ONE, _ADMIN = "bookings/{id}", "admin/bookings/{id}"
ROUTES = [
    api("GET", f"{_ONE}/cancel", see_cancel, "see_cancel", OutlookOut),
    api("POST", f"{_ONE}/cancel", cancel, "cancel", BookingOut, request=CancelRequest, idempotent=True),
    api("GET", f"{_ONE}/reschedule", see_move, "see_move", OutlookOut),
    api("POST", f"{_ONE}/reschedule", move, "move", BookingOut, request=MoveRequest, idempotent=True),
    api("GET", f"{_ONE}/proposal", see_proposal, "see_proposal", ProposalOut),
    api("POST", f"{_ONE}/proposals", propose, "propose", ProposalOut, request=ProposeRequest, idempotent=True),
    api(
        "POST", f"{_ONE}/proposals/{{proposal}}", answer_proposal, "answer_proposal", BookingOut,
        request=ProposalAnswer, idempotent=True,
    ),
    api("POST", f"{_ADMIN}/cancel", admin_cancel, "admin_cancel", BookingOut, request=CancelRequest,
        permission=MANAGE, idempotent=True),
    api("POST", f"{_ADMIN}/reschedule", admin_move, "admin_move", BookingOut, request=MoveRequest,
        permission=MANAGE, idempotent=True),
    api("POST", f"{_ADMIN}/reassign", reassign, "admin_reassign", BookingOut, request=ReassignRequest,
        permission=MANAGE, idempotent=True),
    api("POST", f"{_ADMIN}/extend", extend, "admin_extend", BookingOut, request=ExtendRequest, permission=MANAGE,
        idempotent=True),
    api("POST", "admin/strikes/{id}/waive", waive, "waive", Done, request=WaiveRequest, permission=MANAGE,
        idempotent=True),
    api("GET", "waiting", list_waiting, "waiting", WaitList),
    api("POST", "waiting", join_waiting, "join_waiting", WaitOut, request=WaitRequest, idempotent=True),
    api("POST", "waiting/{id}/leave", leave_waiting, "leave_waiting", Done, idempotent=True),
    api("GET", "standing", standing, "standing", Standing),
    api("GET", "policies", list_policies, "policies", PolicyList, permission=POLICIES),
    api("POST", "policies/{key:[a-z]{2,20}}/simulate", simulate, "simulate", Simulated, request=SimulateRequest,
        permission=POLICIES),
]  # fmt: skip
