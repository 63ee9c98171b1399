"""Two tenants with demo data, side by side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from kernel.app import Greenroom
from kernel.engines.models import TenantModel, all_models
from kernel.tenancy.tenants import create_tenant
from kernel.testing.contract.walk import all_roles, seed
from kernel.testing.people import Site, TenantKit


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
