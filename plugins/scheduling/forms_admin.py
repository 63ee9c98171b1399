"""What administrators send: the question of the list, and the forms of what they do to bookings."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kernel import N_, Form, Listing, Words

_Date = Annotated[date | None, Field(ge=date(1972, 1, 1), le=date(9000, 1, 1))]
_Why: Final = N_("Enter a reason: both people read it")
_Reason = Annotated[str, StringConstraints(min_length=3, max_length=500), Words(missing=_Why, short=_Why)]
_Seen = Annotated[str, StringConstraints(max_length=40)]

State = Literal[
    "", "held", "requested", "pending", "accepted", "in_progress", "completed", "cancelled", "expired", "rejected"
]
OutcomeName = Literal["", "completed", "no_show_candidate", "no_show_interviewer", "no_show_both", "disputed"]


class BookingsAsked(Listing):
    """Which bookings, in which order. Dates count in the reader's zone; `q` is a person, a reference or a title.

    `result` is what calling off or not coming led to: full, part or none (of the price back), strike.
    """

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    status: State = ""
    outcome: OutcomeName = ""
    kind: Literal["", "human", "ai"] = ""
    type: Annotated[str, StringConstraints(max_length=60)] = ""
    interviewer: UUID | None = None
    candidate: UUID | None = None
    first: _Date = None
    last: _Date = None
    price: Literal["", "free", "paid", "package"] = ""
    result: Literal["", "full", "part", "none", "strike"] = ""
    sort: Literal["when", "booked", "price"] = "when"
    asc: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether anything but the state is asked for."""
        return bool(self.model_dump(exclude_defaults=True).keys() - {"status", "sort", "asc", "limit", "cursor"})


class ExportAsked(BookingsAsked):
    """`bom`: the mark by which spreadsheets know UTF-8; 0 leaves it out."""

    bom: Literal["0", "1"] = "1"


class ReassignForm(Form):
    interviewer_id: Annotated[UUID, Words(missing=N_("Choose who holds the session"))]
    reason: _Reason


class ExtendForm(Form):
    minutes: Annotated[int, Field(ge=1, le=240)]
    reason: _Reason


class AdminMoveForm(Form):
    start: Annotated[str, StringConstraints(max_length=40)] = ""
    tz: Annotated[str, StringConstraints(max_length=64)] = ""
    clock: Annotated[str, StringConstraints(max_length=4)] = ""
    seen: _Seen = ""
    reason: _Reason


class MarkForm(Form):
    outcome: Annotated[
        Literal["completed", "no_show_candidate", "no_show_interviewer", "no_show_both"],
        Words(missing=N_("Choose what happened"), bad=N_("Choose what happened")),
    ]
    reason: Annotated[
        str,
        StringConstraints(min_length=3, max_length=500),
        Words(missing=N_("Say how you know"), short=N_("Say how you know")),
    ]
    seen_completed: _Seen = ""
    seen_no_show_candidate: _Seen = ""
    seen_no_show_interviewer: _Seen = ""
    seen_no_show_both: _Seen = ""

    @property
    def seen(self) -> str:
        """The seal of what was shown for the answer that was chosen."""
        return str(getattr(self, f"seen_{self.outcome}"))


class BulkForm(Form):
    """Chosen bookings, or with `everything` all that the filters find."""

    id: list[UUID] = []
    everything: bool = False
    query: Annotated[str, StringConstraints(max_length=2000)] = ""


class BulkCancelForm(Form):
    """`item` is an id and the seal of what was shown for it."""

    item: list[str] = []
    reason: _Reason
    percent: Annotated[int | None, Field(ge=0, le=100)] = None


class HolidaysForm(Form):
    country: list[str] = []


class HolidaysQuery(Form):
    year: Annotated[int, Field(ge=1990, le=2100)] = 0
    country: list[str] = []


class LoadQuery(Form):
    """`week` is any date of it; the week of today without one."""

    week: _Date = None
