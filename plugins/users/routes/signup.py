"""Sign-up, confirmation of an address, a forgotten password."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from kernel import (
    accounts,
    current_actor,
    current_tenant,
    errors,
    flash,
    local_path,
    page,
    read_form,
    see_other,
    sessions,
    setting,
    url,
)
from kernel import gettext as _

from ..forms import EmailForm, EmptyForm, NewPasswordForm, SignUpForm
from ..services import signup


async def show_sign_up(request: web.Request) -> web.StreamResponse:
    """The form; whoever is signed in already goes on."""
    target = request.query.get("next", "")
    if current_actor() is not None:
        return see_other(local_path(target, url("kernel.home")))
    return await _sign_up_form(request, {"next": target}, {})


async def _sign_up_form(
    request: web.Request, raw: Mapping[str, str], problems: Mapping[str, str], status: int = 200
) -> web.StreamResponse:
    context = {
        "title": _("Create an account"),
        "raw": raw,
        "errors": dict(problems),
        "next": local_path(raw.get("next", ""), ""),
        "closed": setting("users.sign_up") == "closed",
        "tenant": current_tenant().name,
    }
    return await page(request, "users/sign_up.html", context, status=status)


async def sign_up(request: web.Request) -> web.StreamResponse:
    """Make the account, or pretend to: the answer is the same for an address that has one."""
    parsed = await read_form(request, SignUpForm)
    form = parsed.value
    if form is not None:
        try:
            token = await signup.sign_up(form.name, form.email, form.password, next_path=form.next)
            return see_other(url("users.sent", token=token))
        except errors.Invalid as exc:
            parsed.refuse(exc.errors)
    return await _sign_up_form(request, parsed.raw, parsed.errors, 422)


async def show_sent(request: web.Request) -> web.StreamResponse:
    """Look into your inbox."""
    try:
        about = await signup.sent_to(request.match_info["token"])
    except errors.NotFound:
        return see_other(url("users.resend_confirmation"))
    reset = about["kind"] == "reset"
    context = {
        "title": _("Check your inbox"),
        "about": about,
        "reset": reset,
        "mail_works": signup.mail_works(),
        "again": url("users.reset_ask" if reset else "users.resend"),
        "hours": setting("users.link_hours"),
        "minutes": setting("users.reset_minutes"),
    }
    return await page(request, "users/sent.html", context)


async def show_resend(request: web.Request) -> web.StreamResponse:
    return await _ask(request, {}, {}, "resend")


async def show_forgot(request: web.Request) -> web.StreamResponse:
    return await _ask(request, {}, {}, "reset")


async def _ask(
    request: web.Request, raw: Mapping[str, str], problems: Mapping[str, str], kind: str, status: int = 200
) -> web.StreamResponse:
    context = {
        "title": _("Forgotten password") if kind == "reset" else _("Confirm your email address"),
        "raw": raw,
        "errors": dict(problems),
        "reset": kind == "reset",
        "action": url("users.reset_ask" if kind == "reset" else "users.resend"),
        "next": local_path(raw.get("next", ""), ""),
    }
    return await page(request, "users/ask_link.html", context, status=status)


async def resend(request: web.Request) -> web.StreamResponse:
    """Have the confirmation link sent again; the answer is the same whoever asks."""
    parsed = await read_form(request, EmailForm)
    if parsed.value is None:
        return await _ask(request, parsed.raw, parsed.errors, "resend", 422)
    token = await signup.ask_again(parsed.value.email, next_path=parsed.value.next)
    return see_other(url("users.sent", token=token))


async def reset_ask(request: web.Request) -> web.StreamResponse:
    """Have a link for a new password sent; the answer is the same whoever asks."""
    parsed = await read_form(request, EmailForm)
    if parsed.value is None:
        return await _ask(request, parsed.raw, parsed.errors, "reset", 422)
    return see_other(url("users.sent", token=await signup.ask_reset(parsed.value.email)))


async def show_verify(request: web.Request) -> web.StreamResponse:
    """Asks before anything happens: mail scanners open links, too."""
    token = request.match_info["token"]
    email = await signup.peek_link(signup.VERIFY, token)
    if email is None:
        return await _over(request, "verify")
    context = {"title": _("Confirm your email address"), "email": email, "token": token}
    return await page(request, "users/verify.html", context)


async def verify(request: web.Request) -> web.StreamResponse:
    """The address is proved; its person is signed in and goes on to where they wanted."""
    await read_form(request, EmptyForm)
    try:
        done = await signup.confirm(request.match_info["token"])
    except errors.Gone:
        return await _over(request, "verify")
    return await _enter(request, done, _("Email address confirmed. Welcome!"))


async def show_reset(request: web.Request) -> web.StreamResponse:
    return await _reset_form(request, {})


async def _reset_form(request: web.Request, problems: Mapping[str, str], status: int = 200) -> web.StreamResponse:
    token = request.match_info["token"]
    email = await signup.peek_link(signup.RESET, token)
    if email is None:
        return await _over(request, "reset")
    context = {"title": _("Set a new password"), "email": email, "token": token, "errors": dict(problems)}
    return await page(request, "users/new_password.html", context, status=status)


async def reset(request: web.Request) -> web.StreamResponse:
    """Set the password; every session ends but the one that begins now."""
    parsed = await read_form(request, NewPasswordForm)
    if parsed.value is None:
        return await _reset_form(request, parsed.errors, 422)
    try:
        done = await signup.reset_password(request.match_info["token"], parsed.value.password)
    except errors.Invalid as exc:
        return await _reset_form(request, exc.errors, 422)
    except errors.Gone:
        return await _over(request, "reset")
    return await _enter(request, done, _("Password changed. Your other sessions are signed out."))


async def _over(request: web.Request, kind: str) -> web.StreamResponse:
    """The link was used, is too old, or was never ours: offer another."""
    context = {
        "title": _("This link no longer works"),
        "reset": kind == "reset",
        "again": url("users.forgot_password" if kind == "reset" else "users.resend_confirmation"),
    }
    return await page(request, "users/link_over.html", context, status=410)


async def _enter(request: web.Request, done: signup.Confirmed, words: str) -> web.StreamResponse:
    if not done.may_enter:
        raise errors.Forbidden(
            _("Signing in is not possible at the moment. Write to the people who run this site."),
            title=_("This account is locked"),
        )
    token = await sessions.start_session(await accounts.account(done.account_id), request)
    flash(request, words)
    response = see_other(local_path(done.next, url("kernel.home")))
    sessions.set_cookie(response, token)
    return response
