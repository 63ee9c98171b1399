"""Cancellation policies and strikes as JSON, for administrators."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import Listing, Page, _, accounts, errors, get_or_404, json_answer, now, read_json, read_listing

from .. import policies
from ..forms import TermsFields, terms_from
from ..models import Strike
from ..permissions import MANAGE, POLICIES
from ..services import policy, strikes
from .common import Done, In, api, whole


class PolicyOut(BaseModel):
    """One version of a policy. `at` is null for a ready-made one."""

    key: str
    version: int
    title: str
    terms: dict[str, Any]
    at: datetime | None


class PolicyIn(TermsFields, In):
    """A new version, whole. `base` is the version that was read: when there is a newer one, nothing is done (409).

    `tiers`: [hours before the start, percent back] each; later than all of them gives nothing back.
    """

    tiers: Annotated[list[tuple[int, int]], Field(max_length=20)] = []


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


class StrikeOut(BaseModel):
    """A strike that counts until `expires_at`, unless it was taken back (`waived_at`)."""

    id: UUID
    account_id: UUID
    name: str
    booking_id: UUID
    role: str
    cause: str
    points: int
    at: datetime
    expires_at: datetime
    waived_at: datetime | None
    waive_reason: str


class WaiveRequest(In):
    """The person reads the reason."""

    reason: Annotated[str, Field(max_length=500)]


async def list_policies(request: web.Request) -> web.StreamResponse:
    """The newest version of each policy."""
    return whole(request, [_policy(version) for version in (await policy.policies()).values()])


def _policy(version: policy.Version) -> PolicyOut:
    return PolicyOut(
        key=version.key, version=version.number, title=version.title, terms=version.terms.data(), at=version.at
    )


async def list_versions(request: web.Request) -> web.StreamResponse:
    """All versions of a policy, the newest first. Bookings keep the one they were made under."""
    return whole(request, [_policy(version) for version in await policy.versions(request.match_info["key"])])


async def save_policy(request: web.Request) -> web.StreamResponse:
    """Make a new version of a policy; bookings made before keep theirs. The same terms again make none."""
    sent = await read_json(request, PolicyIn)
    terms, problems = terms_from(sent, sent.tiers)
    if terms is None:
        raise errors.Invalid(problems)
    return json_answer(_policy(await policy.save(request.match_info["key"], sent.base, sent.title, terms)))


async def simulate(request: web.Request) -> web.StreamResponse:
    """What the newest version of a policy would do, through the rules that act. Changes nothing."""
    found = (await policy.versions(request.match_info["key"]))[0]
    sent = await read_json(request, SimulateRequest)
    if sent.starts_at.tzinfo is None or sent.at.tzinfo is None:
        raise errors.Invalid({"at": _("Give an instant such as 2030-12-31T09:30Z.")})
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


async def list_strikes(request: web.Request) -> web.StreamResponse:
    """Everybody's strikes that have not run out, the newest first."""
    asked = read_listing(request, Listing)
    counting = Strike.filter(expires_at__gt=now())
    rows = await counting.order_by("-at", "-id").offset((asked.number - 1) * asked.limit).limit(asked.limit)
    items = await _strikes(rows)
    return json_answer(Page[StrikeOut](items=items, next=asked.next(await counting.count())))


async def _strikes(rows: list[Strike]) -> list[StrikeOut]:
    names = await accounts.accounts_by_ids({row.account_id for row in rows})
    return [
        StrikeOut(
            id=row.id, account_id=row.account_id, name=card.name if (card := names.get(row.account_id)) else "",
            booking_id=row.booking_id, role=row.role, cause=row.cause, points=row.points, at=row.at,
            expires_at=row.expires_at, waived_at=row.waived_at, waive_reason=row.waive_reason,
        )
        for row in rows
    ]  # fmt: skip


async def waive(request: web.Request) -> web.StreamResponse:
    """Take a strike back, with a reason."""
    row = await get_or_404(Strike, request.match_info["id"])
    sent = await read_json(request, WaiveRequest)
    await strikes.waive(row.id, sent.reason)
    return json_answer(Done())


_KEY = "policies/{key:[a-z]{2,20}}"
ROUTES = [
    api("GET", "policies", list_policies, "policies", Page[PolicyOut], permission=POLICIES, query=Listing),
    api("GET", f"{_KEY}/versions", list_versions, "policy_versions", Page[PolicyOut], permission=POLICIES,
        query=Listing),
    api("PUT", _KEY, save_policy, "policy_save", PolicyOut, request=PolicyIn, permission=POLICIES),
    api("POST", f"{_KEY}/simulate", simulate, "simulate", Simulated, request=SimulateRequest, permission=POLICIES),
    api("GET", "admin/strikes", list_strikes, "strikes", Page[StrikeOut], permission=MANAGE, query=Listing),
    api("POST", "admin/strikes/{id}/waive", waive, "strike_waive", Done, request=WaiveRequest, permission=MANAGE,
        idempotent=True),
]  # fmt: skip
