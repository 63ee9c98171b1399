"""API tokens: everybody's own, and those of programs that an administrator looks after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from ..auth.models import ApiToken
from ..auth.permissions import OWNER, all_roles, permissions_of
from ..auth.tokens import acting, issuing, listing, scopes, usage
from ..base import errors
from ..base.context import Actor, current_actor
from ..base.contract import Route
from ..base.i18n import N_, _
from ..tenancy.settings import setting
from ..tenancy.snapshots import current_snapshot
from ..web.bearer import PER_MINUTE
from ..web.endpoints import KERNEL
from ..web.forms import Form, Parsed, read_form
from ..web.routing import url
from ..web.views import flash, page, see_other
from ..web.words import Words
from .landmarks import plugin_title

MANAGE: Final = "kernel.tokens.manage"
_DAYS: Final = (7, 30, 60, 90, 180, 365)
_OVERLAPS: Final = (0, 1, 24, 72, 168)
_BY_HAND: Final = "tokens are made, replaced and ended by people, so that a stolen one cannot outlive its end"


@dataclass(frozen=True, slots=True)
class Desk:
    """One of the two places for tokens: `own` ones, or those of the tenant's programs."""

    name: str
    own: bool

    def url(self, page: str = "", **params: object) -> str:
        return url(f"kernel.{self.name}{page}", **params)


OWN = Desk("tokens", own=True)
ADMIN = Desk("service_tokens", own=False)


class TokenForm(Form):
    name: Annotated[str, Field(max_length=200), Words(missing=N_("Enter a name, such as what will use the token."))]
    scopes: list[str] = []
    days: int = 90
    ips: Annotated[str, Field(max_length=1500)] = ""
    per_minute: int | None = None
    role: Annotated[str, Field(max_length=60)] = ""


class RotateForm(Form):
    hours: int = 24


def _me() -> Actor:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor


async def _one(request: web.Request, desk: Desk) -> ApiToken:
    id = request.match_info["id"]
    return await (listing.own_token(_me(), id) if desk.own else listing.any_token(id))


async def _list(
    request: web.Request, desk: Desk, parsed: Parsed[TokenForm] | None = None, status: int = 200
) -> web.StreamResponse:
    actor = _me()
    cards = await listing.cards(account_id=actor.id if desk.own else None, service=not desk.own)
    people = [] if desk.own else await listing.cards(service=False)
    held = actor.permissions
    longest = int(setting("kernel.token_max_days"))
    roles = [] if desk.own else [(r.id, r.label) for r in await all_roles() if r.id != OWNER and r.permissions <= held]
    context = {
        "title": _("API tokens") if desk.own else _("API access"),
        "desk": desk,
        "cards": cards,
        "people": people,
        "errors": parsed.errors if parsed else {},
        "form": parsed,
        "chosen": parsed.raw_lists.get("scopes", []) if parsed else [],
        "groups": [(g, plugin_title(g.plugin), f"read:{g.plugin}", f"write:{g.plugin}") for g in scopes.offered(held)],
        "days": sorted({*(d for d in _DAYS if d <= longest), min(90, longest), longest}),
        "default_days": min(90, longest),
        "roles": roles,
        "per_minute": PER_MINUTE,
    }
    return await page(request, "console/tokens.html", context, status=status)


async def _create(request: web.Request, desk: Desk) -> web.StreamResponse:
    actor = _me()
    parsed = await read_form(request, TokenForm)
    form = parsed.value
    if form is None:
        return await _list(request, desk, parsed, 422)
    wish = issuing.Wish(form.name, tuple(form.scopes), form.days, tuple(form.ips.split()), form.per_minute)
    try:
        made = await (
            issuing.create_personal(actor, wish) if desk.own else issuing.create_service(actor, wish, form.role)
        )
    except errors.Invalid as exc:
        parsed.refuse(exc.errors)
        return await _list(request, desk, parsed, 422)
    return await _detail(request, desk, made.token, secret=made.text, status=201)


