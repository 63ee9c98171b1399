"""Tickets as pages show them: threads, history, lists, with names and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from kernel import accounts, current_actor, format_datetime, now, parse_id, relative, render_markdown, url
from kernel import gettext as _

from . import neighbours, queries, states
from .models import Change, Entry, Ticket
from .queries import Row


async def names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Display names; whoever was erased is told as such."""
    wanted = {account_id for account_id in ids if account_id is not None}
    cards = await accounts.accounts_by_ids(wanted)
    gone = _("Former member")
    return {i: (cards[i].name or gone) if i in cards else gone for i in wanted}


async def thread(ticket: Ticket, *, internal: bool, reader_id: UUID) -> list[dict[str, Any]]:
    """What was written, oldest first, ready to be drawn."""
    found = await queries.entries(ticket, internal=internal)
    files = await queries.attachments_of(found)
    authors = [entry.author_id for entry in found]
    known, pictures = await names(authors), await neighbours.pictures(authors)
    route = "helpdesk.desk_file" if internal else "helpdesk.file"
    return [
        {
            "id": entry.id,
            "name": known[entry.author_id],
            "picture": pictures.get(entry.author_id),
            "own": entry.author_id == reader_id,
            "by_agent": entry.by_agent,
            "internal": entry.internal,
            "when": entry.created_at,
            "body": render_markdown(entry.body),
            "files": [
                {
                    "name": f.name,
                    "size": max(1, round(f.size / 1024)),
                    "picture": f.content_type.startswith("image/"),
                    "href": url(route, number=ticket.number, id=f.id),
                }
                for f in files[entry.id]
            ],
        }
        for entry in found
    ]


async def timeline(ticket: Ticket) -> list[dict[str, Any]]:
    """The history for `ui.timeline`, newest first, down to the beginning."""
    changes = await queries.history(ticket)
    people = [c.actor_id for c in changes]
    people += [parse_id(value) for c in changes if c.field == "assignee" for value in (c.before, c.after)]
    known = await names([*people, ticket.requester_id])
    found = [_step(change, known) for change in changes]
    found.append(
        {"title": _("Ticket opened"), "when": ticket.created_at, "who": known[ticket.requester_id], "icon": "plus"}
    )
    return found


def _step(change: Change, known: Mapping[UUID, str]) -> dict[str, Any]:
    tone, icon = "", "clock"
    if change.field == "state":
        words, tone = states.STATES.get(change.after, (change.after, ""))
        before = _(states.STATES.get(change.before, (change.before, ""))[0])
        title = _("State set to “{after}”, was “{before}”").format(after=_(words), before=before)
        icon = "check" if change.after == states.SOLVED else "flag"
    elif change.field == "priority":
        words, tone = states.PRIORITIES.get(change.after, (change.after, ""))
        title, icon = _("Priority set to “{after}”").format(after=_(words)), "up"
    else:
        person = parse_id(change.after)
        title = _("Given to {name}").format(name=known[person]) if person else _("Given back to the queue")
        icon = "user"
    who = known.get(change.actor_id, "") if change.actor_id else _("By rule")
    text = _(change.reason) if change.reason in states.RULES else change.reason
    return {"title": title, "when": change.at, "who": who, "icon": icon, "tone": tone.replace("info", "accent"),
            "text": text}  # fmt: skip


async def collision(ticket: Ticket, reader_id: UUID) -> str:
    """Who was quicker, in one sentence: shown above what the reader was about to send."""
    entry = await Entry.filter(ticket_id=ticket.id).order_by("-created_at", "-id").first()
    change = await Change.filter(ticket_id=ticket.id).order_by("-at", "-id").first()
    if entry is not None and (change is None or entry.created_at >= change.at or change.reason == states.BY_REPLY):
        who, at = entry.author_id, entry.created_at
        said = _("{name} replied {when}, while you were writing.")
        if entry.internal:
            said = _("{name} added a note {when}, while you were writing.")
    elif change is not None and change.actor_id is not None:
        who, at = change.actor_id, change.at
        said = _("{name} changed this ticket {when}, while you were writing.")
    else:
        return _("This ticket was changed while you were writing.")
    if who == reader_id:
        said = _("You changed this ticket in another window {when}.")
    return said.format(name=(await names([who]))[who], when=relative(at))


async def rows_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Lines of a list, with names and the time of a session that starts soon."""
    known = await names([r.requester_id for r in rows] + [r.assignee_id for r in rows])
    pictures = await neighbours.pictures([r.requester_id for r in rows])
    soon = await neighbours.many({r.booking_id for r in rows if r.booking_id is not None and r.state in states.LIVE})
    return [
        {
            "t": r,
            "requester": known[r.requester_id],
            "picture": pictures.get(r.requester_id),
            "assignee": known.get(r.assignee_id) if r.assignee_id else None,
            "session": _ahead(soon.get(r.booking_id)) if r.booking_id else None,
        }
        for r in rows
    ]


def _ahead(info: Any | None) -> Any | None:
    """The start of a session that is still to come."""
    return info.starts_at if info is not None and info.status == "accepted" and info.starts_at > now() else None


def session_words(info: Any, account_id: UUID) -> str:
    """A session in a list of choices, as this participant knows it."""
    other = info.interviewer_name if info.candidate_id == account_id else info.candidate_name
    said = _("{title} with {name}, {when}") if other else _("{title}, {when}")
    return said.format(title=info.type_title, name=other, when=format_datetime(info.starts_at, "short"))


def reader() -> UUID:
    """Who is signed in."""
    actor = current_actor()
    if actor is None:
        raise RuntimeError("a page of tickets is drawn for somebody who is signed in")
    return actor.id
