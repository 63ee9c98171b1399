"""`greenroom demo`: a private database, sample tenants from bundles, one process for web and jobs."""

from __future__ import annotations

from pathlib import Path

from ..app import Greenroom, started
from ..base.config import Config
from ..base.context import every_tenant, speaking, tenant_scope
from ..plugging.registry import Registry
from ..tenancy.models import Tenant
from .bundles import PASSWORD, Bundle, apply_bundle, read_bundle
from .serving import free_port, listening, until_told


async def run(config: Config) -> int:
    """Serve the demo until told to stop; the first start makes the tenants."""
    free_port(config.host, config.port)
    async with started(config, jobs=True) as room:
        bundles = demo_bundles(config)
        await seed(room, bundles)
        async with listening(room):
            _announce(config, bundles)
            await until_told()
    return 0


def demo_bundles(config: Config) -> list[Bundle]:
    """The bundles in `plugins/demo/`, beside the manifest or beside the installed kernel."""
    places = (config.manifest.parent, Path(__file__).resolve().parents[2])
    folder = next((f for place in places if (f := place / "plugins" / "demo").is_dir()), None)
    return [read_bundle(path) for path in sorted(folder.glob("*.toml"))] if folder else []


async def seed(room: Greenroom, bundles: list[Bundle]) -> None:
    """Make the tenants that are missing and let every plugin fill them. Done once per tenant."""
    with every_tenant():
        known = {tenant.slug for tenant in await Tenant.all()}
    for bundle in bundles:
        if bundle.slug not in known:
            tenant = await apply_bundle(bundle)
            snapshot = room.runtime.snapshots.of(tenant.id)
            if snapshot is None:
                raise RuntimeError(f"the tenant {bundle.slug} was made and cannot be seen")
            with tenant_scope(tenant), speaking(bundle.locale, bundle.zone):
                for pid in demo_order(room.runtime.registry):
                    if pid in snapshot.effective:
                        for data in room.runtime.registry.demo_data[pid]:
                            await data.seed(bundle.slug)


def demo_order(registry: Registry) -> list[str]:
    """Plugins with demo data, each after those it names."""
    waiting = {pid: {a for d in found for a in d.after} for pid, found in registry.demo_data.items() if found}
    order: list[str] = []
    while waiting:
        free = [pid for pid, after in waiting.items() if not (after & waiting.keys()) - {pid}]
        if not free:
            raise ValueError(f"demo data wait for each other: {', '.join(sorted(waiting))}")
        order += free
        for pid in free:
            del waiting[pid]
    return order


def _announce(config: Config, bundles: list[Bundle]) -> None:
    first = f"http://{bundles[0].hosts[0]}:{config.port}"
    lines = [f"Greenroom is ready: {first}", ""]
    for bundle in bundles:
        lines.append(f"  {bundle.name}: http://{bundle.hosts[0]}:{config.port}")
        lines += [f"    {account.email:26} {account.name}" for account in bundle.accounts]
    lines += ["", f"  Password of every account: {PASSWORD}", "  Stop with Ctrl+C."]
    print("\n".join(lines), flush=True)
