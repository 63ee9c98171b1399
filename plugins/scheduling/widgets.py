"""Pieces of other pages: the next sessions on everybody's start page, interviewers on the front page."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from kernel import SIGNED_IN, Widget, can, current_actor, services, templates
from plugins.users.api import Interviewers

from . import queries
from .models import Schedule
from .permissions import HOURS
from .routes.directory import entries_of
from .routes.sessions import badge_of, pictures_of


async def next_sessions(subject: Any) -> Markup | None:
    """What comes next, or the way to it."""
    actor = current_actor()
    if actor is None:
        return None
    found = await queries.BOOKINGS.upcoming(actor.id, 5)
    partners = [i.interviewer_id if i.candidate_id == actor.id else i.candidate_id for i in found]
    context = {
        "found": found,
        "asked": await queries.asked_of(actor.id) if "interviewer" in actor.roles else [],
        "me": actor.id,
        "pictures": await pictures_of([p for p in partners if p is not None]),
        "badge": badge_of,
        "interviewer": can(HOURS),
        # Owners hold every right; hours are asked of interviewers.
        "without_hours": "interviewer" in actor.roles
        and not await Schedule.filter(account_id=actor.id, name="").exists(),
    }
    return await templates.piece("scheduling/home_widget.html", context)


async def featured(subject: Any) -> Markup | None:
    """A few interviewers who are free soon."""
    people = services.get(Interviewers)
    if people is None:
        return None
    entries = await entries_of(await people.listed())
    soon = sorted((e for e in entries if e.next_free is not None), key=lambda e: str(e.next_free))[:6]
    if not soon:
        return None
    return await templates.piece("scheduling/landing_widget.html", {"entries": soon})


WIDGETS = [
    Widget(slot="home", name="scheduling.next", render=next_sessions, order=10, permission=SIGNED_IN),
    Widget(slot="landing", name="scheduling.featured", render=featured, order=10, wide=True),
]
