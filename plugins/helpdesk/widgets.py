"""Pieces of other pages: the way to a ticket, what waits at the desk, and the palette's entries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from markupsafe import Markup

from kernel import SIGNED_IN, SearchHit, SearchSource, Widget, current_actor, parse_id, request_id, templates, url
from kernel import gettext as _

from . import neighbours, queries, states, viewing
from .forms import DeskQuery
from .permissions import WORK

#: On these error pages there is nothing to report: sign in, wait, or go on.
_NOTHING_WRONG = (401, 413, 429)


async def on_error(subject: Any) -> Markup | None:
    """Report the problem with the request's reference filled in. Asks nobody: the database may be what is wrong."""
    if current_actor() is None or subject in _NOTHING_WRONG:
        return None
    return await templates.piece("helpdesk/w_error.html", {"reference": request_id()})


async def home(subject: Any) -> Markup | None:
    """What waits for support; nothing when nothing does."""
    actor = current_actor()
    if actor is None:
        return None
    counts = await queries.count_queues(actor.id)
    if not counts["waiting"]:
        return None
    rows, _total = await queries.desk(DeskQuery(), actor.id)
    waiting = [row for row in rows if row.last_by == "requester"][:4]
    context = {
        "rows": await viewing.rows_of(waiting),
        "counts": counts,
        "priorities": states.PRIORITIES,
    }
    return await templates.piece("helpdesk/w_home.html", context)


async def on_booking(subject: Any) -> Markup | None:
    """The way to help from the page of one's own session."""
    found = getattr(subject, "id", subject)
    booking_id = found if isinstance(found, UUID) else parse_id(str(found or ""))
    actor = current_actor()
    if booking_id is None or actor is None or await neighbours.own_booking(booking_id, actor.id) is None:
        return None
    return await templates.piece("helpdesk/w_booking.html", {"booking_id": booking_id})


async def find(words: str) -> list[SearchHit]:
    """Tickets for the palette of agents, by number, subject or requester."""
    actor = current_actor()
    if actor is None:
        return []
    rows = []
    for queue in ("open", "solved"):
        rows += (await queries.desk(DeskQuery(queue=queue, q=words[:100]), actor.id))[0]
    return [
        SearchHit(
            label=_("#{number} {subject}").format(number=row.number, subject=row.subject),
            hint=_(states.STATES[row.state][0]),
            url=url("helpdesk.desk_ticket", number=row.number),
            icon="life",
        )
        for row in rows[:5]
    ]


WIDGETS = [
    Widget(slot="shell.error", name="helpdesk.report", render=on_error, permission=SIGNED_IN),
    Widget(slot="home", name="helpdesk.waiting", render=home, order=35, permission=WORK),
    Widget(slot="scheduling.booking", name="helpdesk.ask", render=on_booking, order=90, permission=SIGNED_IN),
]
SEARCH = [SearchSource(name="helpdesk.tickets", find=find, permission=WORK)]
