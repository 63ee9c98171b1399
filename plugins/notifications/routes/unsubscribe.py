"""Saying no without signing in: the page asks, the POST acts, and so does a mail program's one click."""

from __future__ import annotations

from aiohttp import web

from kernel import errors, page, read_form
from kernel import gettext as _

from .. import links, preferences
from ..forms import Unsubscribe
from ..models import EMAIL


async def _asked(request: web.Request) -> tuple[str, str]:
    """Recipient and type of the link. Gone when it is not ours, which says no more than that."""
    found = await links.read(request.match_info["token"])
    if found is None:
        raise errors.Gone(
            _("This link does not work. Use the one in the newest email, or sign in to change what you get.")
        )
    return found


async def show(request: web.Request) -> web.StreamResponse:
    """Ask first: programs that look at links must not change anything."""
    recipient, type_id = await _asked(request)
    return await _page(request, recipient, type_id, "ask")


async def act(request: web.Request) -> web.StreamResponse:
    """No more of these, or none at all of what can be turned off; or yes again."""
    recipient, type_id = await _asked(request)
    parsed = await read_form(request, Unsubscribe)
    if parsed.value is None:
        raise errors.BadRequest()
    if parsed.value.resubscribe:
        await preferences.save(recipient, {(type_id, EMAIL): True}, source="link")
        return await _page(request, recipient, type_id, "again")
    await preferences.unsubscribe(recipient, type_id, everything=parsed.value.everything)
    return await _page(request, recipient, type_id, "everything" if parsed.value.everything else "done")


async def _page(request: web.Request, recipient: str, type_id: str, step: str) -> web.StreamResponse:
    kind = preferences.find_type(type_id)
    context = {
        "title": _("Unsubscribe") if step == "ask" else _("Email again") if step == "again" else _("Unsubscribed"),
        "step": step,
        "type": preferences.label_of(type_id) if kind else "",
        "critical": kind is not None and kind.critical,
        "off": not await preferences.is_wanted(recipient, type_id),
        "token": request.match_info["token"],
        "known": "@" not in recipient,
    }
    return await page(request, "notifications/unsubscribe.html", context, headers={"X-Robots-Tag": "noindex"})
