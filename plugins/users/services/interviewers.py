"""Interviewers' public profiles."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from kernel import accounts, audit, compare_and_set, current_tenant, errors, publish, setting, sql, unit_of_work
from kernel import gettext as _

from .. import events, texts
from ..models import InterviewerProfile

#: What a profile has to have before it may be shown: field -> how much of it.
NEEDED = {"headline": 10, "bio": 80, "skills": 1, "languages": 1}


async def interviewer_of(account_id: UUID) -> InterviewerProfile | None:
    return await InterviewerProfile.get_or_none(account_id=account_id)


async def ensure(account_id: UUID) -> InterviewerProfile:
    """The profile of somebody who is an interviewer; an unpublished, empty one when there is none yet."""
    return await interviewer_of(account_id) or await make(account_id)


async def make(
    account_id: UUID,
    *,
    headline: str = "",
    bio: str = "",
    company: str = "",
    years: int = 0,
    skills: Sequence[str] = (),
    languages: Sequence[str] = (),
    rate_minor: int | None = None,
    published: bool = False,
) -> InterviewerProfile:
    """Give an account its interviewer profile; one that is there takes the new values. Joins the open transaction.

    The role is given separately. Without a rate it starts at the lowest that is allowed.
    """
    values = {
        "headline": headline, "bio": bio, "company": company, "years": years, "skills": list(skills),
        "languages": list(languages), "rate_minor": texts.rate_bounds()[0] if rate_minor is None else rate_minor,
        "currency": texts.currency(),
    }  # fmt: skip
    async with unit_of_work():
        name = (await accounts.account(account_id)).name
        row = await InterviewerProfile.filter(account_id=account_id).select_for_update().first()
        while row is None:
            slug = await _free_slug(texts.slug_of(name))
            fresh = InterviewerProfile(account_id=account_id, slug=slug, published=published, **values)
            # Somebody of the same name at the same instant takes the slug: look again.
            await InterviewerProfile.bulk_create([fresh], ignore_conflicts=True)
            row = await InterviewerProfile.filter(account_id=account_id).select_for_update().first()
        if headline:
            await compare_and_set(row, **values, published=published or row.published)
        await publish(events.ProfileChanged(account_id=account_id))
    return row


async def _free_slug(base: str) -> str:
    rows = await sql(
        "SELECT slug FROM users_interviewer_profile WHERE tenant_id = $1 AND (slug = $2 OR slug LIKE $2 || '-%')",
        current_tenant().id,
        base,
    )
    taken = {row.slug for row in rows}
    number = 1
    while (slug := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return slug


async def save(
    row: InterviewerProfile,
    version: int,
    *,
    headline: str,
    bio: str,
    company: str,
    years: int,
    skills: Sequence[str],
    languages: Sequence[str],
    rate_minor: int,
) -> None:
    """Write the profile if nobody changed it since `version`, else raise Conflict. Sold sessions keep their price."""
    row.version = version
    before, currency = {"rate_minor": row.rate_minor, "currency": row.currency}, texts.currency()
    async with unit_of_work():
        await compare_and_set(
            row, headline=headline, bio=bio, company=company, years=years, skills=list(skills),
            languages=list(languages), rate_minor=rate_minor, currency=currency,
        )  # fmt: skip
        if before != {"rate_minor": rate_minor, "currency": currency}:
            await audit.record(
                "users.rate_changed", subject="account", subject_id=str(row.account_id), before=before,
                after={"rate_minor": rate_minor, "currency": currency},
            )  # fmt: skip
        await publish(events.ProfileChanged(account_id=row.account_id))


def missing(row: InterviewerProfile) -> list[str]:
    """What still has to be filled in before the profile can be published, as field names."""
    found = [name for name, least in NEEDED.items() if len(getattr(row, name)) < least]
    low, high = texts.rate_bounds()
    if not low <= row.rate_minor <= high or row.currency != texts.currency():
        found.append("rate")
    if setting("users.contact_filter") and texts.has_contact(f"{row.headline}\n{row.bio}"):
        found.append("contact")
    return found


async def publish_profile(row: InterviewerProfile, on: bool) -> None:
    """Show the profile to visitors, or hide it again. Raises Conflict while something is missing."""
    if on and missing(row):
        raise errors.Conflict(_("Fill in what is missing first, then publish."))
    await _switch(row, published=on)


async def set_accepting(row: InterviewerProfile, on: bool) -> None:
    """Whether new bookings are welcome. Agreed ones stay as they are."""
    await _switch(row, accepting=on)


async def _switch(row: InterviewerProfile, **change: bool) -> None:
    async with unit_of_work():
        fresh = await InterviewerProfile.filter(id=row.id).select_for_update().get()
        if all(getattr(fresh, name) == value for name, value in change.items()):
            return
        await compare_and_set(fresh, **change)
        await publish(events.ProfileChanged(account_id=row.account_id))
