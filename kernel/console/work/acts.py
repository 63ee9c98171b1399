"""What admins do to jobs, each with an entry in the audit log; pages and JSON share it."""

from __future__ import annotations

from uuid import UUID

from ...auth import audit
from ...base import errors
from ...base.i18n import _
from ...engines.connection import unit_of_work
from ...engines.models import get_or_404
from ...work import keeping
from ...work.models import Job
from . import queries


def _over() -> errors.Conflict:
    return errors.Conflict(_("This job is not among the failed ones any more."))


async def replay_one(job_id: str) -> None:
    """Try one failed job again. Raises NotFound, and Conflict when it is not dead."""
    job = await get_or_404(Job, job_id)
    async with unit_of_work():
        if not await keeping.replay([job.id]):
            raise _over()
        await audit.record("kernel.job_replayed", subject="job", subject_id=str(job.id))


async def discard_one(job_id: str) -> None:
    """Give one failed job up for good. Raises NotFound, and Conflict when it is not dead."""
    job = await get_or_404(Job, job_id)
    before = {"name": job.name, "plugin": job.plugin}
    async with unit_of_work():
        if not await keeping.discard([job.id]):
            raise _over()
        await audit.record("kernel.job_discarded", subject="job", subject_id=str(job.id), before=before)


async def replay_many(ids: list[UUID] | None, name: str | None) -> int:
    """Failed jobs by id, or all of a kind; returns how many. Those that are not dead are passed over."""
    async with unit_of_work():
        count = await keeping.replay(ids, name=name)
        await _note("kernel.jobs_replayed", ids, name, count)
    return count


async def discard_many(ids: list[UUID] | None, name: str | None) -> int:
    async with unit_of_work():
        count = await keeping.discard(ids, name=name)
        await _note("kernel.jobs_discarded", ids, name, count)
    return count


async def _note(action: str, ids: list[UUID] | None, name: str | None, count: int) -> None:
    if count:
        after = {"count": count, "ids": [str(i) for i in ids or ()][:100]}
        await audit.record(action, subject="jobs", subject_id=name or "", after=after)


async def hold(kind: keeping.HoldKind, name: str, reason: str) -> int:
    """Pause a queue or a kind of job. Raises Invalid for one that does not exist."""
    if name not in (queries.queues() if kind == "queue" else queries.names()):
        raise errors.Invalid({"name": _("There is no such queue or kind of job.")})
    async with unit_of_work():
        parked = await keeping.hold(kind, name, reason)
        await audit.record("kernel.jobs_paused", subject=kind, subject_id=name, after={"parked": parked}, reason=reason)
    return parked


async def let_go(kind: keeping.HoldKind, name: str) -> None:
    """End a pause. Raises NotFound when there is none."""
    async with unit_of_work():
        if not await keeping.let_go(kind, name):
            raise errors.NotFound()
        await audit.record("kernel.jobs_resumed", subject=kind, subject_id=name)
