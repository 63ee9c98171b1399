"""Traces with the in-memory exporter: request, unit of work, job; and nothing at all when they are off."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from kernel.base import tracing
from kernel.base.config import ConfigError
from kernel.base.context import tenant_scope
from kernel.engines.connection import unit_of_work
from kernel.testing.fixtures import _missing
from kernel.testing.people import TenantKit
from kernel.work.jobs import enqueue

from .site import get, served


@pytest.fixture
def spans() -> Iterator[Any]:
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        _missing("opentelemetry", "pip install 'greenroom[otel]'")
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    stop = tracing.start(exporter)
    yield exporter
    stop()


async def inner(request: web.Request) -> web.StreamResponse:
    with tracing.span("inner", plugin="alpha"):
        return web.Response(text="x")


async def failing(request: web.Request) -> web.StreamResponse:
    raise RuntimeError("boom")


ROUTES = [get("/alpha/show/{id}", inner), get("/alpha/boom", failing)]


async def test_a_request_is_a_tree_of_spans_by_route_and_never_by_path(spans: Any, tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        await acme.get("/alpha/show/secret-token?q=secret-word", headers={"traceparent": parent})
        await acme.get("/alpha/boom")
        await acme.get("/nowhere/secret-token")
    found = {span.name: span for span in spans.get_finished_spans()}
    assert set(found) == {"inner", "GET /alpha/show/{id}", "GET /alpha/boom", "GET none"}
    outer, within = found["GET /alpha/show/{id}"], found["inner"]
    assert within.parent.span_id == outer.context.span_id
    assert format(outer.context.trace_id, "032x") == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert outer.attributes["greenroom.tenant"] == "acme" and outer.attributes["greenroom.plugin"] == "alpha"
    assert outer.attributes["http.response.status_code"] == 200
    assert found["GET /alpha/boom"].status.status_code.name == "ERROR"
    assert not [s for s in found.values() if "secret" in str(s.attributes) + s.name]


async def test_units_of_work_and_jobs_are_spans(spans: Any, tenant: TenantKit, run_jobs: Any) -> None:
    with tenant_scope(tenant.ref):
        async with unit_of_work(), unit_of_work():  # a savepoint is no unit of its own
            await enqueue("kernel.clean_auth", {})
    assert await run_jobs(tenant) >= 1
    names = [span.name for span in spans.get_finished_spans()]
    assert names.count("unit of work") >= 1
    job = next(span for span in spans.get_finished_spans() if span.name == "job kernel.clean_auth")
    assert job.attributes["greenroom.plugin"] == "kernel" and job.attributes["greenroom.request_id"]


def test_off_it_costs_nothing_and_is_not_even_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(endpoint: Any, request: Any) -> None:
        return None

    assert tracing.traced(serve) is serve
    assert tracing.span("x") is tracing.span("y", plugin="z") and isinstance(tracing.span("x"), nullcontext)
    # Not all of the kernel: where it is installed, the Redis client imports it by itself.
    script = "import sys, kernel.base.tracing, kernel.engines.connection; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"greenroom\[otel\]"):
        tracing.start(object())