async def _detail(
    request: web.Request, desk: Desk, token: ApiToken, *, secret: str = "", status: int = 200, **more: Any
) -> web.StreamResponse:
    await usage.flush()
    (card,) = await listing.cards(token_id=token.id)
    before = await ApiToken.filter(replaced_by_id=token.id).first()
    successor = await listing.cards(token_id=card.replaced_by_id) if card.replaced_by_id else []
    rights = await permissions_of(frozenset({card.role})) if card.role else _me().permissions
    context = {
        "title": card.name,
        "desk": desk,
        "card": card,
        "secret": secret,
        "calls": await usage.calls_of(token.id),
        "before": (await listing.cards(token_id=before.id))[0] if before else None,
        "successor": successor[0] if successor else None,
        "overlaps": _OVERLAPS,
        "idle": [s for s in card.scopes if ":" not in s and s not in rights],
        "errors": more.get("errors", {}),
        "origin": current_snapshot().origin,
    }
    return await page(request, "console/token.html", context, status=status)


async def _rotate(request: web.Request, desk: Desk) -> web.StreamResponse:
    token = await _one(request, desk)
    parsed = await read_form(request, RotateForm)
    if parsed.value is None:
        return await _detail(request, desk, token, status=422, errors=parsed.errors)
    try:
        made = await issuing.rotate(token, timedelta(hours=parsed.value.hours), _me())
    except errors.Invalid as exc:
        return await _detail(request, desk, token, status=422, errors=exc.errors)
    return await _detail(request, desk, made.token, secret=made.text, status=201)


async def _revoke(request: web.Request, desk: Desk) -> web.StreamResponse:
    token = await _one(request, desk)
    if await issuing.revoke(token):
        flash(request, _("{name} is revoked. It stopped working at once.").format(name=token.name))
    return see_other(desk.url())


async def show_own(request: web.Request) -> web.StreamResponse:
    """One's own tokens, and the form for a new one."""
    return await _list(request, OWN)


async def create_own(request: web.Request) -> web.StreamResponse:
    """Make a token that acts for oneself; its text is shown on the answer and never again."""
    return await _create(request, OWN)


async def show_own_one(request: web.Request) -> web.StreamResponse:
    """One token: what it reaches and what it was used for."""
    return await _detail(request, OWN, await _one(request, OWN))


async def rotate_own(request: web.Request) -> web.StreamResponse:
    """Replace a token; the old one works a while longer."""
    return await _rotate(request, OWN)


async def revoke_own(request: web.Request) -> web.StreamResponse:
    """End a token now."""
    return await _revoke(request, OWN)


async def show_service(request: web.Request) -> web.StreamResponse:
    """Tokens of programs, and those that people made."""
    return await _list(request, ADMIN)


async def create_service(request: web.Request) -> web.StreamResponse:
    """Make a token for a program; it acts with a role and for nobody."""
    return await _create(request, ADMIN)


async def show_service_one(request: web.Request) -> web.StreamResponse:
    """One token of the tenant."""
    return await _detail(request, ADMIN, await _one(request, ADMIN))


async def rotate_service(request: web.Request) -> web.StreamResponse:
    """Replace a program's token; a person's is theirs to replace."""
    if (await _one(request, ADMIN)).role is None:
        raise errors.NotFound()
    return await _rotate(request, ADMIN)


async def revoke_service(request: web.Request) -> web.StreamResponse:
    """End any token of the tenant now."""
    return await _revoke(request, ADMIN)


def _route(method: Any, path: str, handler: Any, name: str, permission: str) -> Route:
    return Route(
        method=method, path=path, handler=handler, name=f"{KERNEL}.{name}", permission=permission,
        no_twin=_BY_HAND if method == "POST" else "", rate="30/600" if method == "POST" else None,
    )  # fmt: skip


def _routes(base: str, name: str, permission: str, *handlers: Any) -> list[Route]:
    show, create, one, rotate, revoke = handlers
    return [
        _route("GET", base, show, name, permission),
        _route("POST", base, create, f"{name}_create", permission),
        _route("GET", f"{base}/{{id}}", one, f"{name}_one", permission),
        _route("POST", f"{base}/{{id}}/rotate", rotate, f"{name}_rotate", permission),
        _route("POST", f"{base}/{{id}}/revoke", revoke, f"{name}_revoke", permission),
    ]


ROUTES = [
    *_routes("/account/tokens", OWN.name, acting.OWN, show_own, create_own, show_own_one, rotate_own, revoke_own),
    *_routes(
        "/admin/tokens", ADMIN.name, MANAGE,
        show_service, create_service, show_service_one, rotate_service, revoke_service,
    ),
]  # fmt: skip
