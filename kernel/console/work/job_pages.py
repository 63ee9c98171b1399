"""Background work of a tenant: what waits, what failed, and what an admin may do about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import StringConstraints

from ...base import errors
from ...base.i18n import N_, _, ngettext
from ...base.runtime import runtime
from ...engines.models import get_or_404
from ...web.forms import Form, read_form
from ...web.routing import url, url_with
from ...web.views import flash, page, see_other
from ...work.keeping import STATES as ALL_STATES
from ...work.keeping import job_counts
from ...work.models import Job
from ..landmarks import plugin_title
from . import acts, queries
from .queries import PAGE, Wanted

#: States in the order of how much they matter, with word and tone.
STATES = {
    "dead": (N_("Failed"), "bad"),
    "running": (N_("Running"), "info"),
    "ready": (N_("Waiting"), ""),
    "parked": (N_("Parked"), "warn"),
    "done": (N_("Done"), "ok"),
}
#: What a line of a job's history is called, with icon and tone.
_STEPS = {"failed": (N_("Attempt %(n)s failed"), "bad"), "lost": (N_("Attempt %(n)s was cut off"), "warn")}


class HoldForm(Form):
    kind: Literal["queue", "job"]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class KindForm(Form):
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


def wanted(request: web.Request, default_state: str = "") -> Wanted:
    """The filter that the address asks for; what it does not know is ignored."""
    asked = request.query
    state = asked.get("state", default_state)
    return Wanted(
        state=state if state in ALL_STATES else default_state,
        plugin=_known(asked.get("plugin", ""), runtime().registry.plugins),
        queue=_known(asked.get("queue", ""), queries.queues()),
        name=_known(asked.get("kind") or asked.get("name", ""), queries.names()),
        page=_page_number(asked.get("page", "1")),
    )


def _known(value: str, among: Any) -> str:
    return value if value in among else ""


def _page_number(text: str) -> int:
    return min(int(text), 10_000) if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) else 1


def _link(asked: Wanted, **over: object) -> str:
    values = {"state": asked.state, "plugin": asked.plugin, "queue": asked.queue, "kind": asked.name, **over}
    return url_with("kernel.jobs", {}, {key: value or None for key, value in values.items()})


def titles() -> dict[str, str]:
    """What each installed plugin is called."""
    return {pid: plugin_title(pid) for pid in runtime().registry.plugins}


async def show_jobs(request: web.Request) -> web.StreamResponse:
    """Counts by state, what is paused, and a filtered list."""
    counts = await job_counts()
    asked = wanted(request, "dead" if counts["dead"] else "ready")
    rows = await queries.find(asked)
    names = queries.names()
    context = {
        "title": _("Jobs"),
        "tabs": [
            (key, _(label), _link(asked, state=key, page=None), counts[key]) for key, (label, _t) in STATES.items()
        ],
        "asked": asked,
        "plugins": [("", _("All plugins")), *titles().items()],
        "titles": titles(),
        "queues": [("", _("All queues")), *((q, q) for q in queries.queues())],
        "names": [("", _("All kinds")), *((n, n) for n in names)],
        "kinds": await queries.dead_kinds() if asked.state == "dead" else [],
        "holds": await queries.holds(),
        "jobs": rows[:PAGE],
        "filtered": bool(asked.plugin or asked.queue or asked.name),
        "clear": url_with("kernel.jobs", {}, {"state": asked.state}),
        "older": _link(asked, page=asked.page + 1) if len(rows) > PAGE else None,
        "newer": _link(asked, page=asked.page - 1) if asked.page > 1 else None,
        "hold_names": [("job", name) for name in names],
    }
    return await page(request, "console/jobs.html", context)


async def show_job(request: web.Request) -> web.StreamResponse:
    """One job: what it is given, and all that happened to it."""
    job = await get_or_404(Job, request.match_info["id"])
    label, tone = STATES.get(job.state, (job.state, ""))
    context: dict[str, Any] = {
        "title": job.name,
        "job": job,
        "plugin": titles().get(job.plugin, job.plugin),
        "state": _(label),
        "tone": tone,
        "args": queries.shown_args(job),
        "steps": _steps(job),
        "held": {(hold.kind, hold.name) for hold in await queries.holds()},
        "event_href": url("kernel.event", id=job.event_id) if job.event_id else None,
    }
    return await page(request, "console/job.html", context)


def history(job: Job) -> list[dict[str, Any]]:
    """Earlier attempts, oldest first."""
    return list(job.history) if isinstance(job.history, list) else []


def _steps(job: Job) -> list[dict[str, Any]]:
    from datetime import datetime

    steps: list[dict[str, Any]] = [{"title": _("Queued"), "when": job.created_at, "icon": "plus"}]
    for entry in history(job):
        words, tone = _STEPS.get(str(entry.get("what")), (N_("Attempt %(n)s"), ""))
        text = str(entry.get("error") or "").strip().splitlines()
        steps.append(
            {
                "title": _(words) % {"n": entry.get("attempt", "?")},
                "when": datetime.fromisoformat(str(entry["at"])),
                "text": text[-1][:300] if text else "",
                "icon": "alert",
                "tone": tone,
            }
        )
    if job.state == "running" and job.started_at:
        steps.append({"title": _("Running"), "when": job.started_at, "icon": "play", "tone": "info"})
    if job.state in ("ready", "parked"):
        words = _("Waits for its turn") if job.state == "ready" else _("Parked")
        reason = (job.last_error or "").splitlines()
        steps.append({"title": words, "when": job.run_at, "icon": "clock", "text": reason[-1][:300] if reason else ""})
    if job.finished_at and job.state in ("done", "dead"):
        done = job.state == "done"
        note = job.last_error or "" if done else ""
        title, icon = (_("Done"), "check") if done else (_("Given up"), "x")
        steps.append(
            {"title": title, "when": job.finished_at, "text": note, "icon": icon, "tone": "ok" if done else "bad"}
        )
    return steps


async def replay_job(request: web.Request) -> web.StreamResponse:
    """Try a failed job again."""
    await acts.replay_one(request.match_info["id"])
    flash(request, _("The job runs again"))
    return see_other(url("kernel.jobs"))


async def discard_job(request: web.Request) -> web.StreamResponse:
    """Give a failed job up for good."""
    await acts.discard_one(request.match_info["id"])
    flash(request, _("Job discarded"))
    return see_other(url("kernel.jobs"))


async def _kind(request: web.Request) -> str:
    parsed = await read_form(request, KindForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    return parsed.value.name


async def replay_kind(request: web.Request) -> web.StreamResponse:
    """Try all failed jobs of one kind again."""
    count = await acts.replay_many(None, await _kind(request))
    flash(request, ngettext("%(num)s job runs again", "%(num)s jobs run again", count) % {"num": count})
    return see_other(url("kernel.jobs"))


async def discard_kind(request: web.Request) -> web.StreamResponse:
    """Give all failed jobs of one kind up for good."""
    count = await acts.discard_many(None, await _kind(request))
    flash(request, ngettext("%(num)s job discarded", "%(num)s jobs discarded", count) % {"num": count})
    return see_other(url("kernel.jobs"))


async def hold(request: web.Request) -> web.StreamResponse:
    """Pause a queue or a kind of job."""
    parsed = await read_form(request, HoldForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    await acts.hold(parsed.value.kind, parsed.value.name, parsed.value.reason)
    flash(request, _("{name} is paused").format(name=parsed.value.name))
    return see_other(url("kernel.jobs"))


async def release(request: web.Request) -> web.StreamResponse:
    """End a pause."""
    parsed = await read_form(request, HoldForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    await acts.let_go(parsed.value.kind, parsed.value.name)
    flash(request, _("{name} goes on").format(name=parsed.value.name))
    return see_other(url("kernel.jobs"))
