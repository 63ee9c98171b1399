"""Rules of reminders: how long before or after a session somebody hears of it, who, and where. Data, no I/O.

A rule is a line: `1440` (minutes before the start, to both, wherever they want), `60 candidate`, `15 inapp`,
`+1440 candidate email` (after the end).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kernel import _

BEFORE, MISSING, AFTER = "before", "missing", "after"
ROLES: Final = ("candidate", "interviewer")
CHANNELS: Final = ("email", "inapp")
#: The most minutes from the start or the end, and the most rules of a list.
FURTHEST: Final = 14 * 24 * 60
MOST: Final = 8
#: When somebody who is not there hears of it.
MISSING_AFTER: Final = 2
_RULE = re.compile(r"(?P<after>\+?)(?P<minutes>\d{1,5})(?: (?P<role>candidate|interviewer))?(?: (?P<to>email|inapp))?")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line. `role` and `channel` empty: both people, all channels."""

    kind: str
    minutes: int
    role: str = ""
    channel: str = ""

    def __str__(self) -> str:
        sign = "+" if self.kind == AFTER else ""
        return " ".join(part for part in (f"{sign}{self.minutes}", self.role, self.channel) if part)


@dataclass(frozen=True, slots=True)
class Due:
    """What is planned for one person: `channels` '' is all."""

    account_id: UUID
    kind: str
    minutes: int
    channels: str
    at: datetime


def parse(text: str) -> Rule | None:
    """The rule of a line; None for a line that is none."""
    found = _RULE.fullmatch(" ".join(text.split()))
    if found is None or not 0 < int(found["minutes"]) <= FURTHEST:
        return None
    kind = AFTER if found["after"] else BEFORE
    return Rule(kind, int(found["minutes"]), found["role"] or "", found["to"] or "")


def problem(lines: Iterable[str]) -> str | None:
    """What is wrong with a list of lines, for whoever typed them."""
    texts = list(lines)
    if len(texts) > MOST:
        return _("Use at most eight reminders.")
    if any(parse(text) is None for text in texts):
        return _(
            "Write minutes such as 60, and after them candidate or interviewer, email or inapp. At most two weeks."
        )
    return None


def rules(lines: Iterable[str]) -> tuple[Rule, ...]:
    """The rules of a list; lines that are none are left out."""
    return tuple(dict.fromkeys(rule for text in lines if (rule := parse(text)) is not None))


def due(
    found: Iterable[Rule],
    people: Mapping[UUID, str],
    own: Mapping[UUID, tuple[int, ...]],
    starts_at: datetime,
    after: datetime,
) -> list[Due]:
    """What these rules mean for these people (roles by account), as far as its moment is later than `after`.

    `own`: minutes before the start that a person chose instead of the rules. Two rules for the same moment and person
    are one message, on the channels of both.
    """
    planned: dict[tuple[UUID, str, int], set[str]] = {}
    for account_id, role in people.items():
        for rule in found:
            if rule.kind == BEFORE and not own.get(account_id) and rule.role in ("", role):
                planned.setdefault((account_id, BEFORE, rule.minutes), set()).add(rule.channel)
        for minutes in own.get(account_id, ()):
            planned.setdefault((account_id, BEFORE, minutes), set()).add("")
        planned[account_id, MISSING, MISSING_AFTER] = {""}
    made = [
        Due(account_id, kind, minutes, joined(channels), _moment(kind, minutes, starts_at))
        for (account_id, kind, minutes), channels in planned.items()
    ]
    return sorted((d for d in made if d.at > after), key=lambda d: (d.at, str(d.account_id)))


def follow_ups(found: Iterable[Rule], people: Mapping[UUID, str], over_at: datetime) -> list[Due]:
    """What comes after a session that took place and was over at an instant."""
    planned: dict[tuple[UUID, int], set[str]] = {}
    for account_id, role in people.items():
        for rule in found:
            if rule.kind == AFTER and rule.role in ("", role):
                planned.setdefault((account_id, rule.minutes), set()).add(rule.channel)
    return [
        Due(account_id, AFTER, minutes, joined(channels), over_at + timedelta(minutes=minutes))
        for (account_id, minutes), channels in planned.items()
    ]


def _moment(kind: str, minutes: int, starts_at: datetime) -> datetime:
    """Counted in elapsed time from the instant of the start, so a change of the clocks in between moves nothing."""
    return starts_at + timedelta(minutes=minutes if kind == MISSING else -minutes)


def joined(channels: set[str]) -> str:
    """One value for several channels; '' stands for all."""
    return "" if "" in channels or set(CHANNELS) <= channels else ",".join(sorted(channels))
