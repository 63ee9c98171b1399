"""Pieces of other pages: the account menu, what a person should do next, entries of the palette."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from kernel import SIGNED_IN, SearchHit, SearchSource, Widget, can, current_actor, is_on, templates, url
from kernel import gettext as _

from . import queries, states
from .permissions import APPLY, DECIDE, INTERVIEWER, PEOPLE
from .services import applications, interviewers
from .services.applications import ROLE


def _interviews() -> bool:
    """Is the reader an interviewer? Owners hold the right without being one."""
    actor = current_actor()
    return actor is not None and ROLE in actor.roles and can(INTERVIEWER)


async def account_menu(_subject: Any) -> Markup | None:
    """Links to one's own profiles, in the menu behind the picture."""
    return await templates.piece("users/w_account.html", {"interviewer": _interviews()})


async def next_steps(_subject: Any) -> Markup | None:
    """What this person should do about their own profile or application; nothing when all is well."""
    actor = current_actor()
    if actor is None:
        return None
    if _interviews():
        row = await interviewers.interviewer_of(actor.id)
        if row is not None and row.published:
            return None
        missing = interviewers.missing(row) if row else list(interviewers.NEEDED)
        return await templates.piece("users/w_publish.html", {"missing": missing})
    if not is_on("users.applications") or not can(APPLY):
        return None
    application = await applications.application_of(actor.id)
    if application is None or application.state in (states.APPROVED, states.REJECTED, states.WITHDRAWN):
        return None
    return await templates.piece(
        "users/w_application.html",
        {"row": application, "label": _(states.LABELS[application.state]), "tone": states.TONES[application.state]},
    )


async def waiting(_subject: Any) -> Markup | None:
    """Applications that wait for a decision."""
    rows, total = await queries.list_applications(state=states.SUBMITTED, limit=3)
    if not rows:
        return None
    pictures = await queries.people.picture_urls([row.account_id for row in rows])
    return await templates.piece("users/w_waiting.html", {"rows": rows, "total": total, "pictures": pictures})


WIDGETS = [
    Widget(slot="shell.account", name="users-account", render=account_menu, order=10, permission=SIGNED_IN),
    Widget(slot="home", name="users-next", render=next_steps, order=80, permission=SIGNED_IN),
    Widget(
        slot="home", name="users-waiting", render=waiting, order=60, permission=DECIDE, feature="users.applications"
    ),
]


async def find_people(words: str) -> list[SearchHit]:
    """People by name or address, for those who may see them."""
    rows, _total = await queries.list_people(words, limit=5)
    return [SearchHit(label=r.name, hint=r.email, url=url("users.admin_person", id=r.id), icon="user") for r in rows]


SEARCH = [SearchSource(name="users-people", find=find_people, permission=PEOPLE)]
