"""The bell in the top bar."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from kernel import SIGNED_IN, Widget, current_actor, templates

from . import queries
from .routes.inbox import count, label


async def bell(subject: Any) -> Markup | None:
    """A link to the messages; with script a panel that fills itself when it is opened."""
    actor = current_actor()
    if actor is None:
        return None
    waiting = await queries.unread(actor.id)
    context = {"waiting": waiting, "label": label(waiting), "count": count(waiting)}
    return await templates.piece("notifications/w_bell.html", context)


WIDGETS = [Widget(slot="shell.bell", name="notifications.bell", render=bell, permission=SIGNED_IN)]
