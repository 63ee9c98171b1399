"""For whom and when a switch is on: people, shares of people, dates. Pure; evaluated per reader, never per tenant.

A rule that names nobody lets everybody in. Otherwise those listed (by account or e-mail domain) are in, and of
the others the given share; with roles, of their holders only. A share is sticky: a person who is in at 10 %
stays in at 20 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from ..base.context import Actor

#: Most people or domains that one rule may list; more is a role.
MOST_LISTED = 500
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")


class Reader(NamedTuple):
    """Whom a rule looks at. Nobody signed in: no account, so that only rules for everybody let them in."""

    account_id: UUID | None = None
    email: str = ""
    roles: frozenset[str] = frozenset()


def reader_of(actor: Actor | None) -> Reader:
    """Whom rules look at when this actor asks."""
    return Reader() if actor is None else Reader(actor.id, actor.email, actor.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRule:
    """`percent` 0 to 100; `domains` are the lower-case part behind the @; `since` counts, `until` does not."""

    percent: int | None = None
    roles: frozenset[str] = frozenset()
    accounts: frozenset[UUID] = frozenset()
    domains: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def picks(self) -> bool:
        """Whether it depends on who asks."""
        return bool(self.roles or self.accounts or self.domains) or self.percent not in (None, 100)

    @property
    def empty(self) -> bool:
        return not self.picks and self.since is None and self.until is None

    def due(self, at: datetime) -> bool:
        """Is it within the dates?"""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def turns(self, at: datetime) -> datetime | None:
        """When the dates next change their answer after `at`."""
        return min((d for d in (self.since, self.until) if d is not None and d > at), default=None)

    def listed(self, reader: Reader) -> bool:
        return reader.account_id in self.accounts or (
            bool(self.domains) and reader.email.rpartition("@")[2].lower() in self.domains
        )

    def admits(self, tenant_id: UUID, key: str, reader: Reader) -> bool:
        """Is the switch on for this reader? Dates are not looked at: they hold for the whole tenant."""
        if not self.picks:
            return True
        if reader.account_id is None:
            return False
        if self.listed(reader):
            return True
        if self.percent is None:
            return bool(self.roles & reader.roles)
        if self.roles and not self.roles & reader.roles:
            return False
        return share_of(tenant_id, key, reader.account_id) < self.percent

    def stored(self) -> dict[str, object]:
        """As JSON, only what is set."""
        found: dict[str, object] = {
            "percent": self.percent,
            "roles": sorted(self.roles),
            "accounts": sorted(str(one) for one in self.accounts),
            "domains": sorted(self.domains),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }
        return {name: value for name, value in found.items() if value not in (None, [])}


def rule_of(stored: Mapping[str, Any] | None) -> SwitchRule | None:
    """A stored rule; None for none at all."""
    if not stored:
        return None
    return SwitchRule(
        percent=stored.get("percent"),
        roles=frozenset(stored.get("roles", ())),
        accounts=frozenset(UUID(one) for one in stored.get("accounts", ())),
        domains=frozenset(stored.get("domains", ())),
        since=datetime.fromisoformat(stored["since"]) if stored.get("since") else None,
        until=datetime.fromisoformat(stored["until"]) if stored.get("until") else None,
    )


def share_of(tenant_id: UUID, key: str, subject: UUID) -> float:
    """Where `subject` stands between 0 and 100 for this switch: always the same place, another one per switch."""
    digest = blake2b(f"{tenant_id}:{key}:{subject}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % 10_000 / 100


def domains_in(text: str) -> tuple[frozenset[str], list[str]]:
    """E-mail domains written with commas, spaces or lines between them, and those that cannot be one."""
    words = [word.removeprefix("@").lower() for word in re.split(r"[\s,;]+", text) if word]
    return frozenset(w for w in words if _DOMAIN.fullmatch(w)), [w for w in words if not _DOMAIN.fullmatch(w)]


def next_turn(rules: Iterable[SwitchRule | None], at: datetime) -> datetime | None:
    """The first instant after `at` at which the dates of any of the rules count anew."""
    return min((turn for rule in rules if rule is not None and (turn := rule.turns(at)) is not None), default=None)
