"""Tickets for a demo tenant, in every state, as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from kernel import accounts, current_tenant, execute, new_id, now, unit_of_work

from . import demo_texts, states
from .demo_texts import Line, Sample
from .models import Change, Entry, Ticket

_AGENTS = (("maya.osei@example.com", "Maya Osei"), ("felix.sommer@example.com", "Felix Sommer"))


@dataclass(frozen=True, slots=True)
class _Cast:
    agents: tuple[UUID, ...]
    people: dict[str, UUID]


async def seed(slug: str) -> None:
    """Fill the tenant; done once. Rows are written as they are: nobody has to be told about invented tickets."""
    async with unit_of_work():
        cast = await _people()
        at = now()
        samples = sorted(demo_texts.SAMPLES, key=lambda s: -s.hours_ago)
        tickets, entries, changes = [], [], []
        for number, sample in enumerate(samples, 1):
            ticket = _ticket(number, sample, cast, at)
            tickets.append(ticket)
            entries += [_entry(ticket, line, cast) for line in sample.lines]
            changes += _history(ticket, sample, cast)
        await Ticket.bulk_create(tickets)
        await Entry.bulk_create(entries)
        await Change.bulk_create(changes)
        await execute(
            "INSERT INTO helpdesk_series (id, tenant_id, number) VALUES ($1, $2, $3)",
            new_id(),
            current_tenant().id,
            len(tickets),
        )


async def _people() -> _Cast:
    agents = []
    for email, name in _AGENTS:
        found = await accounts.find_account(email)
        if found is None:
            found = await accounts.create_account(email, name, state="active", roles=("member", "agent"), by_rule=True)
        agents.append(found.id)
    people: dict[str, UUID] = {}
    interviewers = {card.id for card in await accounts.accounts_with_role("interviewer")}
    for key in ("candidate", "interviewer"):
        login = await accounts.find_account(f"{key}@demo.test")
        cards = await accounts.accounts_with_role(key)
        own = [login.id] if login is not None else []
        others = [c.id for c in cards if (c.id in interviewers) == (key == "interviewer")]
        for n in range(6):
            some = [*dict.fromkeys([*own, *others])] or agents
            people[f"{key}{n}"] = some[min(n, len(some) - 1)]
    return _Cast(tuple(agents), people)


def _who(line: Line, ticket: Ticket, cast: _Cast) -> UUID:
    return cast.agents[line.agent] if line.agent is not None else ticket.requester_id


def _begin(sample: Sample, at: datetime) -> datetime:
    return at - timedelta(hours=sample.hours_ago)


def _ticket(number: int, sample: Sample, cast: _Cast, at: datetime) -> Ticket:
    begin = _begin(sample, at)
    public = [line for line in sample.lines if not line.internal]
    answers = [begin + timedelta(minutes=line.minutes) for line in public if line.agent is not None]
    last = begin + timedelta(minutes=public[-1].minutes)
    over = sample.state in states.OVER
    return Ticket(
        number=number,
        requester_id=cast.people[sample.requester],
        subject=sample.subject,
        category=sample.category,
        state=sample.state,
        priority=sample.priority,
        assignee_id=cast.agents[sample.assignee] if sample.assignee is not None else None,
        reference=sample.reference,
        raised=sample.priority == states.URGENT,
        last_by="agent" if public[-1].agent is not None else "requester",
        last_entry_at=last,
        first_reply_at=answers[0] if answers else None,
        solved_at=last if over else None,
        closed_at=last + timedelta(days=14) if sample.state == states.CLOSED else None,
        created_at=begin,
        updated_at=last,
        version=1 + len(sample.lines),
    )


def _entry(ticket: Ticket, line: Line, cast: _Cast) -> Entry:
    return Entry(
        ticket_id=ticket.id,
        author_id=_who(line, ticket, cast),
        by_agent=line.agent is not None,
        internal=line.internal,
        body=line.text,
        created_at=ticket.created_at + timedelta(minutes=line.minutes),
    )


def _history(ticket: Ticket, sample: Sample, cast: _Cast) -> list[Change]:
    """What led to the state in which the ticket is."""
    found: list[Change] = []

    def note(minutes: int, field: str, before: str, after: str, actor: UUID | None, reason: str = "") -> None:
        moment = ticket.created_at + timedelta(minutes=minutes)
        found.append(
            Change(
                ticket_id=ticket.id, field=field, before=before, after=after, actor_id=actor, reason=reason, at=moment
            )
        )

    if ticket.priority == states.URGENT:
        note(0, "priority", states.NORMAL, states.URGENT, None, states.SESSION_SOON)
    elif ticket.priority != states.NORMAL:
        note(1, "priority", states.NORMAL, ticket.priority, cast.agents[0])
    if ticket.assignee_id is not None:
        note(2, "assignee", "", str(ticket.assignee_id), ticket.assignee_id)
    state = states.NEW
    public = [line for line in sample.lines if not line.internal]
    for line in public[1:]:
        last = line is public[-1]
        by_agent = states.SOLVED if last and sample.state in states.OVER else states.PENDING
        after = by_agent if line.agent is not None else states.NEW if state == states.NEW else states.OPEN
        if after != state:
            note(line.minutes, "state", state, after, _who(line, ticket, cast), states.BY_REPLY)
            state = after
    if state != sample.state:
        actor = None if sample.state == states.CLOSED else ticket.assignee_id
        days = 14 * 24 * 60 if sample.state == states.CLOSED else 5
        reason = states.BY_AGE if sample.state == states.CLOSED else ""
        note(public[-1].minutes + days, "state", state, sample.state, actor, reason)
    return found
