"""Forms: what may be typed, and what is said about it."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kernel import N_, Form, Words

Category = Literal["session", "technical", "payment", "account", "feedback", "other"]
Priority = Literal["low", "normal", "high", "urgent"]
State = Literal["new", "open", "pending", "solved", "closed"]

Subject = Annotated[
    str,
    StringConstraints(min_length=3, max_length=120),
    Words(missing=N_("Enter a subject"), short=N_("Say a little more in the subject")),
]
Body = Annotated[
    str,
    StringConstraints(min_length=2, max_length=10_000),
    Words(missing=N_("Write what it is about"), long=N_("Write at most 10,000 characters, or attach a file")),
]
#: The request id of an error page.
Reference = Annotated[str, StringConstraints(max_length=80, pattern=r"^[A-Za-z0-9._:-]*$")]
#: Numbers fit the column.
Number = Annotated[int, Field(ge=1, le=2_000_000_000)]


class NewTicketForm(Form):
    subject: Subject
    category: Annotated[Category, Words(missing=N_("Choose what it is about"), bad=N_("Choose what it is about"))]
    body: Body
    booking: UUID | None = None
    about: Reference = ""
    follows: Number | None = None
    preview: bool = False


class ReplyForm(Form):
    body: Body
    preview: bool = False


class AgentReplyForm(Form):
    """`kind` reply reaches the requester, note never does. `then`: the state after a reply."""

    kind: Literal["reply", "note"]
    body: Body
    then: Literal["pending", "open", "solved"] = "pending"
    version: Number
    preview: bool = False


class PreviewForm(Form):
    text: Annotated[str, StringConstraints(max_length=20_000)] = ""


class EmptyForm(Form):
    """A button."""


class StateForm(Form):
    state: State
    version: Number


class PriorityForm(Form):
    priority: Priority
    version: Number


class AssignForm(Form):
    """No `assignee`: nobody in particular."""

    assignee: UUID | None = None
    version: Number


class MineQuery(Form):
    show: Literal["open", "over", "all"] = "all"
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    page: Annotated[int, Field(ge=1, le=9999)] = 1


class DeskQuery(Form):
    queue: Literal["unassigned", "mine", "open", "solved"] = "open"
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    priority: Literal["", "low", "normal", "high", "urgent"] = ""
    category: Literal["", "session", "technical", "payment", "account", "feedback", "other"] = ""
    sort: Literal["urgency", "updated", "number"] = "urgency"
    desc: bool = False
    page: Annotated[int, Field(ge=1, le=9999)] = 1
