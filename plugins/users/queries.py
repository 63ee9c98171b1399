"""The read side: interviewers as others see them, people and applications as administrators see them.

Joins the kernel's account and grant tables for reading, so that a list is one query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel import accounts, current_tenant, now, sql, url_with

from .api import InterviewerCard
from .models import Application, ApplicationStep
from .services.profiles import VISIBLE_AT_FIRST

_APPROVED = (
    "EXISTS (SELECT 1 FROM kernel_grant g WHERE g.tenant_id = a.tenant_id AND g.account_id = a.id"
    " AND g.role = 'interviewer' AND (g.until IS NULL OR g.until > $2))"
)
_CARDS = f"""
SELECT i.account_id, a.name, i.slug, i.headline, i.company, i.skills, i.languages, i.rate_minor, i.currency, a.zone,
  p.picture_id, i.accepting, i.bio, i.years, i.published, p.pronouns, p.visible
FROM users_interviewer_profile i
JOIN kernel_account a ON a.tenant_id = i.tenant_id AND a.id = i.account_id AND a.state = 'active'
LEFT JOIN users_profile p ON p.tenant_id = i.tenant_id AND p.account_id = i.account_id
WHERE i.tenant_id = $1 AND {_APPROVED}
"""  # noqa: S608 - constants


_SEARCHED = ("a.name", "i.headline", "i.company", "i.skills::text")


def picture_url(account_id: UUID, picture_id: UUID, *, small: bool = False) -> str:
    """Address of a picture; changes with the picture, so that browsers may keep it."""
    query = {"v": picture_id.hex[-8:], "size": "64" if small else None}
    return url_with("users.picture", {"account_id": account_id}, query)


def _card(row: Any) -> InterviewerCard:
    visible = VISIBLE_AT_FIRST if row.visible is None else json.loads(row.visible)
    shown = row.picture_id is not None and "picture" in visible
    return InterviewerCard(
        account_id=row.account_id,
        name=row.name,
        slug=row.slug,
        headline=row.headline,
        company=row.company,
        skills=tuple(json.loads(row.skills)),
        languages=tuple(json.loads(row.languages)),
        rate_minor=row.rate_minor,
        currency=row.currency,
        zone=row.zone,
        picture_url=picture_url(row.account_id, row.picture_id) if shown else None,
        accepting=row.accepting,
        bio=row.bio,
        years=row.years,
        published=row.published,
        pronouns=row.pronouns if row.pronouns and "pronouns" in visible else "",
    )


async def _cards(where: str, *args: object) -> list[InterviewerCard]:
    rows = await sql(f"{_CARDS} {where} ORDER BY a.name, i.account_id", current_tenant().id, now(), *args)
    return [_card(row) for row in rows]


def pattern(words: str) -> str:
    """For ILIKE: contains `words`, whose own wildcards mean themselves."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", words.strip()[:100]) + "%"


class InterviewerQueries:
    """Provides api.Interviewers."""

    async def card(self, account_id: UUID) -> InterviewerCard | None:
        found = await _cards("AND i.account_id = $3", account_id)
        return found[0] if found else None

    async def cards(self, ids: Iterable[UUID]) -> dict[UUID, InterviewerCard]:
        wanted = list(set(ids))
        if not wanted:
            return {}
        return {card.account_id: card for card in await _cards("AND i.account_id = ANY($3::uuid[])", wanted)}

    async def by_slug(self, slug: str) -> InterviewerCard | None:
        found = await _cards("AND i.published AND i.slug = $3", slug[:60].replace("\0", ""))
        return found[0] if found else None

    async def listed(self, q: str = "", skill: str = "", language: str = "") -> list[InterviewerCard]:
        where, args = "AND i.published", []
        for word in q.split()[:6]:
            args.append(pattern(word))
            n = len(args) + 2
            found_in = " OR ".join(f"{column} ILIKE ${n}" for column in _SEARCHED)
            where += f" AND ({found_in})"
        if skill:
            args.append(skill.strip().lower()[:40])
            names = "(SELECT lower(s) FROM jsonb_array_elements_text(i.skills) s)"
            where += f" AND ${len(args) + 2} IN {names}"
        if language:
            args.append(language.strip().lower()[:12])
            where += f" AND i.languages ? ${len(args) + 2}"
        return await _cards(where, *args)


