"""What operators read: numbers by route, never for strangers; and what plugins add through `register_metrics`."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from kernel.app import Greenroom
from kernel.base import metrics as formats
from kernel.base.config import ConfigError, load_config
from kernel.base.contract import Metric
from kernel.base.runtime import runtime
from kernel.console import metrics
from kernel.engines.connection import DatabaseUnavailable
from kernel.testing.people import TenantKit
from kernel.web import measuring

from ..plugging.fakes import registry_of

TOKEN = b"a-token-of-more-than-20-characters"
_LINE = re.compile(r'([a-z_]+)(\{([a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?[0-9.e+-]+)')


def parsed(text: str) -> dict[str, float]:
    """Every sample of a page, which must be well formed: one HELP and TYPE before its samples."""
    kinds: dict[str, str] = {}
    found: dict[str, float] = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _hash, _type, name, kind = line.split(" ")
            assert name not in kinds
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            match = _LINE.fullmatch(line)
            assert match, line
            family = re.sub(r"_(bucket|sum|count)$", "", match[1])
            assert match[1] in kinds or kinds.get(family) == "histogram", line
            sample = line.rpartition(" ")[0]
            assert sample not in found, line
            found[sample] = float(match[4])
    return found


@pytest.fixture
async def port(greenroom: Greenroom, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A port of its own, and the token."""
    config = dataclasses.replace(runtime().config, metrics_bind=("127.0.0.1", 0), metrics_token=TOKEN)
    monkeypatch.setattr(runtime(), "config", config)
    async with metrics.measured() as number:
        yield number


async def scrape(port: int) -> dict[str, float]:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "nosniff" in str(answer.headers)
        return parsed(await answer.text())


async def test_requests_are_counted_by_route_and_never_by_path(port: int, tenant: TenantKit) -> None:
    site = tenant.visitor()
    for path in ("/sign-in", "/sign-in", "/nowhere/secret-token-1", "/nowhere/secret-token-2"):
        await site.get(path)
    found = await scrape(port)
    head = 'greenroom_http_requests_total{plugin="kernel",route="/sign-in",method="GET",'
    assert found[head + 'status="200"}'] == 2
    assert found['greenroom_http_requests_total{plugin="",route="none",method="GET",status="404"}'] == 2
    assert found['greenroom_http_request_seconds_bucket{plugin="kernel",route="/sign-in",le="+Inf"}'] == 2
    assert found['greenroom_http_request_seconds_count{plugin="kernel",route="/sign-in"}'] == 2
    assert not [sample for sample in found if "secret-token" in sample or tenant.ref.slug + '"' in sample]
    for name in ("greenroom_snapshot_epoch", "greenroom_tenants", "greenroom_sockets", "greenroom_loop_lag_seconds",
                 "process_resident_memory_bytes", "process_cpu_seconds_total", "greenroom_events",
                 'greenroom_database_connections{state="idle"}'):  # fmt: skip
        assert name in found, name
    assert found["process_resident_memory_bytes"] > 10_000_000


async def test_jobs_by_queue_state_and_age(port: int, tenant: TenantKit) -> None:
    await tenant.sign_in("owner")
    found = await scrape(port)
    assert any(sample.startswith("greenroom_jobs{queue=") for sample in found)
    assert all(value >= 0 for sample, value in found.items() if sample.startswith("greenroom_job_wait_seconds"))


async def test_strangers_find_no_metrics(tenant: TenantKit, port: int) -> None:
    site = tenant.visitor()
    missing = await site.get("/nowhere")
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN.decode()}):
        answer = await site.get("/metrics", headers=headers)
        assert (answer.status, "greenroom_" in answer.text) == (404, False)
    assert missing.status == 404
    answer = await site.get("/metrics", headers={"Authorization": f"Bearer {TOKEN.decode()}"})
    assert answer.status == 200 and parsed(answer.text)


async def test_off_unless_configured(tenant: TenantKit) -> None:
    assert measuring.observer is None
    async with metrics.measured() as port:
        assert (port, measuring.observer) == (0, None)
    assert (await tenant.visitor().get("/metrics")).status == 404


