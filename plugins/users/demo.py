"""People for the demo tenants: interviewers, candidates, and applications that wait for a decision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from kernel import accounts, now, unit_of_work

from . import demo_people, texts
from .models import Application, ApplicationStep, InterviewerProfile, Profile
from .services.profiles import VISIBLE_AT_FIRST
from .states import DRAFT, SUBMITTED


async def seed(slug: str) -> None:
    """Fill the tenant; done once. The rows are written in bulk: nobody has to be told about invented people."""
    cast = demo_people.CASTS.get(slug, demo_people.CASTS["acme"])
    async with unit_of_work():
        ids = await _accounts(cast)
        await _profiles(cast, ids)
        await _interviewers(cast, ids)
        await _applications(cast, ids)


async def _accounts(cast: demo_people.Cast) -> dict[str, UUID]:
    """Accounts by name. The demo logins exist already; the others have no password and cannot sign in."""
    ids: dict[str, UUID] = {}
    wanted: list[tuple[str, str, tuple[str, ...]]]
    wanted = [(p.name, p.zone, ("member", "candidate", "interviewer")) for p in cast.interviewers]
    wanted += [(name, zone, ("member", "candidate")) for name, zone in cast.candidates]
    wanted += [(p.name, p.zone, ("member", "candidate")) for p in cast.applicants]
    for name, zone, roles in wanted:
        email = cast.logins.get(name) or f"{texts.slug_of(name).replace('-', '.')}@example.com"
        found = await accounts.find_account(email)
        if found is None:
            found = await accounts.create_account(email, name, zone=zone, state="active", roles=roles, by_rule=True)
        ids[name] = found.id
    login = await accounts.find_account("candidate@demo.test")
    if login is not None:
        ids[login.name] = login.id
    return ids


async def _profiles(cast: demo_people.Cast, ids: Mapping[str, UUID]) -> None:
    rows = [
        Profile(
            account_id=ids[p.name],
            headline=p.headline,
            pronouns=p.pronouns,
            bio=p.bio,
            visible=["picture", "pronouns", "headline", "bio"],
        )
        for p in (*cast.interviewers, *cast.applicants)
    ]
    told = {row.account_id for row in rows}
    for name, account_id in ids.items():
        if account_id not in told:
            headline, roles = cast.goals.get(name, ("", ()))
            rows.append(
                Profile(
                    account_id=account_id,
                    headline=headline,
                    target_roles=list(roles),
                    visible=[*VISIBLE_AT_FIRST, "target_roles"],
                )
            )
    await Profile.bulk_create(rows, ignore_conflicts=True)


async def _interviewers(cast: demo_people.Cast, ids: Mapping[str, UUID]) -> None:
    scale = texts.rate_scale()
    await InterviewerProfile.bulk_create(
        [
            InterviewerProfile(
                account_id=ids[p.name],
                slug=texts.slug_of(p.name),
                headline=p.headline,
                bio=p.bio,
                company=p.company,
                years=p.years,
                skills=list(p.skills),
                languages=list(p.languages),
                rate_minor=p.rate * scale,
                currency=texts.currency(),
                published=True,
                accepting=p.accepting,
            )
            for p in cast.interviewers
        ],
        ignore_conflicts=True,
    )


async def _applications(cast: demo_people.Cast, ids: Mapping[str, UUID]) -> None:
    rows: list[Application] = []
    for number, p in enumerate(cast.applicants):
        sent = now() - timedelta(hours=5 + 31 * number)
        rows.append(
            Application(
                account_id=ids[p.name],
                state=SUBMITTED,
                submitted_at=sent,
                created_at=sent - timedelta(days=1),
                version=5,
                answers={
                    "headline": p.headline,
                    "company": p.company,
                    "years": str(p.years),
                    "bio": p.bio,
                    "skills": ", ".join(p.skills),
                    "languages": list(p.languages),
                    "links": "",
                    "rate": str(p.rate),
                    "motivation": p.motivation,
                },
            )
        )
    await Application.bulk_create(rows)
    await ApplicationStep.bulk_create(
        [
            ApplicationStep(
                application_id=row.id, before=DRAFT, after=SUBMITTED, actor_id=row.account_id, at=row.submitted_at
            )
            for row in rows
        ]
    )
