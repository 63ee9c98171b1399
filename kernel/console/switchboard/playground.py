"""Who has what: every switch for one person, for holders of a role, or for a visitor, and why."""

from __future__ import annotations

from aiohttp import web

from ...auth import accounts
from ...auth.permissions import all_roles
from ...auth.sessions import actor_of
from ...base.i18n import _
from ...base.ids import new_id
from ...base.runtime import runtime
from ...plugging.manifest import KERNEL
from ...tenancy.snapshots import whole_snapshot
from ...tenancy.switch_rules import Reader, reader_of
from ...web.views import page
from .explaining import Verdict, explain, names_for


async def show_playground(request: web.Request) -> web.StreamResponse:
    """`?account=` is an e-mail address; else `?role=`; neither is a visitor."""
    email, role = request.query.get("account", "").strip()[:254], request.query.get("role", "")
    roles = await all_roles()
    role = role if role in {one.id for one in roles} else ""
    reader, who, problem = Reader(), _("Somebody who is not signed in"), ""
    if email:
        found = await accounts.find_account(email)
        actor = await actor_of(found.id) if found is not None else None
        if actor is not None:
            reader, who = reader_of(actor), actor.name
        elif found is None:
            problem = _("There is no account with this email address.")
        else:
            problem = _("This account is locked or was never confirmed.")
    elif role:
        # Nobody in particular: a share of the role then counts as not (yet) reached.
        reader = Reader(new_id(), "", frozenset({role}))
        who = _("Somebody with the role {role}").format(role=next(one.label for one in roles if one.id == role))
    asked = not problem and bool(email or role or "visitor" in request.query)
    context = {
        "title": _("Plugins"),
        "email": email,
        "role": role,
        "roles": [("", _("Nobody in particular")), *((one.id, one.label) for one in roles)],
        "errors": {"account": problem} if problem else {},
        "who": who,
        "asked": asked,
        "rows": await _rows(reader) if asked else [],
    }
    return await page(request, "console/switch_playground.html", context, status=422 if problem else 200)


async def _rows(reader: Reader) -> list[tuple[str, bool, Verdict, str]]:
    """(label, is it a feature, verdict, the reason that decides) of every switch."""
    registry, snapshot = runtime().registry, whole_snapshot()
    names = await names_for(snapshot)
    found = []
    for pid in registry.plugins:
        for key in (pid, *(feature.id for feature in registry.features.get(pid, ()))):
            if key == KERNEL:
                continue
            verdict = explain(snapshot, key, names, reader)
            found.append((_(registry.title(key)), key != pid, verdict, deciding(verdict)))
    return found


def deciding(verdict: Verdict) -> str:
    """The step that decided: the first that is not met, else the last."""
    missed = next((step.text for step in verdict.steps if not step.ok), None)
    if missed is not None and not verdict.on:
        return missed
    return verdict.steps[-1].text
