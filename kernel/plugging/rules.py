"""The rules that a plugin's declarations must keep. Each fault is one sentence naming plugin and element.

Rules that hold for many kinds of element are tables; the rest is one small function per kind.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..base import contract as c
from ..base.events import event_name
from . import values
from .manifest import KERNEL
from .paths import Claim, route_faults

#: What one plugin declared: hook without "register_" -> its elements.
Declared = Mapping[str, tuple[Any, ...]]

#: hook -> (singular for messages, attribute that names an element, must it begin with the plugin's id)
NAMES: Mapping[str, tuple[str, str, bool]] = {
    "routes": ("route", "name", True),
    "jobs": ("job", "name", True),
    "permissions": ("permission", "id", True),
    "roles": ("role", "id", False),
    "settings": ("setting", "key", True),
    "features": ("feature", "id", True),
    "impacts": ("switch impact", "name", True),
    "events": ("event", "event_name", True),
    "notification_types": ("notification type", "id", True),
    "widgets": ("widget", "name", False),
    "search": ("search source", "name", False),
    "gates": ("gate", "name", False),
    "template_globals": ("template global", "name", False),
    "health": ("health check", "name", False),
    "metrics": ("metric", "name", False),
    "commands": ("command", "name", False),
    "quotas": ("quota", "id", True),
    "bundle_parts": ("bundle part", "name", True),
    "menu": ("menu item", "route", False),
    "subscribers": ("subscriber", "event", False),
    "filters": ("filter step", "filter", False),
}
_REPEATABLE = frozenset({"menu", "subscribers", "filters"})
#: Of these there is one namespace for all plugins.
_SHARED = ("roles", "template_globals")

#: hook -> functions that are awaited
_AWAITED: Mapping[str, tuple[str, ...]] = {
    "routes": ("handler",),
    "jobs": ("func",),
    "subscribers": ("handler",),
    "filters": ("step",),
    "widgets": ("render",),
    "search": ("find",),
    "gates": ("check",),
    "health": ("check",),
    "metrics": ("read",),
    "impacts": ("tell",),
    "notification_types": ("compose",),
    "privacy_providers": ("export", "erase"),
    "demo_data": ("seed",),
    "settings": ("test",),
    "quotas": ("used",),
    "bundle_parts": ("export", "check", "apply"),
}
#: hook -> most elements that one plugin may give
_AT_MOST: Mapping[str, int] = {"models": 1, "privacy_providers": 1, "branding": 1, "error_pages": 1, "demo_data": 1}

_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*")
_EVENT = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9_]+\.v[1-9][0-9]*")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_KERNEL_SLOTS = frozenset({"landing", "home", "shell.bell", "shell.banner", "shell.account", "shell.error"})


@dataclass(slots=True)
class Accepted:
    """What plugins that came before have declared; a later plugin must fit in beside it."""

    declared: dict[str, Declared] = field(default_factory=dict)
    claims: dict[str, list[Claim]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """The plugin under examination. `reach`: itself, what it requires, and the kernel."""

    plugin: str
    declared: Declared
    reach: frozenset[str]
    accepted: Accepted

    def within_reach(self, hook: str) -> Iterator[Any]:
        for pid in self.reach:
            source = self.declared if pid == self.plugin else self.accepted.declared.get(pid, {})
            yield from source.get(hook, ())

    def fault(self, hook: str, element: object, what: str) -> str:
        kind, attribute, _ = NAMES.get(hook, (hook, "", False))
        name = getattr(element, attribute, "") if attribute else ""
        return f"{self.plugin}: {kind} {name!r} {what}." if name else f"{self.plugin}: {kind} {what}."


def faults(subject: Subject) -> list[str]:
    """Everything wrong with one plugin's declarations."""
    found = [*_shapes(subject)]
    if found:
        return found  # the rules below rely on sound fields
    for rule in (_counts, _names, _references, *_OWN_RULES.values()):
        found += rule(subject)
    found += route_faults(subject.plugin, subject.declared["routes"], subject.accepted.claims)
    return found


def late_faults(plugin: str, declared: Declared, accepted: Accepted) -> list[str]:
    """What can be told only when all plugins are known: listening to an event that its plugin never publishes."""
    found = []
    wanted = [("subscribers", e, e.event) for e in declared["subscribers"]]
    wanted += [("notification_types", e, e.event) for e in declared["notification_types"] if e.event]
    for hook, _element, name in wanted:
        publisher = name.partition(".")[0]
        known = {event_name(cls) for cls in accepted.declared.get(publisher, {}).get("events", ())}
        if known and name not in known:
            kind = NAMES[hook][0]
            found.append(f"{plugin}: {kind} waits for {name!r}, which {publisher} does not declare.")
    return found


