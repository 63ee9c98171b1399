"""Two tenants with demo data, side by side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from kernel.app import Greenroom
from kernel.engines.models import TenantModel, all_models
from kernel.tenancy.tenants import create_tenant
from kernel.testing.contract.walk import all_roles, seed
from kernel.testing.people import Site, TenantKit

from .planting import plant


@dataclass(slots=True)
class Pair:
    ours: TenantKit
    theirs: TenantKit
    greenroom: Greenroom

    async def everybody(self, kit: TenantKit) -> Site:
        """One person with every role."""
        return await kit.sign_in(
            "owner", *all_roles(r.id for f in self.greenroom.runtime.registry.roles.values() for r in f)
        )


@pytest.fixture(scope="session")
async def pair(greenroom: Greenroom) -> AsyncIterator[Pair]:
    kits = []
    for slug in ("ours", "theirs"):
        ref = await create_tenant(slug, slug, hosts=[f"{slug}.localhost"])
        kits.append(TenantKit(ref, f"{slug}.localhost", greenroom.runtime.config.port))
        await seed(kits[-1])
    yield Pair(*kits, greenroom)
    for kit in kits:
        await kit.close()


@pytest.fixture(scope="session")
def tables(greenroom: Greenroom) -> list[str]:
    """Every table of tenants' rows, by the models."""
    return sorted(model._meta.db_table for model in all_models() if issubclass(model, TenantModel))


@pytest.fixture(scope="session")
async def planted(
    pair: Pair, tables: list[str], database: tuple[str, str]
) -> AsyncIterator[tuple[int, list[str], dict[str, str]]]:
    """Our tenant's every text holds a token, from now to the end of the run: how many, which not, and what is where."""
    tables = [table for table in tables if table not in ("kernel_toggle", "kernel_job")]
    conn = await asyncpg.connect(database[0])
    try:
        await conn.execute("SET session_replication_role = replica")  # past logs that may not be changed
        yield await plant(conn, tables, pair.ours.ref.id)
        for table in [*tables, "kernel_job"]:  # of no use to anybody now
            await conn.execute(f'DELETE FROM "{table}" WHERE tenant_id = $1', pair.ours.ref.id)
    finally:
        await conn.close()
