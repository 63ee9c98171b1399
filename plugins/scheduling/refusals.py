"""Why a time cannot be booked, as people are told, and the exceptions that carry it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from kernel import N_, _, errors, zones

_WORDS: Final[dict[str, str]] = {
    "gap": N_("Clocks go forward over this time, so it does not exist on that day. Choose another time."),
    "past": N_("This time has passed. Choose a later one."),
    "too_soon": N_("This time is too soon to prepare for. Choose a later one."),
    "too_late": N_("This time is too far ahead to be booked yet. Choose an earlier one."),
    "outside": N_("The session would not lie within the hours offered. Choose one of the listed times."),
    "off_grid": N_("Sessions do not start at this minute. Choose one of the listed times."),
    "time_off": N_("The interviewer is away at this time. Choose another one."),
    "busy": N_("This time was just taken."),
    "buffer": N_("This time was just taken."),
    "too_long": N_("The session is longer than the gap before the next one. Choose another time."),
    "limit_day": N_("The interviewer takes no more sessions on this day. Choose another day."),
    "limit_week": N_("The interviewer takes no more sessions in this week. Choose another week."),
    "consecutive": N_("The interviewer needs a break at this time. Choose another one."),
    "own_time": N_("You have another session at this time. Choose another one."),
    "no_hours": N_("There are no times to book at the moment."),
    "not_accepting": N_("This interviewer takes no new bookings at the moment."),
    "not_offered": N_("This interview is not offered any more."),
    "yourself": N_("You cannot book yourself."),
    "too_many": N_("You have as many upcoming sessions as one person may have. Cancel one, or wait for the next."),
    "too_many_holds": N_("You hold as many times as one person may. Confirm or let go of one of them first."),
    "suspended": N_("You cannot book at the moment, because of strikes. See My standing for when they run out."),
    "nobody_now": N_("Nobody is available at this moment. Choose a time instead, or try again later."),
    "your_time": N_("Your own calendar is not free at this time any more."),
    "same_time": N_("This is the session's time already. Choose another one."),
    "not_a_time": N_("Choose one of the listed times."),
}
#: What somebody else has done in the meantime; the rest is wrong with the request itself.
_TAKEN: Final = frozenset({"busy", "buffer"})


class NotBookable(errors.Problem):
    """A time cannot be had. 409 when it went away meanwhile, else 422; `nearest` are times that can be had."""

    def __init__(self, reason: str, nearest: list[datetime] | None = None) -> None:
        super().__init__(words(reason))
        self.reason = reason
        self.nearest = nearest or []
        self.status = 409 if self.taken else 422
        self.title = _("This time is not free") if self.taken else _("This time cannot be booked")
        self.extra["code"] = reason
        self.extra["nearest"] = [f"{instant:%Y-%m-%dT%H:%MZ}" for instant in self.nearest]
        if not self.taken:
            self.extra["errors"] = {"start": self.detail}

    @property
    def taken(self) -> bool:
        return self.reason in _TAKEN


def words(reason: str) -> str:
    """The reason, in the reader's language."""
    return _(_WORDS.get(reason, _WORDS["not_a_time"]))


def parse_start(text: str, zone: str) -> datetime:
    """The instant (UTC) that a form or the API names: with an offset, or as wall time in `zone`, to the minute.

    Raises NotBookable: `gap` for a wall time that does not exist, `not_a_time` for what is no time at all.
    """
    try:
        found = datetime.fromisoformat(text[:40])
    except ValueError:
        raise NotBookable("not_a_time") from None
    if found.second or found.microsecond or not 1971 <= found.year <= 9000:
        raise NotBookable("not_a_time")
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    instants = zones.instants(found.date(), found.time(), zone)
    if not instants:
        raise NotBookable("gap")
    return instants[0]