def _shapes(s: Subject) -> Iterator[str]:
    """Fields that must be functions, tuples, or names."""
    for hook, elements in s.declared.items():
        for element in elements:
            for name in _AWAITED.get(hook, ()):
                func = getattr(element, name)
                if func is not None and not _is_async(func):
                    yield s.fault(hook, element, f"has {name}= that is not an async function")
            if hook == "events":
                if not isinstance(getattr(element, "event_name", None), str):
                    yield f"{s.plugin}: event class {element.__name__} is not decorated with @event(...)."
                continue
            for f in dataclasses.fields(element):
                if isinstance(f.default, tuple) and not isinstance(getattr(element, f.name), tuple):
                    yield s.fault(hook, element, f"has {f.name}= that is not a tuple")


def _is_async(func: object) -> bool:
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(getattr(func, "__call__", None))  # noqa: B004


def _counts(s: Subject) -> Iterator[str]:
    for hook, most in _AT_MOST.items():
        if len(s.declared[hook]) > most:
            yield f"{s.plugin}: register_{hook} gives {len(s.declared[hook])} elements where {most} is the most."


def _names(s: Subject) -> Iterator[str]:
    for hook, (_kind, attribute, prefixed) in NAMES.items():
        seen: set[object] = set()
        for element in s.declared[hook]:
            name = getattr(element, attribute)
            if name == c.EVERY_EVENT and hook == "subscribers":
                continue
            if not isinstance(name, str) or not (hook == "template_globals" or _NAME.fullmatch(name)):
                yield s.fault(hook, element, f"needs a {attribute} of lower-case words and dots")
            elif prefixed and not name.startswith(s.plugin + "."):
                yield s.fault(hook, element, f"must begin with {s.plugin + '.'!r}")
            key = (element.slot, name) if hook == "widgets" else name
            if key in seen and hook not in _REPEATABLE:
                yield s.fault(hook, element, "is declared twice")
            seen.add(key)
    for hook in _SHARED:
        attribute = NAMES[hook][1]
        for pid, declared in s.accepted.declared.items():
            taken = {getattr(e, attribute) for e in declared[hook]}
            for element in s.declared[hook]:
                if getattr(element, attribute) in taken:
                    yield s.fault(hook, element, f"is declared by {pid} too")


def _references(s: Subject) -> Iterator[str]:
    """Features are the plugin's own; permissions its own, the kernel's, or of what it requires."""
    features = {f.id for f in s.declared["features"]}
    permissions = {c.SIGNED_IN, *(p.id for p in s.within_reach("permissions"))}
    for hook, elements in s.declared.items():
        if hook == "events":
            continue
        for element in elements:
            feature = getattr(element, "feature", None)
            if feature is not None and feature not in features:
                yield s.fault(hook, element, f"names feature {feature!r}, which the plugin does not declare")
            permission = getattr(element, "permission", None)
            if permission is not None and permission not in permissions:
                yield s.fault(hook, element, f"names permission {permission!r}, which is not declared")


def _menu(s: Subject) -> Iterator[str]:
    routes = {r.name: r for r in s.within_reach("routes")}
    for item in s.declared["menu"]:
        if item.section not in ("workspace", "operations", "settings"):
            yield s.fault("menu", item, f"names section {item.section!r}, which there is not")
        route = routes.get(item.route)
        if route is None:
            yield s.fault("menu", item, "leads to a route that does not exist")
        elif route.method != "GET" or "{" in route.path:
            yield s.fault("menu", item, "must lead to a GET route without parameters")


def _jobs(s: Subject) -> Iterator[str]:
    for job in s.declared["jobs"]:
        if job.every is not None and job.cron is not None:
            yield s.fault("jobs", job, "has both every= and cron=")
        if job.every is not None and job.every.total_seconds() < 1:
            yield s.fault("jobs", job, "has every= below one second")
        if job.cron is not None and len(job.cron.split()) != 5:
            yield s.fault("jobs", job, "has cron= without exactly five fields")
        if job.attempts < 1 or job.timeout <= 0:
            yield s.fault("jobs", job, "needs at least one attempt and a timeout above zero")


def _features(s: Subject) -> Iterator[str]:
    for feature in s.declared["features"]:
        if feature.id.count(".") != 1:
            yield s.fault("features", feature, "must be <plugin>.<name>")
        if feature.kind not in ("release", "experiment", "operational", "kill_switch", "permission"):
            yield s.fault("features", feature, f"has kind {feature.kind!r}, which there is not")
        if feature.days is not None and feature.days < 1:
            yield s.fault("features", feature, "must live a day at least")
        if feature.id in feature.conflicts or s.plugin in feature.conflicts:
            yield s.fault("features", feature, "conflicts with itself or its own plugin")


def _quotas(s: Subject) -> Iterator[str]:
    limits = {setting.key for setting in s.declared["settings"] if setting.type is int and setting.scope == "platform"}
    for quota in s.declared["quotas"]:
        if quota.limit not in limits:
            yield s.fault("quotas", quota, f"takes its limit from {quota.limit!r}, no int setting of scope platform")


def _metrics(s: Subject) -> Iterator[str]:
    for metric in s.declared["metrics"]:
        if not re.fullmatch(rf"{s.plugin}(_[a-z0-9]+)+", metric.name):
            yield s.fault("metrics", metric, f"must be {s.plugin}_<what>, in small letters")
        if not all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in metric.labels):
            yield s.fault("metrics", metric, "has a label that is not in small letters")


