"""The kernel's own pages as JSON: who one is, sessions, roles. Same functions, same refusals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from ..auth import accounts, grants, permissions, sessions
from ..auth.permissions import RoleInfo
from ..base import errors
from ..base.context import Actor, current_actor
from ..base.contract import SIGNED_IN, Route
from ..base.ids import parse_id
from ..web.body import read_json
from ..web.paging import Listing, Page, read_listing
from ..web.views import json_answer
from .roles_pages import free_slug, role_of

_ROLES = "kernel.roles.manage"


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class MeOut(BaseModel):
    """Who a call acts as. `scopes` and `token_id` are null for a signed-in browser."""

    id: UUID
    name: str
    email: str
    locale: str
    zone: str
    roles: list[str]
    permissions: list[str]
    scopes: list[str] | None
    token_id: UUID | None


class SignInOut(BaseModel):
    """A signed-in browser."""

    id: UUID
    device: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool


class EndedOut(BaseModel):
    """How many sessions ended."""

    ended: int


class RoleOut(BaseModel):
    """A role; `permissions` counts plugins that are on."""

    id: str
    label: str
    built_in: bool
    permissions: list[str]


class NewRoleIn(_In):
    label: Annotated[str, Field(min_length=1, max_length=80)]
    permissions: Annotated[list[str], Field(max_length=500)] = []


class RoleIn(_In):
    """`label` empty: it stays."""

    label: Annotated[str, Field(max_length=80)] = ""
    permissions: Annotated[list[str], Field(max_length=500)]


class HolderIn(_In):
    account_id: UUID


class HolderOut(BaseModel):
    """Whether the account has the role now."""

    role: str
    account_id: UUID
    held: bool


class DeletedOut(BaseModel):
    deleted: bool = True


def _me() -> Actor:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor


async def me(_request: web.Request) -> web.StreamResponse:
    """Who the call acts as, and what it may do."""
    actor = _me()
    return json_answer(
        MeOut(
            id=actor.id, name=actor.name, email=actor.email, locale=actor.locale, zone=actor.zone,
            roles=sorted(actor.roles), permissions=sorted(actor.permissions),
            scopes=None if actor.scopes is None else sorted(actor.scopes), token_id=actor.token_id,
        )
    )  # fmt: skip


async def list_sessions(request: web.Request) -> web.StreamResponse:
    """Where one is signed in."""
    actor = _me()
    asked = read_listing(request, Listing)
    cards, after = asked.cut(await sessions.list_sessions(actor.id, current=actor.session_id))
    items = [SignInOut.model_validate(card, from_attributes=True) for card in cards]
    return json_answer(Page[SignInOut](items=items, next=after))


async def end_session(request: web.Request) -> web.StreamResponse:
    """Sign one of one's browsers out."""
    session_id = parse_id(request.match_info["id"])
    if session_id is None or not await sessions.end_session(session_id, account_id=_me().id):
        raise errors.NotFound()
    return json_answer(EndedOut(ended=1))


async def end_others(_request: web.Request) -> web.StreamResponse:
    """Sign every other browser out; with a token, all of them."""
    actor = _me()
    return json_answer(EndedOut(ended=await sessions.end_all(actor.id, except_id=actor.session_id)))


def _role(info: RoleInfo) -> RoleOut:
    return RoleOut(id=info.id, label=info.label, built_in=info.built_in, permissions=sorted(info.permissions))


async def list_roles(request: web.Request) -> web.StreamResponse:
    """Every role and what it may do."""
    asked = read_listing(request, Listing)
    found, after = asked.cut(await permissions.all_roles())
    return json_answer(Page[RoleOut](items=[_role(r) for r in found], next=after))


async def create_role(request: web.Request) -> web.StreamResponse:
    """Make a role."""
    sent = await read_json(request, NewRoleIn)
    slug = await free_slug(sent.label)
    await grants.save_role(slug, sent.label, sent.permissions)
    return json_answer(_role(await _by_id(slug)), 201)


async def save_role(request: web.Request) -> web.StreamResponse:
    """Set what a role may do."""
    role = await role_of(request)
    sent = await read_json(request, RoleIn)
    await grants.save_role(role.id, sent.label or role.label, sent.permissions)
    return json_answer(_role(await _by_id(role.id)))


async def delete_role(request: web.Request) -> web.StreamResponse:
    """Remove one of the tenant's own roles."""
    role = await role_of(request)
    await grants.delete_role(role.id)
    return json_answer(DeletedOut())


async def give_role(request: web.Request) -> web.StreamResponse:
    """Give a role to an account."""
    role = await role_of(request)
    account = await accounts.account((await read_json(request, HolderIn)).account_id)
    await grants.grant(account.id, role.id)
    return json_answer(HolderOut(role=role.id, account_id=account.id, held=True))


async def take_role(request: web.Request) -> web.StreamResponse:
    """Take a role from an account."""
    role = await role_of(request)
    account = await accounts.account((await read_json(request, HolderIn)).account_id)
    await grants.revoke(account.id, role.id)
    return json_answer(HolderOut(role=role.id, account_id=account.id, held=False))


async def _by_id(slug: str) -> RoleInfo:
    return next(r for r in await permissions.all_roles() if r.id == slug)


def _route(method: Any, path: str, handler: Any, name: str, permission: str, response: Any, **more: Any) -> Route:
    return Route(
        method=method, path=f"/api/v1/{path}", handler=handler, name=f"kernel.api_{name}", permission=permission,
        response=response, **more,
    )  # fmt: skip


ROUTES = [
    _route("GET", "me", me, "me", SIGNED_IN, MeOut),
    _route("GET", "sessions", list_sessions, "sessions", SIGNED_IN, Page[SignInOut], query=Listing),
    _route("POST", "sessions/end-others", end_others, "end_other_sessions", SIGNED_IN, EndedOut),
    _route("POST", "sessions/{id}/end", end_session, "end_session", SIGNED_IN, EndedOut, idempotent=True),
    _route("GET", "roles", list_roles, "roles", _ROLES, Page[RoleOut], query=Listing),
    _route(
        "POST", "roles", create_role, "role_create", _ROLES, RoleOut, request=NewRoleIn, status=201, idempotent=True
    ),
    _route("PUT", "roles/{role}", save_role, "role_save", _ROLES, RoleOut, request=RoleIn),
    _route("DELETE", "roles/{role}", delete_role, "role_delete", _ROLES, DeletedOut, errors=(422,)),
    _route("POST", "roles/{role}/give", give_role, "role_give", _ROLES, HolderOut, request=HolderIn),
    _route("POST", "roles/{role}/take", take_role, "role_take", _ROLES, HolderOut, request=HolderIn),
]
