"""A small world for this wing's tests: two tenants, plugins `alpha` and `beta`, no web, no manifest."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from kernel.base.context import TenantRef
from kernel.base.contract import FilterStep, Job, Service, Subscriber
from kernel.base.runtime import Runtime, use_runtime
from kernel.plugging.registry import Registry
from kernel.tenancy.shapes import Shapes

ACME = TenantRef(UUID("0190a000-0000-7000-8000-000000000001"), "acme", "Acme")
BOLT = TenantRef(UUID("0190a000-0000-7000-8000-000000000002"), "bolt", "Bolt")


def make_registry(
    *,
    jobs: tuple[Job, ...] = (),
    subscribers: tuple[Subscriber, ...] = (),
    filters: tuple[FilterStep, ...] = (),
    services: tuple[Service, ...] = (),
    plugin: str = "alpha",
    more: dict[str, dict[str, tuple[Any, ...]]] | None = None,
) -> Registry:
    """A frozen registry in which `plugin` declares the given elements; `more` is hook -> plugin -> elements."""
    hooks: dict[str, Any] = {f.name: {} for f in dataclasses.fields(Registry)}
    hooks["ready"] = ("alpha", "beta")
    for hook, elements in (
        ("jobs", jobs), ("subscribers", subscribers), ("filters", filters), ("services", services)
    ):  # fmt: skip
        hooks[hook] = {plugin: elements}
    for hook, found in (more or {}).items():
        hooks[hook] = {**hooks[hook], **found}
    return Registry(**hooks)


class FakeSnapshots:
    """What the wing asks of the tenancy floor."""

    def __init__(self, registry: Registry) -> None:
        self.shapes = Shapes(registry)
        self.known: dict[UUID, Any] = {}
        self.listeners: list[Callable[[Any, Any], None]] = []

    def put(self, tenant: TenantRef, *on: str, state: str = "active", zone: str = "Europe/Berlin") -> None:
        effective = frozenset(on)
        new = SimpleNamespace(
            tenant=tenant, state=state, locale="de", locales=("de",), zone=zone, effective=effective, settings={},
            rules=(),
            why={name: "switched off by the tenant" for name in {"alpha", "beta"} - effective},
            shape=self.shapes.of(effective),
        )  # fmt: skip
        old, self.known[tenant.id] = self.known.get(tenant.id), new
        for listener in self.listeners:
            listener(old, new)

    def of(self, tenant_id: UUID) -> Any:
        return self.known.get(tenant_id)

    def all(self) -> tuple[Any, ...]:
        return tuple(self.known.values())

    async def refresh(self) -> None:
        pass

    def on_change(self, listener: Callable[[Any, Any], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


@contextmanager
def running(registry: Registry) -> Iterator[FakeSnapshots]:
    """A runtime with this registry, in which both tenants have both plugins on."""
    snapshots = FakeSnapshots(registry)
    for tenant in (ACME, BOLT):
        snapshots.put(tenant, "alpha", "beta")
    engines = Runtime(config=cast(Any, None), registry=registry, snapshots=cast(Any, snapshots))
    with use_runtime(engines):
        yield snapshots