def _settings(s: Subject) -> Iterator[str]:
    for setting in s.declared["settings"]:
        if setting.type not in (bool, int, str, list, dict):
            yield s.fault("settings", setting, "has a type other than bool, int, str, list and dict")
        elif setting.scope not in ("platform", "tenant", "account"):
            yield s.fault("settings", setting, f"has scope {setting.scope!r}, which there is not")
        elif setting.secret and (setting.type is not str or setting.default):
            yield s.fault("settings", setting, "is secret and so must be a str without a default")
        elif setting.default and (wrong := values.problem(setting, setting.default)):
            yield s.fault("settings", setting, f"does not accept its own default ({wrong})")
        elif values.mismatch(dataclasses.replace(setting, choices=()), setting.default):
            yield s.fault("settings", setting, "has a default of another type")


def _listening(s: Subject) -> Iterator[str]:
    for subscriber in s.declared["subscribers"]:
        if subscriber.event != c.EVERY_EVENT and not _EVENT.fullmatch(subscriber.event):
            yield s.fault("subscribers", subscriber, "needs an event name with version, such as a.happened.v1")
        if subscriber.attempts < 1 or subscriber.timeout <= 0:
            yield s.fault("subscribers", subscriber, "needs at least one attempt and a timeout above zero")
    for step in s.declared["filters"]:
        if not _EVENT.fullmatch(step.filter):
            yield s.fault("filters", step, "needs a filter name with version, such as a.requested.v1")
    for kind in s.declared["notification_types"]:
        if (kind.event is None) != (kind.compose is None):
            yield s.fault("notification_types", kind, "needs event= and compose= together")
        elif kind.event and not _EVENT.fullmatch(kind.event):
            yield s.fault("notification_types", kind, "needs an event name with version")


def _services(s: Subject) -> Iterator[str]:
    for service in s.declared["services"]:
        name = getattr(service.protocol, "__name__", service.protocol)
        if not getattr(service.protocol, "_is_protocol", False):
            yield f"{s.plugin}: service {name!r} is not a Protocol."
            continue
        lacks = [m for m in protocol_members(service.protocol) if not hasattr(service.provider, m)]
        if lacks:
            yield f"{s.plugin}: the provider of service {name!r} lacks {', '.join(lacks)}."


def protocol_members(protocol: type) -> list[str]:
    """Public methods and attributes that a Protocol asks for."""
    members: dict[str, None] = {}
    for cls in protocol.__mro__:
        if getattr(cls, "_is_protocol", False) and cls.__module__ != "typing":
            members.update(dict.fromkeys((*vars(cls), *inspect.get_annotations(cls))))
    return [m for m in members if not m.startswith("_")]


def _privacy(s: Subject) -> Iterator[str]:
    providers = s.declared["privacy_providers"]
    for provider in providers:
        if bool(provider.nothing_because) == bool(provider.export and provider.erase):
            yield f"{s.plugin}: its privacy provider needs export= and erase=, or else nothing_because=."
    if s.declared["models"] and not providers:
        yield f"{s.plugin}: it has models and so must register a privacy provider."


def _widgets(s: Subject) -> Iterator[str]:
    for widget in s.declared["widgets"]:
        if widget.slot not in _KERNEL_SLOTS and "." not in widget.slot:
            yield s.fault("widgets", widget, f"names slot {widget.slot!r}; plugins' slots are <plugin>.<place>")


def _assets(s: Subject) -> Iterator[str]:
    endings = {"style": (".css",), "module": (".js", ".mjs")}
    for asset in s.declared["assets"]:
        if asset.kind not in endings or not asset.path.endswith(endings.get(asset.kind, ())):
            yield f"{s.plugin}: asset {asset.path!r} is not a {' or '.join(endings)} by its ending."
        elif asset.path.startswith("/") or ".." in asset.path.split("/"):
            yield f"{s.plugin}: asset {asset.path!r} must lie under the plugin's static folder."


def _modules(s: Subject) -> Iterator[str]:
    for module in s.declared["models"]:
        for name in (module.models, module.migrations):
            if not _MODULE.fullmatch(name):
                yield f"{s.plugin}: register_models gives {name!r}, which is not a dotted module name."
    for item in s.declared["template_globals"]:
        if not item.name.isidentifier():
            yield s.fault("template_globals", item, "is not a name that a template can write")


_OWN_RULES: Mapping[str, Callable[[Subject], Iterator[str]]] = {
    "menu": _menu,
    "jobs": _jobs,
    "features": _features,
    "settings": _settings,
    "quotas": _quotas,
    "metrics": _metrics,
    "listening": _listening,
    "services": _services,
    "privacy": _privacy,
    "widgets": _widgets,
    "assets": _assets,
    "modules": _modules,
}

__all__ = ["KERNEL", "NAMES", "Accepted", "Declared", "Subject", "faults", "late_faults", "protocol_members"]
