"""Getting ready for a session: what each side still has to do, ticked off on its page; and running late."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kernel import (
    N_,
    File,
    Upload,
    _,
    current_tenant,
    delete_file,
    errors,
    now,
    publish,
    save_file,
    sql,
    unit_of_work,
)

from .. import intake
from ..events import RunningLate
from ..models import Booking, Preparation
from ..states import Status
from .core import locked

#: What each side does before a session, in order, and how it is said.
ITEMS: Final[dict[str, tuple[str, ...]]] = {
    "candidate": ("device", "resume", "brief"),
    "interviewer": ("device", "brief"),
}
WORDS: Final = {
    "device": N_("Check camera and microphone"),
    "resume": N_("Upload your résumé"),
    "brief": N_("Read the brief"),
}
#: How late one may say to be.
LATE: Final = (5, 10, 15)
#: From when on one can say it.
LATE_FROM: Final = timedelta(minutes=60)


def words(item: str) -> str:
    return _(WORDS[item])


def role_of(booking: Booking, account_id: UUID) -> str:
    if account_id == booking.candidate_id:
        return "candidate"
    return "interviewer" if account_id in (booking.interviewer_id, booking.second_id) else ""


async def done(booking_id: UUID, account_id: UUID) -> dict[str, Preparation]:
    """What somebody did for a session, by item."""
    return {row.item: row async for row in Preparation.filter(booking_id=booking_id, account_id=account_id)}


#: Plain rows: asked about thousands of sessions that begin in the same minute.
_SIDES: Final = """
SELECT id, candidate_id, interviewer_id, second_id,
    jsonb_path_exists(intake, '$.answers[*].file ? (@ != "" && @ != null)') AS has_file
FROM scheduling_booking WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
"""
_TICKED: Final = """
SELECT booking_id, account_id, item FROM scheduling_preparation WHERE tenant_id = $1 AND booking_id = ANY ($2::uuid[])
"""


async def missing(booking_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], list[str]]:
    """What each person of these bookings has not done yet; two queries."""
    tenant_id, ids = current_tenant().id, list(booking_ids)
    ticked = {tuple(row) for row in await sql(_TICKED, tenant_id, ids)}
    found: dict[tuple[UUID, UUID], list[str]] = {}
    for row in await sql(_SIDES, tenant_id, ids):
        for account_id in (row.candidate_id, row.interviewer_id, row.second_id):
            if account_id is not None:
                found[row.id, account_id] = [
                    item
                    for item in ITEMS["candidate" if account_id == row.candidate_id else "interviewer"]
                    if (row.id, account_id, item) not in ticked and not (item == "resume" and row.has_file)
                ]
    return found


async def tick(booking_id: UUID, account_id: UUID, item: str, on: bool) -> None:
    """Tick off something, or take the tick back. Again: nothing."""
    booking = await Booking.filter(id=booking_id).first()
    if booking is None or item == "resume" or item not in ITEMS.get(role_of(booking, account_id), ()):
        raise errors.NotFound()
    if not on:
        await Preparation.filter(booking_id=booking_id, account_id=account_id, item=item).delete()
        return
    row = Preparation(booking_id=booking_id, account_id=account_id, item=item)
    await Preparation.bulk_create([row], ignore_conflicts=True)


async def add_resume(booking_id: UUID, account_id: UUID, upload: Upload) -> None:
    """Keep the candidate's résumé for this session, instead of an earlier one. Raises Invalid."""
    booking = await Booking.filter(id=booking_id, candidate_id=account_id).first()
    if booking is None:
        raise errors.NotFound()
    if booking.status != Status.ACCEPTED:
        raise errors.Conflict(_("Files can be added until the session begins."))
    kind = intake.sniffed(upload.read())
    if upload.size > intake.MAX_FILE:
        raise errors.Invalid({"resume": _("Use a file of at most 5 MB.")})
    if not kind:
        raise errors.Invalid({"resume": _("Use a PDF, a text, a picture or a Word or OpenDocument file.")})
    file = await save_file(upload.name, kind, upload.read(), account_id)
    old = None
    async with unit_of_work():
        await locked(booking_id)
        row = await Preparation.filter(booking_id=booking_id, account_id=account_id, item="resume").first()
        if row is None:
            await Preparation.create(booking_id=booking_id, account_id=account_id, item="resume", file_id=file.id)
        else:
            old = row.file_id
            row.file_id, row.at = file.id, now()
            await row.save(update_fields=["file_id", "at"])
    await _drop(old)


async def resume_of(booking_id: UUID) -> File | None:
    row = await Preparation.filter(booking_id=booking_id, item="resume").first()
    return None if row is None or row.file_id is None else await File.filter(id=row.file_id).first()


async def _drop(file_id: UUID | None) -> None:
    row = await File.filter(id=file_id).first() if file_id else None
    if row is not None:
        await delete_file(row)


async def forget(account_id: UUID) -> None:
    """Everything somebody did for sessions, with the files."""
    for row in await Preparation.filter(account_id=account_id):
        await _drop(row.file_id)
    await Preparation.filter(account_id=account_id).delete()


# --- running late -------------------------------------------------------------------------------------------------


async def late_minutes(booking_id: UUID, account_id: UUID) -> int:
    """How late somebody said to be; 0 when they said nothing."""
    row = await Preparation.filter(booking_id=booking_id, account_id=account_id, item="late").first()
    return 0 if row is None else row.minutes


def may_be_late(booking: Booking, at: datetime) -> bool:
    """Whether one can say now that one will be late."""
    last = booking.starts_at + timedelta(minutes=LATE[-1])
    return booking.status == Status.ACCEPTED and booking.starts_at - LATE_FROM <= at < min(last, booking.ends_at)


async def say_late(booking_id: UUID, account_id: UUID, minutes: int) -> None:
    """Somebody will be so many minutes late: the other side is told and nobody counts as absent before. Again: nothing.

    It can be made longer, not shorter, and never longer than a quarter of an hour.
    """
    if minutes not in LATE:
        raise errors.Invalid({"minutes": _("Choose one of the options.")})
    async with unit_of_work():
        booking = await locked(booking_id)
        role = role_of(booking, account_id)
        if not role:
            raise errors.NotFound()
        until = booking.starts_at + timedelta(minutes=minutes)
        if not may_be_late(booking, now()) or until <= now():
            raise errors.Conflict(_("It is too early or too late to say that."))
        row = await Preparation.filter(booking_id=booking_id, account_id=account_id, item="late").first()
        if row is not None and row.minutes >= minutes:
            return
        if row is None:
            await Preparation.create(booking_id=booking_id, account_id=account_id, item="late", minutes=minutes)
        else:
            row.minutes = minutes
            await row.save(update_fields=["minutes"])
        await publish(RunningLate(booking_id, account_id, role, minutes, booking.starts_at, until))
