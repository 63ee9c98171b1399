"""A person's right to know: what each plugin holds about them."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from kernel import PrivacyProvider
from kernel.testing.people import TenantKit
from plugins.compliance.services import exporting

from .kit import Shelf, shelves


async def test_the_map_names_every_installed_plugin_also_those_that_are_off(
    tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf({"notes": ["a", "b", "c"], "profile": {"x": 1}, "empty": []})
    owner = await tenant.sign_in("owner")
    await owner.post("/admin/plugins/notifications", {"on": "0", "reason": "test", "follow": "1"})
    with shelves(monkeypatch, shelf=shelf.provider()):
        page = await owner.get("/privacy")
        answer = (await owner.get("/api/v1/compliance/map")).json()
    assert "notes · 3" in page.text
    assert "switched off, still held" in page.text
    by_plugin = {h["plugin"]: h for h in answer["plugins"]}
    assert by_plugin["shelf"]["sections"] == {"notes": 3, "profile": 1}
    assert by_plugin["notifications"]["on"] is False
    assert "kernel" in by_plugin


async def test_a_provider_that_fails_or_dawdles_does_not_break_the_page(
    tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(account_id: UUID) -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    async def erase(account_id: UUID) -> list[str]:
        return []

    shelf = Shelf()
    shelf.failing = True
    site = await tenant.sign_in()
    lazy = PrivacyProvider(title="Lazy", export=slow, erase=erase)
    with shelves(monkeypatch, shelf=shelf.provider(), lazy=lazy), tenant.scope():
        held = {h.plugin: h for h in await exporting.held(site.account_id or uuid4(), patience=0.2)}
    assert held["shelf"].error == "OSError"
    assert held["lazy"].error == "timeout"
    assert held["kernel"].sections


async def test_visitors_have_to_sign_in(tenant: TenantKit) -> None:
    visitor = tenant.visitor()
    assert (await visitor.get("/privacy")).location.startswith("/sign-in")
    assert (await visitor.get("/api/v1/compliance/map")).status == 401
    assert (await visitor.post("/privacy/exports")).status in (401, 403)
    assert (await visitor.get(f"/privacy/exports/{uuid4()}/download")).location.startswith("/sign-in")
