"""What other plugins may ask about people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class InterviewerCard:
    """An approved interviewer as lists and pages of others show them.

    `rate_minor` is per hour in minor units of `currency`; 0 means free of charge. `zone` is where they live, as an
    IANA name. `bio` is markdown. `published` is False for an approved interviewer who is not listed (yet).
    `accepting` is False while they take no new candidates.
    """

    account_id: UUID
    name: str
    slug: str
    headline: str
    company: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    rate_minor: int
    currency: str
    zone: str
    picture_url: str | None
    accepting: bool
    bio: str = ""
    years: int = 0
    published: bool = True
    pronouns: str = ""


class Interviewers(Protocol):
    """Approved interviewers whose account is in order. Somebody locked, erased or not approved is absent."""

    async def card(self, account_id: UUID) -> InterviewerCard | None:
        """The interviewer of this account, published or not."""

    async def cards(self, ids: Iterable[UUID]) -> dict[UUID, InterviewerCard]:
        """Several at once, in one query; whoever is no interviewer is missing."""

    async def by_slug(self, slug: str) -> InterviewerCard | None:
        """The published interviewer with this address."""

    async def listed(self, q: str = "", skill: str = "", language: str = "") -> list[InterviewerCard]:
        """Published interviewers by name. `q` is looked for in name, headline, company and skills; `skill` and
        `language` (a code such as `de`) must match one of theirs, whatever the case."""


class People(Protocol):
    """Names and pictures of accounts, for lists."""

    async def names(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        """Display names; erased people and unknown ids are missing."""

    async def picture_urls(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        """Site-relative addresses of pictures; whoever has none is missing (draw initials)."""
