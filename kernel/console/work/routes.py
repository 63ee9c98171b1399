"""Addresses of the pages about jobs, events and problems, and of their JSON twins."""

from __future__ import annotations

from typing import Any

from ...base.contract import Handler, Route
from ...web.paging import Listing, Page
from . import event_pages, job_pages, problem_pages, rest

VIEW, MANAGE = "kernel.jobs.view", "kernel.jobs.manage"
_NAME = "{name:[a-z][a-z0-9_.]{0,119}}"


def _get(path: str, handler: Handler, name: str) -> Route:
    return Route(method="GET", path=path, handler=handler, name=name, permission=VIEW)


def _post(path: str, handler: Handler, name: str) -> Route:
    return Route(method="POST", path=path, handler=handler, name=name, permission=MANAGE)


def _json(
    method: Any, path: str, handler: Handler, name: str, response: Any, request: Any = None, query: Any = None
) -> Route:
    return Route(
        method=method, path=path, handler=handler, name=name, response=response, request=request, query=query,
        permission=VIEW if method == "GET" else MANAGE, idempotent=method != "GET",
        errors=(409,) if method != "GET" and "{id}" in path else (),
    )  # fmt: skip


ROUTES = [
    _get("/admin/jobs", job_pages.show_jobs, "kernel.jobs"),
    _post("/admin/jobs/replay", job_pages.replay_kind, "kernel.jobs_replay"),
    _post("/admin/jobs/discard", job_pages.discard_kind, "kernel.jobs_discard"),
    _post("/admin/jobs/pause", job_pages.hold, "kernel.jobs_pause"),
    _post("/admin/jobs/resume", job_pages.release, "kernel.jobs_resume"),
    _get("/admin/jobs/{id}", job_pages.show_job, "kernel.job"),
    _post("/admin/jobs/{id}/replay", job_pages.replay_job, "kernel.job_replay"),
    _post("/admin/jobs/{id}/discard", job_pages.discard_job, "kernel.job_discard"),
    _get("/admin/events", event_pages.show_events, "kernel.events"),
    _get(f"/admin/events/of/{_NAME}", event_pages.show_kind, "kernel.event_kind"),
    _get("/admin/events/{id}", event_pages.show_event, "kernel.event"),
    _post("/admin/events/{id}/deliver", event_pages.deliver, "kernel.event_deliver"),
    _get("/admin/problems", problem_pages.show_problems, "kernel.problems"),
    _post("/admin/problems/close", event_pages.close_breaker, "kernel.breaker_close"),
    Route(
        method="GET", path="/api/v1/jobs", handler=rest.list_jobs, name="kernel.api_jobs", permission=VIEW,
        query=rest.JobsQuery, response=rest.JobsOut,
    ),
    _json("POST", "/api/v1/jobs/replay", rest.replay_many, "kernel.api_jobs_replay", rest.CountOut, rest.WhichIn),
    _json("POST", "/api/v1/jobs/discard", rest.discard_many, "kernel.api_jobs_discard", rest.CountOut, rest.WhichIn),
    _json("GET", "/api/v1/jobs/paused", rest.list_holds, "kernel.api_jobs_paused", Page[rest.HoldOut],
          query=Listing),
    _json("POST", "/api/v1/jobs/pause", rest.hold, "kernel.api_jobs_pause", rest.HoldsOut, rest.HoldIn),
    _json("POST", "/api/v1/jobs/resume", rest.release, "kernel.api_jobs_resume", rest.HoldsOut, rest.HoldIn),
    _json("GET", "/api/v1/jobs/{id}", rest.read_job, "kernel.api_job", rest.JobDetailOut),
    _json("POST", "/api/v1/jobs/{id}/replay", rest.replay_one, "kernel.api_job_replay", rest.JobDetailOut),
    _json("POST", "/api/v1/jobs/{id}/discard", rest.discard_one, "kernel.api_job_discard", rest.CountOut),
    _json("POST", "/api/v1/events/{id}/deliver", rest.deliver, "kernel.api_event_deliver", rest.DeliveredOut,
          rest.DeliverIn),
    _json("POST", "/api/v1/breakers/close", rest.close_breaker, "kernel.api_breaker_close", rest.BreakerOut,
          rest.BreakerIn),
]  # fmt: skip
