"""What the pages around the time of a session send: ticks, lateness, reminders, calendars."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, StringConstraints, field_validator

from kernel import N_, Form, Words, _

from . import reminders


class TickForm(Form):
    item: Annotated[str, StringConstraints(max_length=10)]
    on: Literal["1", "0"] = "1"


class ResumeForm(Form):
    """Only a file, which comes beside the fields."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class LateForm(Form):
    minutes: int


class OwnRemindersForm(Form):
    """Minutes before the start, as ticked; none: as the house says."""

    minutes: list[int] = []

    @field_validator("minutes")
    @classmethod
    def _known(cls, found: list[int]) -> list[int]:
        if len(found) > 5 or any(not 0 < n <= reminders.FURTHEST for n in found):
            raise ValueError(_("Choose up to five moments, at most two weeks before."))
        return found


class TypeRemindersForm(Form):
    """`own`: this type has rules of its own, one per line."""

    own: bool = False
    rules: Annotated[str, StringConstraints(max_length=600)] = ""


class ConnectForm(Form):
    """A calendar elsewhere. User and password only where its provider asks for them."""

    name: Annotated[str, StringConstraints(max_length=80)] = ""
    address: Annotated[str, StringConstraints(min_length=8, max_length=1500), Words(missing=N_("Enter the address"))]
    user: Annotated[str, StringConstraints(max_length=200)] = ""
    password: Annotated[str, StringConstraints(max_length=200)] = ""


class CallbackQuery(Form):
    """What a provider sends people back with."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: Annotated[str, StringConstraints(max_length=200)] = ""
    code: Annotated[str, StringConstraints(max_length=2000)] = ""
    error: Annotated[str, StringConstraints(max_length=200)] = ""
