"""Input of pages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kernel import N_, Form, Words

from .hub.wire import MAX_CHAT


class Enter(Form):
    """With what somebody comes in: the tab (made by the script), whether they leave another device, a guest's name."""

    tab: Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    move: bool = False
    name: Annotated[str, Field(max_length=120)] = ""


class Uninvite(Form):
    """Whose invitation is taken back."""

    email: Annotated[str, Field(max_length=254)]


class Turn(Form):
    """What a candidate sends in the practice room without script."""

    do: Literal["answer", "hint", "next", "repeat"] = "answer"
    text: Annotated[str, Field(max_length=MAX_CHAT), Words(bad=N_("Keep the answer under 4,000 characters"))] = ""
    cid: Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9_-]*$")] = ""


class BankFilter(Form):
    """Filters of the question bank."""

    topic: Annotated[str, Field(max_length=24)] = ""
    q: Annotated[str, Field(max_length=80)] = ""


class Active(Form):
    """The switch of a question."""

    on: Literal["on", "off"]
