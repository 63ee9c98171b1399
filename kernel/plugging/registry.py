"""What every installed plugin declared: imported, called, checked once at boot, then frozen.

pluggy runs here and nowhere else. Implementations are called one by one in plugin order, so that a fault
has a name; a broken plugin takes those that require it out of service, and nothing more.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Literal, cast

import pluggy

from ..base import contract as c
from ..base.context import TenantRef
from .hookspecs import PROJECT, HookSpecs
from .manifest import API_VERSION, KERNEL, Entry, Manifest, Stage
from .paths import claims_of
from .rules import Accepted, Declared, Subject, faults, late_faults

log = logging.getLogger(__name__)

#: hook without "register_" -> what its list holds. The attributes of Registry have the same names.
ELEMENTS: Mapping[str, type] = {
    "routes": c.Route, "models": c.ModelModule, "jobs": c.Job, "menu": c.MenuItem, "permissions": c.Permission,
    "roles": c.Role, "settings": c.Setting, "features": c.Feature, "impacts": c.SwitchImpact,
    "events": type, "subscribers": c.Subscriber,
    "filters": c.FilterStep, "services": c.Service, "notification_types": c.NotificationType,
    "privacy_providers": c.PrivacyProvider, "widgets": c.Widget, "search": c.SearchSource, "assets": c.Asset,
    "gates": c.Gate, "branding": c.Branding, "error_pages": c.ErrorPages, "template_globals": c.TemplateGlobal,
    "health": c.HealthCheck, "metrics": c.Metric, "commands": c.Command, "demo_data": c.DemoData,
    "quotas": c.Quota, "bundle_parts": c.BundlePart,
}  # fmt: skip
_LIFECYCLE = ("on_enable", "on_disable", "on_tenant_created", "on_tenant_erased")

Lifecycle = Literal["on_enable", "on_disable", "on_tenant_created", "on_tenant_erased"]
LifecycleCall = Callable[[TenantRef], Awaitable[None]]
#: ready: works. broken: its own fault. blocked: it requires one that is not ready. skipped: safe mode.
State = Literal["ready", "broken", "blocked", "skipped"]

KERNEL_ENTRY = Entry(
    id=KERNEL, module="kernel.console.plugin", title="Kernel", version=API_VERSION, default=True, locked=True
)


class RegistryError(RuntimeError):
    """Strict start-up refused: one sentence per fault."""


class _Fault(Exception):
    """A plugin broke a rule; the message is the reason shown to the admin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """An installed plugin. `package` is where its templates/, static/ and locales/ are; `folder` the same on disk."""

    id: str
    title: str
    version: str
    requires: tuple[str, ...]
    after: tuple[str, ...]
    default: bool
    locked: bool
    stage: Stage
    state: State
    reason: str
    module: str
    package: str
    folder: Path | None = None
    conflicts: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        return self.state == "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Frozen declarations. Every hook's attribute maps plugin id -> elements, for ready plugins in order."""

    plugins: Mapping[str, PluginInfo]
    #: Ids of plugins that work, the kernel first, each after those it requires.
    ready: tuple[str, ...]
    routes: Mapping[str, tuple[c.Route, ...]]
    models: Mapping[str, tuple[c.ModelModule, ...]]
    jobs: Mapping[str, tuple[c.Job, ...]]
    menu: Mapping[str, tuple[c.MenuItem, ...]]
    permissions: Mapping[str, tuple[c.Permission, ...]]
    roles: Mapping[str, tuple[c.Role, ...]]
    settings: Mapping[str, tuple[c.Setting, ...]]
    features: Mapping[str, tuple[c.Feature, ...]]
    impacts: Mapping[str, tuple[c.SwitchImpact, ...]]
    events: Mapping[str, tuple[type, ...]]
    subscribers: Mapping[str, tuple[c.Subscriber, ...]]
    filters: Mapping[str, tuple[c.FilterStep, ...]]
    services: Mapping[str, tuple[c.Service, ...]]
    notification_types: Mapping[str, tuple[c.NotificationType, ...]]
    privacy_providers: Mapping[str, tuple[c.PrivacyProvider, ...]]
    widgets: Mapping[str, tuple[c.Widget, ...]]
    search: Mapping[str, tuple[c.SearchSource, ...]]
    assets: Mapping[str, tuple[c.Asset, ...]]
    gates: Mapping[str, tuple[c.Gate, ...]]
    branding: Mapping[str, tuple[c.Branding, ...]]
    error_pages: Mapping[str, tuple[c.ErrorPages, ...]]
    template_globals: Mapping[str, tuple[c.TemplateGlobal, ...]]
    health: Mapping[str, tuple[c.HealthCheck, ...]]
    metrics: Mapping[str, tuple[c.Metric, ...]]
    commands: Mapping[str, tuple[c.Command, ...]]
    demo_data: Mapping[str, tuple[c.DemoData, ...]]
    quotas: Mapping[str, tuple[c.Quota, ...]]
    bundle_parts: Mapping[str, tuple[c.BundlePart, ...]]
    settings_by_key: Mapping[str, tuple[str, c.Setting]] = field(repr=False)
    features_by_id: Mapping[str, tuple[str, c.Feature]] = field(repr=False)
    #: Id of a plugin or feature -> those that cannot be on beside it, whichever of the two declared it.
    rivals: Mapping[str, tuple[str, ...]] = field(repr=False)
    calls: Mapping[str, Mapping[str, LifecycleCall]] = field(repr=False)

    def lifecycle(self, name: Lifecycle) -> Mapping[str, LifecycleCall]:
        """Plugin id -> its implementation of a lifecycle hook, in plugin order."""
        return self.calls[name]

    def owner(self, key: str) -> str | None:
        """The plugin that a plugin or feature id belongs to; None when nobody declares it."""
        if key in self.plugins:
            return key
        found = self.features_by_id.get(key)
        return found[0] if found else None

    def title(self, key: str) -> str:
        """What people call a plugin or feature, in the source language; the id itself when nobody declares it."""
        if key in self.plugins:
            return self.plugins[key].title
        found = self.features_by_id.get(key)
        return found[1].label if found else key

    def needs(self, plugin: str) -> tuple[str, ...]:
        """Everything that `plugin` requires, directly or not, in plugin order."""
        found: set[str] = set()
        queue = [plugin]
        while queue:
            info = self.plugins.get(queue.pop())
            for need in info.requires if info else ():
                if need not in found:
                    found.add(need)
                    queue.append(need)
        return tuple(pid for pid in self.plugins if pid in found)

    def dependants(self, plugin: str) -> tuple[str, ...]:
        """Everything that requires `plugin`, directly or not, in plugin order."""
        return tuple(pid for pid in self.plugins if plugin in self.needs(pid))

    def service_name(self, provider: str, protocol: type) -> str:
        """`<owner>.<Protocol>`; the owner is the plugin whose package holds the Protocol, else its provider."""
        for pid, info in self.plugins.items():
            if pid != KERNEL and protocol.__module__.startswith(info.package + "."):
                return f"{pid}.{protocol.__name__}"
        return f"{provider}.{protocol.__name__}"


