"""Everybody's own security: password and signed-in browsers."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import StringConstraints

from ..auth import accounts, sessions, throttle
from ..base import errors
from ..base.context import Actor, current_actor
from ..base.i18n import N_, _, ngettext
from ..base.ids import parse_id
from ..web.forms import Form, read_form
from ..web.routing import url
from ..web.views import flash, page, see_other
from ..web.words import Words
from .landmarks import landmark

_AsTyped = StringConstraints(strip_whitespace=False, min_length=1, max_length=1000)


class PasswordForm(Form):
    """A change of password proves the old one."""

    current: Annotated[str, _AsTyped, Words(missing=N_("Enter your current password"))]
    password: Annotated[str, _AsTyped, Words(missing=N_("Enter a new password"))]


class SessionForm(Form):
    session: str


def _actor() -> Actor:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor


async def show_security(request: web.Request) -> web.StreamResponse:
    """Change the password, see where one is signed in."""
    return await _page(request, {})


async def _page(request: web.Request, problems: dict[str, str], status: int = 200) -> web.StreamResponse:
    actor = _actor()
    account = await accounts.account(actor.id)
    context = {
        "title": _("Sign-in and security"),
        "errors": problems,
        "email": account.email,
        "has_password": account.password_hash is not None,
        "forgot": landmark("forgot_password"),
        "sessions": await sessions.list_sessions(actor.id, current=actor.session_id),
    }
    return await page(request, "console/security.html", context, status=status)


async def change_password(request: web.Request) -> web.StreamResponse:
    """Set a new password; every other browser is signed out."""
    actor = _actor()
    parsed = await read_form(request, PasswordForm)
    if parsed.value is None:
        return await _page(request, parsed.errors, 422)
    form = parsed.value
    try:
        # A stolen session must not serve for guessing the password.
        await throttle.admit(f"change:{actor.id}", request.remote or "")
        await accounts.change_password(actor.id, form.current, form.password, keep_session=actor.session_id)
    except errors.Invalid as exc:
        return await _page(request, exc.errors, 422)
    except errors.TooMany as exc:
        return await _page(request, {"current": exc.detail}, 429)
    await throttle.succeeded(f"change:{actor.id}", request.remote or "")
    flash(request, _("Password changed. Your other sessions are signed out."))
    return see_other(url("kernel.security"))


async def end_one(request: web.Request) -> web.StreamResponse:
    """Sign one of one's own browsers out."""
    actor = _actor()
    parsed = await read_form(request, SessionForm)
    session_id = parse_id(parsed.value.session) if parsed.value else None
    if session_id is None or not await sessions.end_session(session_id, account_id=actor.id):
        raise errors.NotFound()
    flash(request, _("Signed out there"))
    response = see_other(url("kernel.security") if session_id != actor.session_id else url("kernel.landing"))
    if session_id == actor.session_id:
        sessions.clear_cookie(response)
    return response


async def end_others(request: web.Request) -> web.StreamResponse:
    """Sign every other browser out."""
    actor = _actor()
    count = await sessions.end_all(actor.id, except_id=actor.session_id)
    text = ngettext("Signed out of {n} other session", "Signed out of {n} other sessions", count)
    flash(request, text.format(n=count))
    return see_other(url("kernel.security"))
