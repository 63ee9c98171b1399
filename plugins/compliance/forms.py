"""What people send to this plugin's pages."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from kernel import N_, Form, Words

#: Days that the calendar of every zone can hold.
Day = Annotated[
    date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31)), Words(bad=N_("Enter a date such as 2030-12-31."))
]


class AuditQuery(Form):
    q: Annotated[str, Field(max_length=100)] = ""
    action: Annotated[str, Field(max_length=120)] = ""
    who: Annotated[str, Field(max_length=100)] = ""
    since: Day | None = None
    until: Day | None = None
    before: Annotated[int, Field(ge=1, le=2**62)] | None = None


class EmptyForm(Form):
    pass


class ErasureForm(Form):
    confirm: Annotated[str, Field(min_length=1), Words(missing=N_("Type your email address."))]
    note: Annotated[str, Field(max_length=500), Words(long=N_("Use at most 500 characters."))] = ""


class VersionForm(Form):
    version: int


class RequestsQuery(Form):
    group: Literal["open", "closed", "exports"] = "open"
    page: Annotated[int, Field(ge=1, le=100_000)] = 1


class NewRequestForm(Form):
    email: Annotated[str, Field(min_length=3), Words(missing=N_("Enter the person's email address."))]
    kind: Literal["export", "erasure"] = "erasure"
    note: Annotated[str, Field(max_length=500), Words(long=N_("Use at most 500 characters."))] = ""


class DeclineForm(VersionForm):
    reason: Annotated[
        str, Field(min_length=5, max_length=500),
        Words(missing=N_("Give the reason; the person is told."), short=N_("Say a little more.")),
    ]  # fmt: skip


class ExecuteForm(VersionForm):
    confirm: str = ""
