"""Rubrics of a tenant: seeded, edited as revisions, chosen for a session."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from tortoise.exceptions import IntegrityError

from kernel import audit, compare_and_set, current_actor, errors, unit_of_work, violated
from kernel import gettext as _

from ..bundled import BEHAVIOURAL, DESCRIPTIONS, GENERAL, MATCHES
from ..models import Rubric, RubricRevision
from ..rubrics import Criterion, RubricCopy, pack_criteria, unpack_criteria


async def seed() -> None:
    """Give a new tenant its two rubrics; leaves existing ones alone."""
    rows = [
        Rubric(
            slug=bundle.slug,
            title=bundle.title,
            description=DESCRIPTIONS[bundle.slug],
            criteria=pack_criteria(bundle.criteria),
            matches=list(MATCHES[bundle.slug]),
            standard=position == 0,
            position=position,
        )
        for position, bundle in enumerate((GENERAL, BEHAVIOURAL))
    ]
    async with unit_of_work():
        await Rubric.bulk_create(rows, ignore_conflicts=True)


def copy_of(rubric: Rubric) -> RubricCopy:
    return RubricCopy(rubric.slug, rubric.title, rubric.number, unpack_criteria(rubric.criteria))


async def offered() -> list[Rubric]:
    """Active rubrics in their order."""
    return await Rubric.filter(active=True).order_by("position", "title")


def fitting(rubrics: Sequence[Rubric], title: str) -> Rubric | None:
    """The rubric for sessions of this name: the first with a matching word, else the standard one."""
    name = title.casefold()
    for rubric in rubrics:
        if any(word.casefold() in name for word in rubric.matches if word):
            return rubric
    return next((r for r in rubrics if r.standard), rubrics[0] if rubrics else None)


async def create(title: str, description: str, matches: list[str], criteria: Sequence[Criterion]) -> Rubric:
    """A new rubric. Raises Invalid when one of this name exists."""
    rubric = Rubric(
        slug=_slug(title),
        title=title,
        description=description,
        criteria=pack_criteria(criteria),
        matches=matches,
        position=await Rubric.all().count(),
    )
    try:
        async with unit_of_work():
            await rubric.save(force_create=True)
            await _record("feedback.rubric_created", rubric, None)
    except IntegrityError as exc:
        if not violated(exc):
            raise
        raise errors.Invalid({"title": _("There is already a rubric of this name")}) from None
    return rubric


async def revise(
    rubric: Rubric, version: int, *, title: str, description: str, matches: list[str], criteria: Sequence[Criterion]
) -> None:
    """Change a rubric for scorecards begun from now on. New words or weights make a new revision; the old is kept."""
    if rubric.version != version:
        raise errors.Conflict(_("Somebody else changed this rubric in the meantime. Look at the page again."))
    packed = pack_criteria(criteria)
    changed = packed != rubric.criteria or title != rubric.title
    before = {"number": rubric.number, "title": rubric.title, "criteria": rubric.criteria}
    async with unit_of_work():
        if changed:
            actor = current_actor()
            await RubricRevision.create(
                rubric=rubric, number=rubric.number, title=rubric.title, criteria=rubric.criteria,
                replaced_by=actor.id if actor else None,
            )  # fmt: skip
        await compare_and_set(
            rubric, title=title, description=description, matches=matches, criteria=packed,
            number=rubric.number + int(changed),
        )  # fmt: skip
        await _record("feedback.rubric_changed", rubric, before)


async def switch(rubric: Rubric, version: int, *, active: bool) -> None:
    """Offer a rubric to interviewers, or stop. The standard one stays. Scorecards that exist are not touched."""
    if rubric.version != version:
        raise errors.Conflict(_("Somebody else changed this rubric in the meantime. Look at the page again."))
    if rubric.standard and not active:
        raise errors.Conflict(_("This rubric serves every session that no other one fits, so it stays."))
    if rubric.active == active:
        return
    async with unit_of_work():
        await compare_and_set(rubric, active=active)
        await _record("feedback.rubric_switched", rubric, {"active": not active})


async def _record(action: str, rubric: Rubric, before: dict[str, object] | None) -> None:
    after = {"number": rubric.number, "title": rubric.title, "criteria": rubric.criteria, "active": rubric.active}
    await audit.record(action, subject="rubric", subject_id=str(rubric.id), before=before, after=after)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[^\w]+", "-", plain).strip("-")[:60] or "rubric"
