"""Several bookings called off together: shown first, taken back within seconds, done one by one, failures told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from kernel import (
    _,
    acting_as,
    audit,
    can,
    cancel_jobs,
    current_actor,
    current_tenant,
    enqueue,
    errors,
    execute,
    now,
    parse_id,
    sessions,
    unit_of_work,
)

from .. import queries
from ..api import BookingInfo
from ..models import Booking, BulkRun
from ..permissions import MANAGE
from . import cancelling

#: Bookings of one run. More is no slip of the finger any more, and nobody reads a longer preview.
MOST: Final = 200
#: How long a run can be taken back.
UNDO: Final = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Line:
    """What calling one booking off would lead to; `refused` says why it cannot be, for people."""

    info: BookingInfo
    refused: str
    percent: int
    refund_minor: int
    seal: str


async def outlook(ids: Iterable[UUID], percent: int | None = None) -> list[Line]:
    """Each of these bookings, in the order of their times. Unknown ids are left out."""
    wanted = list(dict.fromkeys(ids))[: MOST + 1]
    if len(wanted) > MOST:
        raise errors.Invalid({"id": _("Choose at most {n} bookings at once.").format(n=MOST)})
    rows = {row.id: row for row in await Booking.filter(id__in=wanted)}
    infos, at = await queries.BOOKINGS.many(list(rows)), now()
    found = []
    for info in sorted(infos.values(), key=lambda i: (i.starts_at, i.id)):
        row = rows[info.id]
        seen = cancelling.outlook(row, "admin", at, percent)
        refused = cancelling.why_not_cancelled(row, "admin", at)
        found.append(Line(info, refused, seen.result.percent, seen.result.refund_minor, seen.seal))
    return found


async def start(items: Sequence[tuple[UUID, str]], reason: str, percent: int | None = None) -> BulkRun:
    """Call them off, each as it was shown (its seal). Nothing happens before UNDO has passed."""
    actor, at = current_actor(), now()
    if len(reason.strip()) < 3:
        raise errors.Invalid({"reason": _("Enter a reason: both people read it")})
    chosen = dict(items)
    if not chosen:
        raise errors.Invalid({"item": _("Choose at least one booking.")})
    if len(chosen) > MOST:
        raise errors.Invalid({"item": _("Choose at most {n} bookings at once.").format(n=MOST)})
    known = {row.id for row in await Booking.filter(id__in=list(chosen)).only("id", "tenant_id")}
    if known != set(chosen):
        raise errors.NotFound()
    listed = [{"id": str(id), "seen": seen, "state": "", "said": ""} for id, seen in chosen.items()]
    async with unit_of_work():
        run = await BulkRun.create(
            actor_id=actor.id if actor else None, reason=reason.strip()[:500], percent=percent, items=listed, at=at,
            run_at=at + UNDO,
        )  # fmt: skip
        await enqueue("scheduling.bulk", {"run_id": str(run.id)}, run_at=run.run_at, key=_key(run.id))
        await audit.record(
            "scheduling.bookings_bulk_cancel_begun", subject="bulk_run", subject_id=str(run.id), reason=reason,
            after={"bookings": len(listed), "percent": percent},
        )  # fmt: skip
    return run


async def stop(run_id: UUID) -> BulkRun:
    """Take back what has not begun, or leave the rest of what has. Conflict when it is over."""
    async with unit_of_work():
        run = await _locked(run_id)
        if run.state not in ("waiting", "running"):
            raise errors.Conflict(_("It is done already."))
        run.state = "undone" if run.state == "waiting" else "stopped"
        run.items = [i | {"state": i["state"] or "left"} for i in run.items]
        await run.save(update_fields=["state", "items"])
        await cancel_jobs(_key(run.id))
        await audit.record(
            "scheduling.bookings_bulk_cancel_stopped", subject="bulk_run", subject_id=str(run.id),
            after={"state": run.state, "left": sum(i["state"] == "left" for i in run.items)},
        )  # fmt: skip
    return run


async def carry_out(run_id: UUID) -> None:
    """Job: one booking after the other, each in a transaction of its own; begun again, it goes on where it was."""
    run = await BulkRun.filter(id=run_id).first()
    if run is None or run.state not in ("waiting", "running"):
        return
    hit = await execute(
        "UPDATE scheduling_bulk_run SET state = 'running' WHERE tenant_id = $1 AND id = $2"
        " AND state IN ('waiting', 'running')",
        current_tenant().id, run.id,
    )  # fmt: skip
    actor = await sessions.actor_of(run.actor_id) if run.actor_id else None
    allowed = actor is not None and can(MANAGE, actor)
    with acting_as(actor):
        for item in run.items if hit else ():
            if item["state"]:
                continue
            said = await _one(run, item) if allowed else _("Whoever began it may no longer cancel sessions.")
            if not await _note(run.id, item["id"], said):
                return
        await execute(
            "UPDATE scheduling_bulk_run SET state = 'done' WHERE tenant_id = $1 AND id = $2 AND state = 'running'",
            current_tenant().id, run.id,
        )  # fmt: skip


async def _one(run: BulkRun, item: dict[str, Any]) -> str:
    """Why it could not be called off, for people; '' when it was."""
    booking_id = parse_id(item["id"])
    if booking_id is None or not await Booking.filter(id=booking_id).exists():
        return _("This booking does not exist any more.")
    try:
        await cancelling.cancel(booking_id, "admin", run.reason, percent=run.percent, seen=item["seen"])
    except cancelling.OutcomeChanged:
        return _("It was changed in the meantime, so it was left as it is. Cancel it on its own page.")
    except errors.Problem as exc:
        return exc.detail or exc.title
    return ""


async def _note(run_id: UUID, item_id: str, said: str) -> bool:
    """Write down how it went; False when somebody stopped the run meanwhile."""
    async with unit_of_work():
        run = await _locked(run_id)
        state = "failed" if said else "done"
        run.items = [i | ({"state": state, "said": said} if i["id"] == item_id else {}) for i in run.items]
        await run.save(update_fields=["items"])
        return run.state == "running"


async def _locked(run_id: UUID) -> BulkRun:
    run = await BulkRun.filter(id=run_id).select_for_update().first()
    if run is None:
        raise errors.NotFound()
    return run


def _key(run_id: UUID) -> str:
    return f"scheduling.bulk:{run_id}"