def build_registry(
    manifest: Manifest,
    *,
    strict: bool = False,
    safe_mode: bool = False,
    modules: Mapping[str, ModuleType | object] | None = None,
) -> Registry:
    """Import, call and check every plugin of the manifest, the kernel's own declaration first.

    `modules` stands in for imports by dotted name (tests). In safe mode only locked plugins are imported.
    Raises RegistryError for a broken kernel, and with `strict` for any fault at all.
    """
    builder = _Builder(modules or {})
    builder.add(KERNEL_ENTRY)
    if KERNEL not in builder.accepted.declared:
        raise RegistryError(builder.states[KERNEL][1])
    for entry in manifest.plugins:
        builder.add(entry, skip=safe_mode and not entry.locked)
    builder.late_checks()
    for fault in manifest.rejected:
        entry = fault.entry or Entry(id=fault.plugin, module="", title=fault.plugin)
        builder.refuse(entry, "blocked" if fault.blocked else "broken", fault.reason)
    reasons = [f"{reason}" for state, reason in builder.states.values() if state in ("broken", "blocked")]
    if strict and reasons:
        raise RegistryError("\n".join(reasons))
    return builder.freeze()


class _Builder:
    def __init__(self, modules: Mapping[str, ModuleType | object]) -> None:
        self.modules = modules
        self.pluggy = pluggy.PluginManager(PROJECT)
        self.pluggy.add_hookspecs(HookSpecs)
        self.entries: dict[str, Entry] = {}
        self.folders: dict[str, Path | None] = {}
        self.states: dict[str, tuple[State, str]] = {}
        self.accepted = Accepted()
        self.calls: dict[str, dict[str, LifecycleCall]] = {name: {} for name in _LIFECYCLE}

    def add(self, entry: Entry, *, skip: bool = False) -> None:
        """Take one plugin in, or note why not."""
        if skip:
            return self.refuse(entry, "skipped", f"{entry.title} is not loaded in safe mode.")
        missing = next((n for n in entry.requires if n not in self.accepted.declared), None)
        if missing:
            return self.refuse(entry, "blocked", self._blocked_by(entry, missing))
        try:
            module = self._import(entry)
            declared = self._declarations(entry, module)
            wrong = faults(Subject(entry.id, declared, self._reach(entry), self.accepted))
            if wrong:
                raise _Fault(" ".join(wrong[:5]))
            self._import_models(entry, declared)
        except _Fault as fault:
            return self.refuse(entry, "broken", str(fault))
        self.entries[entry.id], self.states[entry.id] = entry, ("ready", "")
        self.folders[entry.id] = _folder(entry, module)
        self.accepted.declared[entry.id] = declared
        for head, claims in claims_of(entry.id, declared["routes"]).items():
            self.accepted.claims.setdefault(head, []).extend(claims)

    def refuse(self, entry: Entry, state: State, reason: str) -> None:
        self.entries[entry.id], self.states[entry.id] = entry, (state, reason)
        self.accepted.declared.pop(entry.id, None)
        for claims in self.accepted.claims.values():
            claims[:] = [claim for claim in claims if claim.plugin != entry.id]
        for calls in self.calls.values():
            calls.pop(entry.id, None)
        if self.pluggy.get_plugin(entry.id) is not None:
            self.pluggy.unregister(name=entry.id)
        log.log(logging.INFO if state == "skipped" else logging.ERROR, "plugin %s is %s: %s", entry.id, state, reason)

    def late_checks(self) -> None:
        """Checks across plugins; whoever requires one that fails here is blocked as well."""
        for pid in list(self.accepted.declared):
            entry = self.entries[pid]
            missing = next((n for n in entry.requires if n not in self.accepted.declared), None)
            if missing:
                self.refuse(entry, "blocked", self._blocked_by(entry, missing))
                continue
            wrong = late_faults(pid, self.accepted.declared[pid], self.accepted)
            if wrong and pid == KERNEL:
                raise RegistryError(" ".join(wrong))
            if wrong:
                self.refuse(entry, "broken", " ".join(wrong[:5]))

    def freeze(self) -> Registry:
        plugins = {pid: self._info(pid) for pid in self.entries}
        declared = self.accepted.declared
        hooks: dict[str, Any] = {
            hook: MappingProxyType({pid: found[hook] for pid, found in declared.items()}) for hook in ELEMENTS
        }
        return Registry(
            plugins=MappingProxyType(plugins),
            ready=tuple(declared),
            settings_by_key=MappingProxyType({s.key: (pid, s) for pid, d in declared.items() for s in d["settings"]}),
            features_by_id=MappingProxyType({f.id: (pid, f) for pid, d in declared.items() for f in d["features"]}),
            rivals=_rivals(plugins.values(), [f for d in declared.values() for f in d["features"]]),
            calls=MappingProxyType({name: MappingProxyType(calls) for name, calls in self.calls.items()}),
            **hooks,
        )

    def _info(self, pid: str) -> PluginInfo:
        e = self.entries[pid]
        state, reason = self.states[pid]
        return PluginInfo(
            id=e.id, title=e.title, version=e.version, requires=e.requires, after=e.after, default=e.default,
            locked=e.locked, stage=e.stage, state=state, reason=reason, module=e.module,
            package="kernel" if pid == KERNEL else e.module.rpartition(".")[0] or e.module,
            folder=self.folders.get(pid), conflicts=e.conflicts,
        )  # fmt: skip

    def _blocked_by(self, entry: Entry, missing: str) -> str:
        state = self.states.get(missing, ("broken", ""))[0]
        words = {"skipped": "not loaded in safe mode"}.get(state, state)
        return f"{entry.title} requires {missing}, which is {words}."

    def _reach(self, entry: Entry) -> frozenset[str]:
        found = {KERNEL, entry.id}
        queue = [*entry.requires]
        while queue:
            pid = queue.pop()
            if pid not in found:
                found.add(pid)
                queue += self.entries[pid].requires
        return frozenset(found)

    def _import(self, entry: Entry) -> object:
        if entry.module in self.modules:
            return self.modules[entry.module]
        try:
            return importlib.import_module(entry.module)
        except (Exception, SystemExit) as fault:
            log.exception("plugin %s: import of %s failed", entry.id, entry.module)
            raise _Fault(f"{entry.id}: {entry.module} cannot be imported ({_said(fault)}).") from fault

    def _import_models(self, entry: Entry, declared: Declared) -> None:
        """Here and not when the database opens: a fault in them must cost this plugin only."""
        for module in declared["models"]:
            try:
                importlib.import_module(module.models)
            except (Exception, SystemExit) as fault:
                log.exception("plugin %s: import of %s failed", entry.id, module.models)
                raise _Fault(f"{entry.id}: its models cannot be imported ({_said(fault)}).") from fault

    def _declarations(self, entry: Entry, module: object) -> Declared:
        known = {*(f"register_{hook}" for hook in ELEMENTS), *_LIFECYCLE}
        for name in dir(module):
            if (opts := self.pluggy.parse_hookimpl_opts(module, name)) and (opts.get("specname") or name) not in known:
                close = difflib.get_close_matches(name, known, 1)
                raise _Fault(f"{entry.id}: there is no hook {name}" + (f"; is it {close[0]}?" if close else "."))
        try:
            self.pluggy.register(module, entry.id)
        except Exception as fault:
            raise _Fault(f"{entry.id}: {' '.join(str(fault).split())}") from fault
        self.pluggy.check_pending()
        for name in _LIFECYCLE:
            impl = self._impl(entry, name)
            if impl and not inspect.iscoroutinefunction(impl.function):
                raise _Fault(f"{entry.id}: {name} must be an async function.")
            if impl:
                self.calls[name][entry.id] = _lifecycle_call(impl)
        return MappingProxyType({hook: self._elements(entry, hook, kind) for hook, kind in ELEMENTS.items()})

    def _impl(self, entry: Entry, name: str) -> pluggy.HookImpl | None:
        impls = [i for i in getattr(self.pluggy.hook, name).get_hookimpls() if i.plugin_name == entry.id]
        if impls and (impls[0].wrapper or impls[0].hookwrapper):
            raise _Fault(f"{entry.id}: {name} may not be a hook wrapper.")
        return impls[0] if impls else None

    def _elements(self, entry: Entry, hook: str, kind: type) -> tuple[Any, ...]:
        impl = self._impl(entry, f"register_{hook}")
        if impl is None:
            return ()
        if inspect.iscoroutinefunction(impl.function):
            raise _Fault(f"{entry.id}: register_{hook} must not be async.")
        try:
            given = impl.function()
        except (Exception, SystemExit) as fault:
            log.exception("plugin %s: register_%s failed", entry.id, hook)
            raise _Fault(f"{entry.id}: register_{hook} failed ({_said(fault)}).") from fault
        if not isinstance(given, list | tuple):
            raise _Fault(f"{entry.id}: register_{hook} must return a list, not {type(given).__name__}.")
        for i, element in enumerate(given):
            if not isinstance(element, kind):
                wanted = "class" if kind is type else kind.__name__
                raise _Fault(f"{entry.id}: element {i} of register_{hook} is not a {wanted} but {element!r:.80}.")
        return tuple(given)


def _rivals(plugins: Iterable[PluginInfo], features: Iterable[c.Feature]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    declared: tuple[PluginInfo | c.Feature, ...] = (*plugins, *features)
    for one in declared:
        for other in one.conflicts:
            found.setdefault(one.id, {})[other] = None
            found.setdefault(other, {})[one.id] = None
    return MappingProxyType({key: tuple(others) for key, others in found.items()})


def _lifecycle_call(impl: pluggy.HookImpl) -> LifecycleCall:
    """Hand over only the arguments that the implementation names: hooks may gain arguments later."""

    hook = cast(Callable[..., Awaitable[None]], impl.function)

    async def call(tenant: TenantRef) -> None:
        offered = {"tenant": tenant}
        await hook(*(offered[name] for name in impl.argnames))

    return call


def _folder(entry: Entry, module: object) -> Path | None:
    file = getattr(module, "__file__", None)
    if not file:
        return None
    folder = Path(file).parent
    return folder.parent if entry.id == KERNEL else folder


def _said(fault: BaseException) -> str:
    """`ValueError: text` on one line."""
    text = " ".join(str(fault).split())
    return f"{type(fault).__name__}: {text}"[:300] if text else type(fault).__name__