class PeopleQueries:
    """Provides api.People."""

    async def names(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        return {i: card.name for i, card in (await accounts.accounts_by_ids(ids)).items() if card.name}

    async def picture_urls(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        wanted = list(set(ids))
        if not wanted:
            return {}
        rows = await sql(
            "SELECT account_id, picture_id FROM users_profile WHERE tenant_id = $1 AND account_id = ANY($2::uuid[])"
            " AND picture_id IS NOT NULL AND visible ? 'picture'",
            current_tenant().id,
            wanted,
        )
        return {row.account_id: picture_url(row.account_id, row.picture_id, small=True) for row in rows}


interviewers = InterviewerQueries()
people = PeopleQueries()


# --- people as administrators see them -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str
    email: str
    state: str
    roles: tuple[str, ...]
    created_at: datetime
    last_seen_at: datetime | None
    verified_at: datetime | None
    zone: str
    locale: str


_SORTS = {"name": "a.name", "created": "a.created_at", "seen": "a.last_seen_at"}


async def list_people(
    q: str = "",
    *,
    role: str = "",
    state: str = "",
    sort: str = "name",
    desc: bool = False,
    limit: int = 25,
    offset: int = 0,
) -> tuple[list[Person], int]:
    """One page of people and how many there are; erased ones never."""
    order = f"{_SORTS[sort]} {'DESC NULLS LAST' if desc else 'ASC NULLS LAST'}, a.id"
    rows = await sql(
        "SELECT a.id, a.name, a.email, a.state, a.created_at, a.last_seen_at, a.verified_at, a.zone, a.locale,"  # noqa: S608
        " ARRAY(SELECT g.role FROM kernel_grant g WHERE g.tenant_id = a.tenant_id AND g.account_id = a.id"
        "  AND (g.until IS NULL OR g.until > $2) ORDER BY g.role) AS roles, count(*) OVER () AS total"
        " FROM kernel_account a WHERE a.tenant_id = $1 AND a.state <> 'erased'"
        " AND (a.name ILIKE $3 OR a.email ILIKE $3) AND ($4 = '' OR a.state = $4)"
        " AND ($5 = '' OR EXISTS (SELECT 1 FROM kernel_grant g WHERE g.tenant_id = a.tenant_id"
        "  AND g.account_id = a.id AND g.role = $5 AND (g.until IS NULL OR g.until > $2)))"
        f" ORDER BY {order} LIMIT $6 OFFSET $7",
        current_tenant().id,
        now(),
        pattern(q),
        state,
        role,
        limit,
        offset,
    )
    found = [
        Person(
            r.id,
            r.name,
            r.email,
            r.state,
            tuple(r.roles),
            r.created_at,
            r.last_seen_at,
            r.verified_at,
            r.zone,
            r.locale,
        )
        for r in rows
    ]
    return found, rows[0].total if rows else 0


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    id: UUID
    account_id: UUID
    name: str
    email: str
    state: str
    headline: str
    skills: tuple[str, ...]
    submitted_at: datetime | None
    decided_at: datetime | None


async def list_applications(
    q: str = "", *, state: str = "", limit: int = 25, offset: int = 0
) -> tuple[list[ApplicationRow], int]:
    """One page of applications that were sent in, the longest waiting first, and how many there are."""
    from .texts import split_tags

    rows = await sql(
        "SELECT x.id, x.account_id, a.name, a.email, x.state, x.answers, x.submitted_at, x.decided_at,"
        " count(*) OVER () AS total FROM users_application x"
        " JOIN kernel_account a ON a.tenant_id = x.tenant_id AND a.id = x.account_id"
        " WHERE x.tenant_id = $1 AND x.submitted_at IS NOT NULL AND x.state <> 'draft' AND ($2 = '' OR x.state = $2)"
        " AND (a.name ILIKE $3 OR a.email ILIKE $3 OR x.answers::text ILIKE $3)"
        " ORDER BY (x.state = 'submitted') DESC, x.submitted_at, x.id LIMIT $4 OFFSET $5",
        current_tenant().id,
        state,
        pattern(q),
        limit,
        offset,
    )
    found = []
    for r in rows:
        answers = json.loads(r.answers)
        skills = tuple(split_tags(answers.get("skills", ""))[:4])
        found.append(
            ApplicationRow(
                r.id,
                r.account_id,
                r.name,
                r.email,
                r.state,
                str(answers.get("headline", "")),
                skills,
                r.submitted_at,
                r.decided_at,
            )
        )
    return found, rows[0].total if rows else 0


async def count_applications() -> dict[str, int]:
    """How many applications there are by state, drafts left out."""
    rows = await sql(
        "SELECT state, count(*) AS n FROM users_application WHERE tenant_id = $1 AND state <> 'draft'"
        " AND submitted_at IS NOT NULL GROUP BY state",
        current_tenant().id,
    )
    return {row.state: row.n for row in rows}


async def steps_of(application: Application) -> Sequence[ApplicationStep]:
    """Its history, newest first."""
    return await ApplicationStep.filter(application_id=application.id).order_by("-at", "-id")
