"""Shapes: everything that follows from a set of switched-on plugins and features, computed once per set.

Tenants with equal sets share one shape. Values are pairs (plugin id, declared element), in plugin order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from ..base import contract as c
from ..plugging.registry import Registry

T = TypeVar("T")
K = TypeVar("K")
Owned = tuple[str, T]
Table = Mapping[K, tuple[Owned[T], ...]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shape:
    """What is there for a tenant with `effective` on. Identity stands for equality: shapes are interned.

    `services` is keyed by the Protocol and by its name (`<owner>.<Protocol>`); providers in plugin order.
    `permissions` are those of effective plugins: a right of a plugin that is off is never held.
    """

    effective: frozenset[str]
    plugins: tuple[str, ...]
    menu: tuple[Owned[c.MenuItem], ...]
    subscribers: Table[str, c.Subscriber]
    jobs: Mapping[str, Owned[c.Job]]
    widgets: Table[str, c.Widget]
    filters: Table[str, c.FilterStep]
    services: Mapping[str | type, tuple[Owned[Any], ...]]
    notification_types: Mapping[str, Owned[c.NotificationType]]
    search: tuple[Owned[c.SearchSource], ...]
    gates: tuple[Owned[c.Gate], ...]
    branding: tuple[Owned[c.Branding], ...]
    error_pages: tuple[Owned[c.ErrorPages], ...]
    assets: tuple[Owned[c.Asset], ...]
    permissions: frozenset[str]

    def __repr__(self) -> str:
        return f"<Shape of {', '.join(sorted(self.effective))}>"


class Shapes:
    """Interns shapes by their set of ids."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[frozenset[str], Shape] = {}

    def of(self, effective: frozenset[str]) -> Shape:
        shape = self._known.get(effective)
        if shape is None:
            shape = self._known[effective] = _build(self._registry, effective)
        return shape

    def keep(self, used: Iterable[frozenset[str]]) -> None:
        """Forget shapes that no tenant has any more, so that years of switching do not add up."""
        wanted = set(used)
        self._known = {key: shape for key, shape in self._known.items() if key in wanted}


def _build(registry: Registry, effective: frozenset[str]) -> Shape:
    plugins = tuple(pid for pid in registry.ready if pid in effective)

    def pick(declared: Mapping[str, tuple[T, ...]]) -> tuple[Owned[T], ...]:
        """Elements of effective plugins whose feature, when they name one, is on too."""
        return tuple(
            (pid, element)
            for pid in plugins
            for element in declared.get(pid, ())
            if (feature := getattr(element, "feature", None)) is None or feature in effective
        )

    return Shape(
        effective=effective,
        plugins=plugins,
        menu=tuple(sorted(pick(registry.menu), key=lambda pair: pair[1].order)),
        subscribers=_group(pick(registry.subscribers), lambda s: s.event),
        jobs=MappingProxyType({pair[1].name: pair for pair in pick(registry.jobs)}),
        widgets=_group(sorted(pick(registry.widgets), key=lambda pair: pair[1].order), lambda w: w.slot),
        filters=_group(sorted(pick(registry.filters), key=lambda pair: pair[1].order), lambda f: f.filter),
        services=_services(registry, pick(registry.services)),
        notification_types=MappingProxyType({pair[1].id: pair for pair in pick(registry.notification_types)}),
        search=pick(registry.search),
        gates=pick(registry.gates),
        branding=pick(registry.branding),
        error_pages=pick(registry.error_pages),
        assets=pick(registry.assets),
        permissions=frozenset(p.id for pid in plugins for p in registry.permissions.get(pid, ())),
    )


def _group(pairs: Iterable[Owned[T]], key: Callable[[T], str]) -> Table[str, T]:
    table: dict[str, list[Owned[T]]] = {}
    for pair in pairs:
        table.setdefault(key(pair[1]), []).append(pair)
    return MappingProxyType({name: tuple(members) for name, members in table.items()})


def _services(registry: Registry, pairs: Iterable[Owned[c.Service]]) -> Mapping[str | type, tuple[Owned[Any], ...]]:
    table: dict[str | type, list[Owned[Any]]] = {}
    for pid, service in pairs:
        for key in (service.protocol, registry.service_name(pid, service.protocol)):
            table.setdefault(key, []).append((pid, service.provider))
    return MappingProxyType({key: tuple(members) for key, members in table.items()})
