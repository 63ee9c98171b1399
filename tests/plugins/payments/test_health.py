"""What the doctor says of the built-in provider."""

from __future__ import annotations

import pytest

from kernel.base.config import load_config
from kernel.operations.doctor import examine
from kernel.testing.people import TenantKit
from plugins.payments import health

ENV = {"GREENROOM_SECRET": "u8Zq1f0wXk7vT3nB5mL9pR2sD4gH6jC0"}


async def test_the_doctor_calls_the_sandbox_unsafe_for_people(
    tenant: TenantKit, monkeypatch: pytest.MonkeyPatch, database: tuple[str, str]
) -> None:
    config = load_config(ENV, mode="test")

    async def said(production: bool) -> dict[str, str]:
        found = await examine(config, ENV, production=production, dsns=database)
        return {f.check: f"{f.level}: {f.what}" for f in found}

    told = (await said(production=True))["payments.gateway"]
    assert told.startswith("fault:")
    assert "sandbox" in told
    assert "payments.gateway" not in await said(production=False), "in a demo it is what it should be"
    assert "payments.gateway" not in (await tenant.visitor().get("/health/ready")).text, "nobody is unwell for it"
    monkeypatch.setattr(health, "DEFAULT", object())
    assert "payments.gateway" not in await said(production=True)
