"""What other plugins may ask about bookings, and the filter with which they may stop one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from kernel import Filter


@dataclass(frozen=True, slots=True)
class BookingInfo:
    """A booking as other plugins see it.

    `interviewer_id` is None for a practice with the scripted interviewer (`kind` "ai"; otherwise "human").
    `status` is held, requested, pending, accepted, in_progress, completed, cancelled, expired or rejected; `outcome`
    is None until the end and then completed, no_show_candidate, no_show_interviewer, no_show_both or disputed.
    `intake` holds what the candidate wrote: `goal`, and `answers` to the type's own questions. `path` is the
    permanent session page. Names of erased people are empty. `topic` is coding, system_design,
    behavioural, product, sql, data or empty. `version` grows with every change; `ical_sequence` with every change of
    time or validity. `second_id` (`second_name`) is the other interviewer of a panel. With `alias` the candidate
    practises under another name (`candidate_name` is it) and without picture. `mode` is instant, request, now or offer.
    `wait_minutes`: how long people wait for each other by the booking's policy; None: it does not say.
    """

    id: UUID
    candidate_id: UUID
    interviewer_id: UUID | None
    candidate_name: str
    interviewer_name: str
    starts_at: datetime
    ends_at: datetime
    status: str
    outcome: str | None
    kind: str
    type_id: UUID
    type_slug: str
    type_title: str
    level: str
    duration_minutes: int
    price_minor: int
    currency: str
    path: str
    candidate_zone: str
    version: int
    ical_sequence: int
    intake: Mapping[str, Any] = field(default_factory=dict)
    topic: str = ""
    second_id: UUID | None = None
    alias: str = ""
    mode: str = "instant"
    wait_minutes: int | None = None
    second_name: str = ""


class Bookings(Protocol):
    """Bookings of the tenant in scope. Whoever shows one to a person checks first that it is theirs."""

    async def get(self, booking_id: UUID) -> BookingInfo | None:
        """One booking, whatever its status; None when there is none."""

    async def many(self, booking_ids: list[UUID]) -> dict[UUID, BookingInfo]:
        """Several at once; unknown ids are missing."""

    async def upcoming(self, account_id: UUID, limit: int = 10) -> list[BookingInfo]:
        """Accepted and running ones of a candidate or interviewer that are not over, the next first."""

    async def past(self, account_id: UUID, limit: int = 10) -> list[BookingInfo]:
        """Those whose time is over or that ended, the latest first; without unpaid and expired holds."""

    async def for_period(self, start: datetime, end: datetime) -> list[BookingInfo]:
        """All that begin in [start, end), by time; without unpaid and expired holds."""

    async def start(self, booking_id: UUID) -> None:
        """The session began: accepted becomes in_progress. Again: nothing. Raises Conflict for one that is over."""

    async def finish(self, booking_id: UUID, outcome: str) -> None:
        """The session is over: completed or a no-show. Again: nothing. Raises Conflict for one that was cancelled."""


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody without account who may sit in; `role` is guest or observer. `link` is the personal one of now."""

    email: str
    name: str
    role: str
    link: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom a personal link was made for. `stale`: the session has another time or interviewer since."""

    booking: BookingInfo
    email: str
    name: str
    role: str
    stale: bool


class Invitations(Protocol):
    """Guests and observers of bookings, who come by links bound to their addresses."""

    async def behind(self, token: str) -> Invitation | None:
        """None for a link that we did not make, that was taken back, or that belongs to somebody with an account."""

    async def of(self, booking_id: UUID) -> list[Invited]:
        """Everybody who is invited now."""

    async def withdraw(self, booking_id: UUID, email: str) -> bool:
        """Take an invitation back: the link leads nowhere from now on. False when there is none."""


@dataclass(frozen=True, slots=True)
class BookingRequested(Filter):
    """Asked before a time is taken, for a new booking and for a moved one. A step refuses with `Stop(message)`."""

    name: ClassVar[str] = "scheduling.booking_requested.v1"

    type_id: UUID
    interviewer_id: UUID | None
    candidate_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What a calendar elsewhere said: every busy period in the span asked for, and what to remember for next time.

    `access`: fresh secrets to keep (a renewed token); None: unchanged. `name`: what the calendar calls itself.
    """

    busy: tuple[tuple[datetime, datetime], ...]
    memory: Mapping[str, Any] = field(default_factory=dict)
    access: Mapping[str, str] | None = None
    name: str = ""


class CalendarRefused(Exception):
    """A calendar cannot be read before its owner acts: wrong password, revoked access. The text is for the owner."""


class CalendarFailed(Exception):
    """A calendar could not be read this time. The text is for the owner."""


class CalendarProvider(Protocol):
    """Reads busy times of one kind of calendar elsewhere. Other plugins may offer more of these.

    `fields`: what its owner enters: address, user, password. A provider with `sign_in` is connected at its own site.
    """

    id: str
    label: str
    help: str
    fields: tuple[str, ...]

    def offered(self) -> bool:
        """Whether it is set up here."""

    async def read(
        self, access: Mapping[str, str], memory: Mapping[str, Any], span: tuple[datetime, datetime], zone: str
    ) -> Reading:
        """Busy periods within `span`; aware UTC. `zone` is for times without one. Raises CalendarRefused or -Failed."""


class SignInProvider(CalendarProvider, Protocol):
    """A provider whose owners grant access at its own site (OAuth 2 with PKCE)."""

    def sign_in_url(self, back: str, state: str, challenge: str) -> str:
        """Where to send the owner."""

    async def redeem(self, back: str, code: str, verifier: str) -> Mapping[str, str]:
        """Access for what the owner was sent back with. Raises CalendarRefused or CalendarFailed."""