async def test_by_tenant_only_when_asked(
    greenroom: Greenroom, tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = dataclasses.replace(runtime().config, metrics_bind=("127.0.0.1", 0), metrics_by_tenant=True)
    monkeypatch.setattr(runtime(), "config", config)
    async with metrics.measured() as port:
        await tenant.visitor().get("/sign-in")
        assert (await scrape(port))[f'greenroom_tenant_requests_total{{tenant="{tenant.ref.slug}"}}'] == 1


async def test_register_metrics(port: int, tenant: TenantKit) -> None:
    """The hook's first-party user: e-mails by state."""
    found = await scrape(port)
    assert any(sample.startswith('greenroom_notifications_emails{state="queued"}') for sample in found)


async def test_a_metric_that_fails_or_explodes_costs_itself_only(
    port: int, tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> dict[tuple[str, ...], float]:
        raise RuntimeError("boom")

    async def hangs() -> dict[tuple[str, ...], float]:
        await asyncio.sleep(60)
        return {}

    async def explodes() -> dict[tuple[str, ...], float]:
        return {(str(n),): 1.0 for n in range(500)}

    declared = [Metric(name=f"x_{f.__name__}", help="X", read=f, labels=("n",)) for f in (fails, hangs, explodes)]
    monkeypatch.setattr(metrics, "_PATIENCE", 0.2)
    monkeypatch.setattr(metrics, "_plugin_parts", lambda: [("x", metrics._declared(metric)) for metric in declared])
    found = await scrape(port)
    assert found['greenroom_scrape_failures{plugin="x"}'] == 3
    assert not [sample for sample in found if sample.startswith("greenroom_x_")]
    assert "greenroom_tenants" in found


async def test_without_a_database_the_process_still_tells(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(query: str, *args: Any) -> list[Any]:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(metrics, "sql", gone)
    found = await scrape(port)
    assert found['greenroom_scrape_failures{plugin="kernel"}'] == 1
    assert "greenroom_snapshot_epoch" in found


def test_the_series_are_bounded_and_well_formed() -> None:
    family = formats.Family("x_total", 'back\\slash\nand "quotes"', "counter", ("a", "b"))
    family.add(('quo"te\n', "back\\slash"))
    histogram = formats.Histogram("x_seconds", "X", ("a",))
    for n in range(3 * formats.LIMIT):
        family.add((str(n), "x"))
        histogram.observe((str(n),), n / 100)
    assert len(family.values) <= formats.LIMIT + 1
    assert len(histogram.buckets) <= formats.LIMIT + 1
    found = parsed(formats.text([family, histogram]))
    assert found['x_total{a="quo\\"te\\n",b="back\\\\slash"}'] == 1
    assert sum(value for sample, value in found.items() if sample.startswith("x_total")) == 3 * formats.LIMIT + 1


@pytest.mark.parametrize(
    ("name", "labels", "words"),
    [("other_x", (), "must be a_<what>"), ("a", (), "must be a_<what>"), ("a_x", ("Bad",), "not in small letters")],
)
def test_names_of_metrics(name: str, labels: tuple[str, ...], words: str) -> None:
    async def read() -> dict[tuple[str, ...], float]:
        return {}

    metric = Metric(name=name, help="X", read=read, labels=labels)
    info = registry_of(("a", {"metrics": [metric]}), strict=False).plugins["a"]
    assert info.state == "broken" and words in info.reason


def test_what_is_configured() -> None:
    assert load_config({"GREENROOM_METRICS_BIND": "[::1]:9464"}, mode="test").metrics_bind == ("::1", 9464)
    for bad in (
        {"GREENROOM_METRICS_BIND": "9464"},
        {"GREENROOM_METRICS_BIND": "x:99999"},
        {"GREENROOM_METRICS_TOKEN": "short"},
    ):
        with pytest.raises(ConfigError, match="GREENROOM_METRICS"):
            load_config(bad, mode="test")
