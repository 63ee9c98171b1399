"""A person's messages: the list, the bell, and what one does with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from aiohttp import web

from kernel import (
    bus,
    current_actor,
    errors,
    flash,
    fragment,
    local_path,
    ngettext,
    page,
    read_form,
    read_query,
    see_other,
    sse,
    url,
    url_with,
)
from kernel import gettext as _

from .. import inbox, queries
from ..forms import Inbox, Mark
from ..services import channel


def me() -> UUID:
    """The account that is signed in."""
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor.id


async def show(request: web.Request) -> web.StreamResponse:
    """Everything, or only what is unread."""
    asked = read_query(request, Inbox).value or Inbox()
    only_unread = asked.show == "unread"
    found = await queries.inbox(me(), only_unread=only_unread, number=asked.page)
    waiting = found.total if only_unread else await queries.unread(me())
    show_now = "unread" if only_unread else None

    def at(number: int) -> str:
        return url_with("notifications.list", {}, {"show": show_now, "page": number if number > 1 else None})

    context = {
        "title": _("Notifications"),
        "found": found,
        "only_unread": only_unread,
        "waiting": waiting,
        "waiting_words": f"{queries.MANY}+" if waiting > queries.MANY and not only_unread else str(waiting),
        "here": at(found.number),
        "prev": at(found.number - 1) if found.number > 1 else None,
        "next": at(found.number + 1) if found.more else None,
    }
    return await page(request, "notifications/list.html", context)


async def bell(request: web.Request) -> web.StreamResponse:
    """The panel under the bell; it also tells the count."""
    waiting = await queries.unread(me())
    shown = await queries.latest(me())
    context = {"items": shown, "waiting": waiting, "label": label(waiting), "count": count(waiting)}
    return await fragment(request, "notifications/_panel.html", context)


def label(waiting: int) -> str:
    """What the bell is called for those who do not see it."""
    if not waiting:
        return _("Notifications")
    return ngettext("Notifications, %(n)s unread", "Notifications, %(n)s unread", waiting) % {"n": count(waiting)}


def count(waiting: int) -> str:
    """What stands on the bell."""
    return f"{queries.MANY}+" if waiting > queries.MANY else str(waiting)


async def stream(request: web.Request) -> web.StreamResponse:
    """Tells "changed" whenever this person's messages did; `seen` is the count that the page shows already."""
    account_id = me()
    seen = request.query.get("seen", "")

    async def changes() -> AsyncIterator[str]:
        async with bus().subscribe(channel(account_id), limit=4) as messages:
            # Between the drawing of the page and now something may have come.
            if seen != str(await queries.unread(account_id)):
                yield "changed"
            async for _message in messages:
                yield "changed"

    return await sse(request, changes(), plugin="notifications")


async def mark(request: web.Request) -> web.StreamResponse:
    """Read, or unread again."""
    parsed = await read_form(request, Mark)
    if parsed.value is None:
        raise errors.BadRequest()
    await inbox.mark(me(), request.match_info["id"], read=parsed.value.read)
    return see_other(_back(parsed.value.next))


async def follow(request: web.Request) -> web.StreamResponse:
    """Mark as read and go where the message leads."""
    row = await inbox.mark(me(), request.match_info["id"])
    target = inbox.destination(row.action_url)
    return see_other(target or url("notifications.list"))


async def read_all(request: web.Request) -> web.StreamResponse:
    """Everything is read."""
    parsed = await read_form(request, Mark)
    changed = await inbox.mark_all(me())
    done = ngettext("%(n)s notification marked as read", "%(n)s notifications marked as read", changed)
    flash(request, done % {"n": changed} if changed else _("There was nothing unread"))
    return see_other(_back(parsed.value.next if parsed.value else ""))


def _back(path: str) -> str:
    return local_path(path, url("notifications.list"))
