"""What administrators do with people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import Listing, Page, accounts, errors, json_answer, read_json, read_listing
from kernel import gettext as _

from .. import queries
from ..routes import me
from ..services import people


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ReasonIn(_In):
    reason: Annotated[str, Field(min_length=3, max_length=500)]


class RoleIn(_In):
    role: Annotated[str, Field(max_length=60)]


class PeopleListing(Listing):
    q: Annotated[str, Field(max_length=100)] = ""
    role: Annotated[str, Field(max_length=60)] = ""
    state: Annotated[str, Field(max_length=20)] = ""
    sort: Literal["name", "created", "seen"] = "name"
    desc: bool = False


class PersonOut(BaseModel):
    id: UUID
    name: str
    email: str
    state: str
    roles: list[str]
    created_at: datetime
    last_seen_at: datetime | None


async def list_people(request: web.Request) -> web.StreamResponse:
    """Everybody who has an account."""
    asked = read_listing(request, PeopleListing)
    rows, total = await queries.list_people(
        asked.q, role=asked.role, state=asked.state, sort=asked.sort, desc=asked.desc, limit=asked.limit,
        offset=(asked.number - 1) * asked.limit,
    )  # fmt: skip
    names = PersonOut.model_fields.keys()
    found = [PersonOut(**{name: getattr(r, name) for name in names - {"roles"}}, roles=list(r.roles)) for r in rows]
    return json_answer(Page[PersonOut](items=found, next=asked.next(total)))


class StandingOut(BaseModel):
    """An account after a change."""

    id: UUID
    state: str
    roles: list[str]


async def _standing(account_id: UUID) -> web.StreamResponse:
    account = await accounts.account(account_id)
    roles = sorted(await accounts.roles_of(account_id))
    return json_answer(StandingOut(id=account.id, state=account.state, roles=roles))


async def _person(request: web.Request) -> UUID:
    return (await accounts.account(request.match_info["id"])).id


async def confirm(request: web.Request) -> web.StreamResponse:
    """Confirm an account whose mail did not arrive."""
    account_id = await _person(request)
    await people.confirm(account_id)
    return await _standing(account_id)


async def lock(request: web.Request) -> web.StreamResponse:
    """Keep somebody out; their sessions and tokens end at once."""
    account_id = await _person(request)
    sent = await read_json(request, ReasonIn)
    if account_id == me().id:
        raise errors.Invalid({"reason": _("You cannot lock your own account.")})
    await accounts.lock(account_id, reason=sent.reason)
    return await _standing(account_id)


async def unlock(request: web.Request) -> web.StreamResponse:
    """Let somebody in again."""
    account_id = await _person(request)
    await accounts.unlock(account_id)
    return await _standing(account_id)


async def give_role(request: web.Request) -> web.StreamResponse:
    """Give somebody a role."""
    account_id = await _person(request)
    await people.give_role(account_id, (await read_json(request, RoleIn)).role)
    return await _standing(account_id)


async def take_role(request: web.Request) -> web.StreamResponse:
    """Take a role from somebody."""
    account_id = await _person(request)
    await people.take_role(account_id, (await read_json(request, RoleIn)).role)
    return await _standing(account_id)
