"""Interview types of a tenant: made, changed, retired. Bookings keep what they were booked with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import _, audit, compare_and_set, current_snapshot, enqueue, errors, speaking, unit_of_work

from .. import reminders as plans
from ..models import Booking, InterviewType, Offer
from ..texts import DEFAULT_TYPES

_AUDITED = ("title", "duration_minutes", "price_rule", "price_minor", "policy", "active")


def slug_of(title: str) -> str:
    """A short address made of a title; `interview` for one without Latin letters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "interview"


async def create_type(values: dict[str, Any]) -> InterviewType:
    """A new type; its address is made of the title."""
    stem = slug_of(values["title"])
    taken: set[object] = set(await InterviewType.filter(slug__startswith=stem).values_list("slug", flat=True))
    slug = next(s for n in range(1, 10_000) if (s := stem if n == 1 else f"{stem}-{n}") not in taken)
    row = InterviewType(**values, slug=slug, currency=current_snapshot().currency)
    row.position = await InterviewType.all().count()
    try:
        async with unit_of_work():
            await row.save()
            await _audit("scheduling.type_created", row, None)
    except IntegrityError:
        raise errors.Conflict(_("Somebody made a type of this name at this moment. Try again.")) from None
    return row


async def change_type(row: InterviewType, version: int, values: dict[str, Any]) -> None:
    """Change a type for future bookings. Raises Conflict when somebody else changed it meanwhile."""
    before = {name: getattr(row, name) for name in _AUDITED}
    async with unit_of_work():
        await _store(row, version, values)
        await _audit("scheduling.type_changed", row, before)


async def _store(row: InterviewType, version: int, values: dict[str, Any]) -> None:
    if row.version != version and all(getattr(row, name) == value for name, value in values.items()):
        return  # a second click: it is as they want it
    row.version = version
    try:
        await compare_and_set(row, **values)
    except errors.Conflict:
        raise errors.Conflict(
            _("Somebody else changed this type while you were editing. Open it again to see their version.")
        ) from None


async def set_reminders(row: InterviewType, version: int, lines: Sequence[str] | None) -> None:
    """The type's own rules of reminders (reminders.py); None: as the tenant says, none at all: nobody is reminded.

    Upcoming sessions follow in the background. Raises Invalid for lines that are no rules, Conflict as change_type.
    """
    if lines is not None and (problem := plans.problem(lines)):
        raise errors.Invalid({"reminders": problem})
    wanted = None if lines is None else [str(rule) for rule in plans.rules(lines)]
    if wanted == row.reminders:
        return
    before = {"reminders": row.reminders}
    async with unit_of_work():
        await _store(row, version, {"reminders": wanted})
        await audit.record(
            "scheduling.type_changed", subject="interview_type", subject_id=str(row.id), before=before,
            after={"reminders": wanted},
        )  # fmt: skip
        await enqueue("scheduling.replan", {"type_id": str(row.id)})


async def delete_type(type_id: UUID) -> bool:
    """Remove a type without bookings; one with bookings is retired instead (False)."""
    async with unit_of_work():
        row = await InterviewType.filter(id=type_id).select_for_update().first()
        if row is None:
            raise errors.NotFound()
        if await Booking.filter(type_id=type_id).exists():
            await compare_and_set(row, active=False)
            await _audit("scheduling.type_retired", row, {"active": True})
            return False
        await Offer.filter(type_id=type_id).delete()
        await row.delete()
        await _audit("scheduling.type_deleted", row, {"title": row.title})
        return True


async def _audit(action: str, row: InterviewType, before: dict[str, Any] | None) -> None:
    after = {name: getattr(row, name) for name in _AUDITED}
    await audit.record(action, subject="interview_type", subject_id=str(row.id), before=before, after=after)


async def ensure_types() -> None:
    """A tenant without any type gets a usual set, in its own language. Idempotent."""
    if await InterviewType.all().exists():
        return
    snapshot = current_snapshot()
    with speaking(snapshot.locale, snapshot.zone):
        await add_default_types(snapshot.currency)


async def add_default_types(currency: str) -> list[InterviewType]:
    """The usual set; titles in the language of the work in hand."""
    rows = [
        InterviewType(
            slug=d.slug, title=_(d.title), description=_(d.description), kind=d.kind, level=d.level, topic=d.topic,
            duration_minutes=d.minutes, step_minutes=d.step, buffer_after=d.buffer, price_rule=d.price_rule,
            minimum_notice_minutes=120 if d.kind == "human" else 0, currency=currency, policy=d.policy, position=n,
        )
        for n, d in enumerate(DEFAULT_TYPES)
    ]  # fmt: skip
    await InterviewType.bulk_create(rows)
    return rows
