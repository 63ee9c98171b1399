"""What pages, services and the wire are told. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from kernel import N_, now, services, setting
from plugins.users.api import People

from .access import Seat
from .ai import bank, practice_report
from .ai.coverage import REASONS
from .api import PracticeReport, SessionInfo
from .engines.base import MediaEngine
from .models import LiveSession, Presence, Question
from .services import LEFT_BEHIND
from .states.session import PARTIES
from .tickets import ice_servers

#: Final states in words, for badges and headings.
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "ended": (N_("Session ended"), "ok"),
    "no_show_candidate": (N_("The candidate did not come"), "warn"),
    "no_show_interviewer": (N_("The interviewer did not come"), "warn"),
    "no_show_both": (N_("Nobody came"), "warn"),
    "cancelled": (N_("Cancelled"), "bad"),
    "failed": (N_("The session failed"), "bad"),
}


def media_of(engine: MediaEngine, seat: Seat) -> Mapping[str, Any]:
    """How this person's browser reaches the other one. Credentials are made for this session only."""
    servers = ice_servers(f"{seat.booking.id.hex[:12]}-{seat.person.id.hex[:8]}", seat.window.closes_at)
    relay = bool(setting("live.relay_only")) and any("credential" in server for server in servers)
    return engine.joining(servers, relay_only=relay)


async def partner_here(seat: Seat) -> bool:
    """Whether a party of the session other than the reader is in the room at this moment."""
    if seat.session is None:
        return False
    return (
        await Presence.filter(
            session_id=seat.session.id, left_at=None, seen_at__gt=now() - LEFT_BEHIND, role__in=list(PARTIES)
        )
        .exclude(account_id=seat.person.id)
        .exists()
    )


async def pictures(seat: Seat) -> dict[str, str]:
    """Addresses of the pictures of those who have an account, by its id. Nobody who hides behind an alias."""
    people, booking = services.get(People), seat.booking
    ids = [i for i in (booking.candidate_id, booking.interviewer_id, booking.second_id) if i is not None]
    if booking.alias and seat.person.id != booking.candidate_id:
        ids.remove(booking.candidate_id)
    found = await people.picture_urls(ids) if people is not None else {}
    return {str(person): address for person, address in found.items()}


class SessionsOfRooms:
    """Provider of `live.Sessions`."""

    async def get(self, booking_id: UUID) -> SessionInfo | None:
        row = await LiveSession.filter(booking_id=booking_id).first()
        if row is None:
            return None
        stays = Presence.filter(session_id=row.id, left_at=None, seen_at__gt=now() - LEFT_BEHIND)
        here: list[UUID] = await stays.distinct().values_list("account_id", flat=True)  # type: ignore[assignment]
        return SessionInfo(
            row.booking_id, row.kind, row.state, row.started_at, row.ended_at, row.seconds, tuple(here)
        )  # fmt: skip


class PracticesOfRooms:
    """Provider of `live.Practices`."""

    async def report(self, booking_id: UUID) -> PracticeReport | None:
        return await practice_report.of_booking(booking_id)


def reason_text(key: str) -> str:
    """Source text of why an answer was not assessed."""
    return REASONS.get(key, "")


@dataclass(frozen=True, slots=True)
class BankRow:
    """A question in the admin's list."""

    id: UUID
    title: str
    prompt: str
    topic: str
    level: str
    minutes: int
    points: int
    hints: int
    active: bool
    bundled: bool


async def question_rows(topic: str = "", q: str = "") -> list[BankRow]:
    """The bank in order of topic, level and title."""
    rows = Question.filter(topic=topic) if topic in bank.TOPICS else Question.all()
    if q:
        rows = rows.filter(title__icontains=q)
    levels, topics = list(bank.LEVELS), list(bank.TOPICS)
    found = [_bank_row(row) for row in await rows]
    return sorted(found, key=lambda r: (topics.index(r.topic), levels.index(r.level), r.title))


def _bank_row(row: Question) -> BankRow:
    points, hints = row.content.get("points"), row.content.get("hints")
    return BankRow(
        id=row.id,
        title=row.title,
        prompt=str(row.content.get("prompt", "")),
        topic=row.topic,
        level=row.level,
        minutes=row.minutes,
        points=len(points) if isinstance(points, list) else 0,
        hints=len(hints) if isinstance(hints, list) else 0,
        active=row.active,
        bundled=row.bundled,
    )
