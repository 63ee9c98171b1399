"""Background work of a tenant: what waits, what failed, and trying again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aiohttp import web

from ..auth import audit
from ..base import errors
from ..base.context import current_tenant
from ..base.i18n import N_, _
from ..base.runtime import runtime
from ..engines.connection import execute, sql, sql_one, unit_of_work
from ..engines.models import get_or_404
from ..web.routing import url, url_with
from ..web.views import flash, page, see_other
from ..work.keeping import job_counts, replay
from ..work.models import Job
from .landmarks import plugin_title

_PAGE = 50
#: States in the order of how much they matter, with word and tone.
STATES = {
    "dead": (N_("Failed"), "bad"),
    "running": (N_("Running"), "info"),
    "ready": (N_("Waiting"), ""),
    "parked": (N_("Parked"), "warn"),
    "done": (N_("Done"), "ok"),
}


async def show_jobs(request: web.Request) -> web.StreamResponse:
    """Counts by state and a filtered list, newest first."""
    counts = await job_counts()
    default = "dead" if counts["dead"] else "ready"
    state = request.query.get("state", default)
    state = state if state in STATES else default
    plugin = request.query.get("plugin", "")
    number = _page_number(request)
    rows = await sql(
        "SELECT id, plugin, name, state, run_at, attempts, max_attempts, left(last_error, 300) AS last_error,"
        " created_at, finished_at FROM kernel_job WHERE tenant_id = $1 AND state = $2"
        " AND ($3 = '' OR plugin = $3) ORDER BY coalesce(finished_at, run_at) DESC, id DESC LIMIT $4 OFFSET $5",
        current_tenant().id,
        state,
        plugin,
        _PAGE + 1,
        (number - 1) * _PAGE,
    )
    context = {
        "title": _("Jobs"),
        "tabs": [(key, _(label), counts[key]) for key, (label, _tone) in STATES.items()],
        "state": state,
        "tone": STATES[state][1],
        "plugin": plugin,
        "plugins": [("", _("All plugins"))] + [(p, plugin_title(p)) for p in runtime().registry.plugins],
        "jobs": rows[:_PAGE],
        "number": number,
        "older": _link(state, plugin, number + 1) if len(rows) > _PAGE else None,
        "newer": _link(state, plugin, number - 1) if number > 1 else None,
    }
    return await page(request, "console/jobs.html", context)


def _page_number(request: web.Request) -> int:
    text = request.query.get("page", "1")
    return min(int(text), 10_000) if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) else 1


def _link(state: str, plugin: str, number: int) -> str:
    return url_with("kernel.jobs", {}, {"state": state, "plugin": plugin or None, "page": number})


async def show_job(request: web.Request) -> web.StreamResponse:
    """One job with its whole error."""
    job = await get_or_404(Job, request.match_info["id"])
    label, tone = STATES.get(job.state, (job.state, ""))
    context: dict[str, Any] = {"title": job.name, "job": job, "state": _(label), "tone": tone}
    return await page(request, "console/job.html", context)


async def _dead(request: web.Request) -> UUID:
    job = await get_or_404(Job, request.match_info["id"])
    return UUID(str(job.id))


async def replay_job(request: web.Request) -> web.StreamResponse:
    """Try a failed job again."""
    job_id = await _dead(request)
    async with unit_of_work():
        if not await replay([job_id]):
            raise errors.Conflict(_("This job is not among the failed ones any more."))
        await audit.record("kernel.job_replayed", subject="job", subject_id=str(job_id))
    flash(request, _("The job runs again"))
    return see_other(url("kernel.jobs"))


async def discard_job(request: web.Request) -> web.StreamResponse:
    """Give a failed job up for good."""
    job_id = await _dead(request)
    async with unit_of_work():
        job = await sql_one(
            "SELECT name, plugin FROM kernel_job WHERE tenant_id = $1 AND id = $2", current_tenant().id, job_id
        )
        gone = await execute(
            "DELETE FROM kernel_job WHERE tenant_id = $1 AND id = $2 AND state = 'dead'", current_tenant().id, job_id
        )
        if not gone or job is None:
            raise errors.Conflict(_("This job is not among the failed ones any more."))
        before = {"name": job.name, "plugin": job.plugin}
        await audit.record("kernel.job_discarded", subject="job", subject_id=str(job_id), before=before)
    flash(request, _("Job discarded"))
    return see_other(url("kernel.jobs"))
