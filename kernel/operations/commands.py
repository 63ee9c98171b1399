"""For commands of plugins that need the database: start, do the work as one tenant, end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from ..app import started
from ..base.config import ConfigError, load_config
from ..base.context import speaking, tenant_scope
from ..engines.embedded import EmbeddedError
from ..plugging.manifest import ManifestError
from ..tenancy.tenants import find_tenant


def run_in_tenant(slug: str, work: Callable[[], Awaitable[int]]) -> int:
    """Run `work` in the scope of the tenant with this slug; its exit status, or 1 with a sentence that says why not."""
    try:
        return asyncio.run(_run(slug, work))
    except (ConfigError, EmbeddedError, ManifestError) as exc:
        print(f"greenroom: {exc}", file=sys.stderr)
        return 1


async def _run(slug: str, work: Callable[[], Awaitable[int]]) -> int:
    async with started(load_config()) as room:
        tenant = await find_tenant(slug)
        snapshot = room.runtime.snapshots.of(tenant.id) if tenant is not None else None
        if tenant is None or snapshot is None:
            print(f"greenroom: there is no tenant {slug!r}; see: greenroom tenant list", file=sys.stderr)
            return 1
        with tenant_scope(tenant), speaking("en", snapshot.zone):
            return await work()
