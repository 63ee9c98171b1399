"""JSON twins of the job and event pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...engines.models import get_or_404
from ...web.body import read_json
from ...web.paging import Listing, Page, answer_whole, read_listing
from ...web.views import json_answer
from ...work.keeping import job_counts
from ...work.models import Job
from . import acts, event_queries, job_pages, queries
from .queries import Wanted

State = Literal["ready", "running", "parked", "done", "dead"]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class JobsQuery(Listing):
    """A filter that nothing has ever been called gives an empty list."""

    state: State | Literal[""] = ""
    plugin: Annotated[str, Field(max_length=60)] = ""
    queue: Annotated[str, Field(max_length=60)] = ""
    name: Annotated[str, Field(max_length=200)] = ""


class JobOut(_Model):
    id: UUID
    name: str
    plugin: str
    queue: str
    state: State
    priority: int
    attempts: int
    max_attempts: int
    run_at: datetime
    created_at: datetime
    finished_at: datetime | None
    last_error: str | None


class JobsOut(Page[JobOut]):
    """`counts` are of all jobs by state, whatever the filters."""

    counts: dict[State, int]


class AttemptOut(_Model):
    at: datetime
    attempt: int
    what: str
    error: str


class JobDetailOut(JobOut):
    """`args` with secrets blotted out."""

    args: Any
    event_id: UUID | None
    request_id: str
    history: list[AttemptOut]


class WhichIn(_Model):
    """Dead jobs: these, or all of one kind."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=500)] | None = None
    name: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> WhichIn:
        if (self.ids is None) == (self.name is None):
            raise ValueError("give ids or name")
        return self


class CountOut(_Model):
    count: int


class HoldIn(_Model):
    kind: Literal["queue", "job"]
    name: Name
    reason: Annotated[str, Field(max_length=500)] = ""


class HoldOut(_Model):
    kind: Literal["queue", "job"]
    name: str
    reason: str
    since: datetime
    parked: int


class HoldsOut(_Model):
    """Everything that is paused now."""

    paused: list[HoldOut]


class DeliverIn(_Model):
    subscriber: Annotated[str, Field(min_length=1, max_length=250)]


class DeliveredOut(_Model):
    job_id: UUID


class BreakerIn(_Model):
    plugin: Annotated[str, Field(min_length=1, max_length=60)]
    what: Annotated[str, Field(min_length=1, max_length=250)]


class BreakerOut(_Model):
    closed: bool


def _out(row: Any) -> JobOut:
    return JobOut(**{name: getattr(row, name) for name in JobOut.model_fields})


async def list_jobs(request: web.Request) -> web.StreamResponse:
    """A page of jobs, what was touched last first."""
    asked = read_listing(request, JobsQuery)
    found = await queries.find(
        Wanted(
            state=asked.state, plugin=asked.plugin, queue=asked.queue, name=asked.name,
            page=asked.number, size=asked.limit,
        )
    )  # fmt: skip
    counts: Any = await job_counts()
    seen = (asked.number - 1) * asked.limit + len(found)
    return json_answer(JobsOut(items=[_out(row) for row in found[: asked.limit]], next=asked.next(seen), counts=counts))


async def read_job(request: web.Request) -> web.StreamResponse:
    """One job: what it is given and how its attempts went."""
    return await _detail(request.match_info["id"])


async def _detail(job_id: str) -> web.StreamResponse:
    job = await get_or_404(Job, job_id)
    attempts = [
        AttemptOut(at=e["at"], attempt=e.get("attempt", 0), what=e.get("what", ""), error=e.get("error") or "")
        for e in job_pages.history(job)
    ]
    return json_answer(
        JobDetailOut(
            **_out(job).model_dump(), args=queries.args_of(job), event_id=job.event_id,
            request_id=job.request_id, history=attempts,
        )
    )  # fmt: skip


async def replay_one(request: web.Request) -> web.StreamResponse:
    """Let a job that failed for good try again."""
    await acts.replay_one(request.match_info["id"])
    return await _detail(request.match_info["id"])


async def discard_one(request: web.Request) -> web.StreamResponse:
    """Give a job that failed for good up."""
    await acts.discard_one(request.match_info["id"])
    return json_answer(CountOut(count=1))


async def replay_many(request: web.Request) -> web.StreamResponse:
    """Let failed jobs try again: those named, or all of one kind."""
    which = await read_json(request, WhichIn)
    return json_answer(CountOut(count=await acts.replay_many(which.ids, which.name)))


async def discard_many(request: web.Request) -> web.StreamResponse:
    """Give failed jobs up: those named, or all of one kind."""
    which = await read_json(request, WhichIn)
    return json_answer(CountOut(count=await acts.discard_many(which.ids, which.name)))


async def list_holds(request: web.Request) -> web.StreamResponse:
    """Queues and kinds of jobs that are paused, with how many jobs wait."""
    return answer_whole(request, (await _holds()).paused)


async def _holds() -> HoldsOut:
    rows = await queries.holds()
    return HoldsOut(
        paused=[HoldOut(kind=r.kind, name=r.name, reason=r.reason, since=r.since, parked=r.parked) for r in rows]
    )


async def hold(request: web.Request) -> web.StreamResponse:
    """Pause a queue or a kind of job; what runs goes on to its end."""
    wanted = await read_json(request, HoldIn)
    await acts.hold(wanted.kind, wanted.name, wanted.reason)
    return json_answer(await _holds())


async def release(request: web.Request) -> web.StreamResponse:
    """End a pause: what waited goes on."""
    wanted = await read_json(request, HoldIn)
    await acts.let_go(wanted.kind, wanted.name)
    return json_answer(await _holds())


async def deliver(request: web.Request) -> web.StreamResponse:
    """Hand an event to one subscriber once more."""
    wanted = await read_json(request, DeliverIn)
    return json_answer(DeliveredOut(job_id=await event_queries.deliver(request.match_info["id"], wanted.subscriber)))


async def close_breaker(request: web.Request) -> web.StreamResponse:
    """Try a part that was left out again at once."""
    wanted = await read_json(request, BreakerIn)
    return json_answer(BreakerOut(closed=await event_queries.close_breaker(wanted.plugin, wanted.what)))
