"""Who wants to be told what, and how."""

from __future__ import annotations

from aiohttp import web

from kernel import accounts, errors, flash, page, read_form, see_other, url
from kernel import gettext as _

from .. import inbox, preferences
from ..forms import Chosen
from .inbox import me


async def show(request: web.Request) -> web.StreamResponse:
    """The matrix: types by channels."""
    account_id = me()
    card = (await accounts.accounts_by_ids([account_id])).get(account_id)
    context = {
        "title": _("Notification preferences"),
        "groups": await preferences.matrix(str(account_id)),
        "channels": {"email": _("Email"), "inapp": _("In the app")},
        "email": card.email if card else "",
        "refused": await inbox.refused(account_id),
    }
    return await page(request, "notifications/preferences.html", context)


async def save(request: web.Request) -> web.StreamResponse:
    """Store the boxes that were on the page; others are left as they are."""
    parsed = await read_form(request, Chosen)
    if parsed.value is None:
        raise errors.BadRequest()
    if parsed.value.reset:
        await preferences.reset(str(me()))
        flash(request, _("Back to the defaults"))
        return see_other(url("notifications.preferences"))
    ticked = set(parsed.value.wanted)
    chosen = {}
    for box in parsed.value.shown:
        type_id, _colon, channel = box.rpartition(":")
        chosen[type_id, channel] = box in ticked
    await preferences.save(str(me()), chosen)
    flash(request, _("Preferences saved"))
    return see_other(url("notifications.preferences"))


async def try_address(request: web.Request) -> web.StreamResponse:
    """The mailbox works again, says its owner."""
    await inbox.try_address_again(me())
    flash(request, _("We write to your address again"))
    return see_other(url("notifications.preferences"))


async def send_test(request: web.Request) -> web.StreamResponse:
    """A message to oneself, to see that it arrives."""
    await inbox.send_test(me())
    flash(request, _("Test message sent"))
    return see_other(url("notifications.preferences"))
