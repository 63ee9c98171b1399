"""Probes, and the component gallery that production does not have."""

from __future__ import annotations

import dataclasses

import aiohttp
import pytest

from kernel.app import Greenroom
from kernel.base.runtime import runtime
from kernel.console import health
from kernel.testing.people import TenantKit


async def test_probes_answer_on_any_host(greenroom: Greenroom) -> None:
    base = f"http://127.0.0.1:{greenroom.runtime.config.port}"
    async with aiohttp.ClientSession() as http:
        for path in ("/health/live", "/health/ready"):
            async with http.get(base + path, headers={"Host": "nobody.example"}) as answer:
                assert answer.status == 200
                assert (await answer.json())["status"] in ("ok", "degraded")


async def test_without_a_database_it_is_alive_and_not_ready(tenant: TenantKit, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone() -> str | None:
        raise ConnectionError("no route")

    monkeypatch.setattr(health, "_database", gone)
    site = tenant.visitor()
    assert (await site.get("/health/live")).status == 200
    ready = await site.get("/health/ready")
    assert ready.status == 503
    assert ready.json()["checks"]["database"] is False


async def test_late_jobs_make_it_degraded(tenant: TenantKit, monkeypatch: pytest.MonkeyPatch) -> None:
    async def late() -> str | None:
        return "3 jobs have waited for more than 5 minutes"

    monkeypatch.setattr(health, "_jobs", late)
    ready = await tenant.visitor().get("/health/ready")
    assert ready.status == 200
    assert ready.json()["status"] == "degraded"


async def test_details_are_for_this_machine_and_for_the_token(
    tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes through a proxy is a stranger, even when the proxy is on this machine."""
    site = tenant.visitor()
    told = (await site.get("/health/ready")).json()
    assert told["plugins"]["kernel"]["state"] == "ready" and told["checks"]["database"] is True
    through = {"X-Forwarded-For": "203.0.113.9"}
    stranger = await site.get("/health/ready", headers=through)
    assert (stranger.status, set(stranger.json())) == (200, {"status"})
    monkeypatch.setattr(runtime(), "config", dataclasses.replace(runtime().config, metrics_token=b"t" * 30))
    for token, told_more in (("t" * 30, True), ("x" * 30, False)):
        answer = await site.get("/health/ready", headers={**through, "Authorization": f"Bearer {token}"})
        assert ("plugins" in answer.json()) is told_more


async def test_production_has_no_gallery(tenant: TenantKit, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tenant.visitor()
    assert (await site.get("/dev/components")).status == 200
    config = dataclasses.replace(runtime().config, mode="production")
    monkeypatch.setattr(runtime(), "config", config)
    assert (await site.get("/dev/components")).status == 404
