"""What people send."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kernel import N_, Form, Words


class Inbox(Form):
    """Which messages to show."""

    show: str = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1


class Mark(Form):
    """`next`: the page to go back to."""

    read: bool = True
    next: Annotated[str, Field(max_length=2000)] = ""


class Chosen(Form):
    """The matrix: boxes that were drawn, and those that are ticked. A box that was not drawn stays as it is."""

    shown: Annotated[list[str], Field(max_length=600)] = []
    wanted: Annotated[list[str], Field(max_length=600)] = []
    reset: bool = False


class Unsubscribe(Form):
    """A person's answer on the page, or a mail program's one click (RFC 8058)."""

    everything: bool = False
    one_click: Annotated[str, Field(alias="List-Unsubscribe", max_length=40)] = ""
    resubscribe: bool = False


class Log(Form):
    """Filters of the record of e-mails."""

    q: Annotated[str, Field(max_length=100), Words(long=N_("Search for up to 100 characters"))] = ""
    state: str = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1


class Viewer(Form):
    """Filters of the mailbox viewer."""

    q: Annotated[str, Field(max_length=100)] = ""
    view: str = ""
