"""Signing in and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from aiohttp import web
from pydantic import StringConstraints

from ..auth import sessions
from ..auth.signin import Outcome, check_credentials
from ..base import errors
from ..base.context import current_actor
from ..base.i18n import N_, _
from ..web.forms import Form, read_form
from ..web.routing import url
from ..web.views import flash, local_path, page, see_other
from ..web.words import Words
from .landmarks import landmark


class SignInForm(Form):
    """What the sign-in page sends. The password is taken as typed, spaces included."""

    email: Annotated[str, StringConstraints(max_length=320), Words(missing=N_("Enter your email address"))]
    password: Annotated[
        str,
        StringConstraints(strip_whitespace=False, min_length=1, max_length=1000),
        Words(missing=N_("Enter your password")),
    ]
    next: str = ""


async def show_sign_in(request: web.Request) -> web.StreamResponse:
    """The form; whoever is signed in already goes on to where they wanted."""
    target = request.query.get("next", "")
    if current_actor() is not None:
        return see_other(local_path(target, url("kernel.home")))
    return await _form(request, {"next": target}, {})


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Check the credentials. Unknown address and wrong password get the same answer."""
    parsed = await read_form(request, SignInForm)
    if parsed.value is None:
        return await _form(request, parsed.raw, parsed.errors, status=422)
    form = parsed.value
    try:
        outcome = await check_credentials(form.email, form.password, ip=request.remote or "")
    except errors.TooMany as exc:
        return await _form(request, parsed.raw, {"email": exc.detail}, status=429, headers=exc.headers)
    if outcome.account is None:
        problem = {"email": _("This email address and password do not belong together. Check both and try again.")}
        return await _form(request, parsed.raw, problem, status=422)
    if outcome.result != "ok":
        return await _form(request, parsed.raw, {}, status=403, outcome=outcome)
    token = await sessions.start_session(outcome.account, request)
    response = see_other(local_path(form.next, url("kernel.home")))
    sessions.set_cookie(response, token)
    return response


async def _form(
    request: web.Request,
    raw: dict[str, str],
    problems: dict[str, str],
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    outcome: Outcome | None = None,
) -> web.StreamResponse:
    target = local_path(raw.get("next", ""), "")
    sign_up = landmark("sign_up")
    context = {
        "title": _("Sign in"),
        "email": raw.get("email", ""),
        "next": target,
        "errors": problems,
        "outcome": outcome.result if outcome else "",
        # Whoever makes an account first still gets to where they wanted.
        "sign_up": f"{sign_up}?{urlencode({'next': target})}" if sign_up and target else sign_up,
        "forgot": landmark("forgot_password"),
        "resend": landmark("resend_confirmation"),
    }
    return await page(request, "console/sign_in.html", context, status=status, headers=headers)


async def sign_out(request: web.Request) -> web.StreamResponse:
    """End this session. Works for a session that is over already, too."""
    actor = current_actor()
    if actor is not None and actor.session_id is not None:
        await sessions.end_session(actor.session_id)
        flash(request, _("You are signed out"))
    response = see_other(url("kernel.landing"))
    sessions.clear_cookie(response)
    return response
