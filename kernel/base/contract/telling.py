"""What a plugin tells people: notices and their kinds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

if TYPE_CHECKING:
    pass

from .doing import Happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to one person, in source language; translated and formatted for its recipient.

    `subject`, `body` (markdown, blank line between paragraphs) and `action_label` are `N_()` messages with
    `{placeholders}` from `params`: str as it is, aware datetime as weekday, date, time and zone of the
    recipient, `Money` as an amount, `Text` translated. Give `account_id`, or `email` for someone without
    one. `key` makes it unique: the same key is delivered once. `attachments` are (file name, type, bytes).
    `channels` narrows where it goes; empty: wherever the type and the person say.
    """

    key: str
    subject: str
    body: str
    params: Mapping[str, Any] = field(default_factory=dict)
    account_id: UUID | None = None
    email: str | None = None
    action_label: str = ""
    action_url: str = ""
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A message inside `Notice.params` that is translated for the recipient."""

    message: str


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in integer minor units of an ISO 4217 currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationType:
    """A kind of message. With `event`, `compose` is called for each such event and says what to send.

    `channels` are the defaults of its recipients; `critical` ones cannot be switched off by them.
    """

    id: str
    label: str
    event: str | None = None
    compose: Callable[[Happened], Awaitable[list[Notice]]] | None = None
    channels: tuple[str, ...] = ("email", "inapp")
    critical: bool = False


class NoticeSink(Protocol):
    """Whoever delivers notices provides this service; without one, notices are not composed at all."""

    async def deliver(self, type_id: str, notices: list[Notice]) -> None:
        """Queue `notices` of a declared type for their recipients; joins the open unit of work."""
