"""The deployment's catalogue of plugins, read without importing any of them.

A fault of one plugin rejects that plugin and what requires it; a fault of the file as a whole raises.
"""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal, cast

#: Version of what plugins may rely on; `kernel/__init__.py` hands it on.
API_VERSION = "1.0"

FILE_NAME = "plugin_manifest.toml"
GROUP = "greenroom.plugins"
#: The kernel's own pages and permissions enter the registry under this id.
KERNEL = "kernel"

Stage = Literal["experimental", "stable", "deprecated"]
STAGES = ("experimental", "stable", "deprecated")

_ID = re.compile(r"[a-z][a-z0-9_]{0,29}")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_BOUND = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)")
_KEYS: Mapping[str, type] = {
    "module": str, "title": str, "version": str, "api": str, "requires": list, "after": list, "conflicts": list,
    "default": bool, "locked": bool, "stage": str, "use": bool,
}  # fmt: skip
#: What the deployer may say about a plugin that came in a package of its own.
_OVERRIDES = frozenset({"default", "locked", "use"})
_TYPE_WORDS = {str: "text", list: "a list of plugin ids", bool: "true or false"}


class ManifestError(ValueError):
    """The catalogue itself cannot be read; one sentence that names the file and the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One plugin as its manifest describes it. `source` is the file that did."""

    id: str
    module: str
    title: str
    version: str = "0"
    api: str = ">=1.0,<2"
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    default: bool = False
    locked: bool = False
    stage: Stage = "stable"
    source: str = FILE_NAME


@dataclass(frozen=True, slots=True)
class Rejected:
    """A plugin that cannot take part, and one sentence why. `blocked`: only because of what it requires."""

    plugin: str
    reason: str
    entry: Entry | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """Acceptable plugins, each after everything it requires or wants before it, and the rejected ones."""

    plugins: tuple[Entry, ...]
    rejected: tuple[Rejected, ...] = ()


def load_manifest(path: Path, *, packages: bool = True) -> Manifest:
    """The catalogue at `path`, joined by installed packages that announce plugins. Raises ManifestError."""
    tables = [(path.name, _tables(_read(path), path.name))]
    rejected: list[Rejected] = []
    if packages:
        for point in entry_points(group=GROUP):
            try:
                tables.append(_packaged(point))
            except ManifestError as fault:
                rejected.append(Rejected(point.name, str(fault)))
    return _assemble(tables, rejected)


def parse_manifest(text: str, source: str = FILE_NAME) -> Manifest:
    """The catalogue written in `text`, alone. Raises ManifestError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ManifestError(f"{source} is not valid TOML: {fault}.") from None
    return _assemble([(source, _tables(data, source))], [])


def manifest_of(*entries: Entry) -> Manifest:
    """A catalogue of entries made in code: for tests and tools."""
    return _arrange({entry.id: entry for entry in entries}, [])


def api_matches(bounds: str, version: str = API_VERSION) -> bool:
    """Does `version` satisfy `bounds` (">=1.0,<2")? Raises ValueError when they cannot be read."""
    have = _numbers(version)
    for part in bounds.split(","):
        found = _BOUND.fullmatch(part.strip())
        if not found:
            raise ValueError(f"{bounds!r} is not a version range")
        want = _numbers(found[2])
        result = {
            ">=": have >= want, "<=": have <= want, "==": have == want,
            "!=": have != want, ">": have > want, "<": have < want,
        }[found[1]]  # fmt: skip
        if not result:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(n) for n in version.split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise ManifestError(f"{path.name} cannot be read: {fault.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ManifestError(f"{path.name} is not valid TOML: {fault}.") from None


def _tables(data: Mapping[str, Any], source: str) -> dict[str, Any]:
    for key in data:
        if key not in ("manifest", "plugins"):
            raise ManifestError(f"{source}: unknown key {key!r}; there are only manifest and plugins.")
    if data.get("manifest") != 1:
        raise ManifestError(f"{source}: manifest must be 1, the only version there is.")
    tables = data.get("plugins", {})
    if not isinstance(tables, dict):
        raise ManifestError(f"{source}: plugins must be a table of tables.")
    return tables


def _packaged(point: EntryPoint) -> tuple[str, dict[str, Any]]:
    """The manifest inside the package of an entry point; the package itself is not imported."""
    try:
        spec = importlib.util.find_spec(point.module)
    except (ImportError, ValueError) as fault:
        raise ManifestError(f"entry point {point.name}: package {point.module} is not there ({fault}).") from None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise ManifestError(f"entry point {point.name}: {point.module} is not a package with a {FILE_NAME}.")
    source = f"{point.module}/{FILE_NAME}"
    tables = _tables(_read(Path(folders[0]) / FILE_NAME), source)
    return source, tables


def _assemble(files: list[tuple[str, dict[str, Any]]], rejected: list[Rejected]) -> Manifest:
    """Entries of all files. The first file is the deployer's: it may override what packages bring."""
    own_source, own = files[0]
    packaged = {pid for _, tables in files[1:] for pid in tables}
    overrides = {pid: own[pid] for pid in own if pid in packaged and _is_override(own[pid])}
    entries: dict[str, Entry] = {}
    unused: set[str] = set()
    for source, tables in files:
        for pid, table in tables.items():
            if source == own_source and pid in overrides:
                continue
            try:
                if pid in entries or pid in unused:
                    raise ManifestError(f"{source}: plugins.{pid} is there twice, also in {own_source}.")
                entry, used = _entry(pid, table, source)
                if source != own_source and pid in overrides:
                    entry, used = _overridden(entry, overrides[pid], own_source)
            except ManifestError as fault:
                rejected.append(Rejected(pid, str(fault), entries.pop(pid, None)))
                continue
            if used:
                entries[pid] = entry
            else:
                unused.add(pid)
    return _arrange(entries, rejected, unused)


def _is_override(table: object) -> bool:
    return isinstance(table, dict) and set(table) <= _OVERRIDES


def _overridden(entry: Entry, table: Mapping[str, Any], source: str) -> tuple[Entry, bool]:
    _check_types(entry.id, table, source)
    changed = replace(entry, default=table.get("default", entry.default), locked=table.get("locked", entry.locked))
    return changed, bool(table.get("use", True))


def _check_types(pid: str, table: Mapping[str, Any], source: str) -> None:
    for key, value in table.items():
        kind = _KEYS.get(key)
        if kind is None:
            raise ManifestError(f"{source}: unknown key {key!r} in plugins.{pid}.")
        if not isinstance(value, kind) or (isinstance(value, list) and not all(isinstance(v, str) for v in value)):
            raise ManifestError(f"{source}: plugins.{pid}.{key} must be {_TYPE_WORDS[kind]}.")


def _entry(pid: str, table: object, source: str) -> tuple[Entry, bool]:
    """The entry and whether the deployment uses it."""
    if not _ID.fullmatch(pid) or pid == KERNEL:
        raise ManifestError(f"{source}: {pid!r} cannot be a plugin's id; use lower-case letters, digits and _.")
    if not isinstance(table, dict):
        raise ManifestError(f"{source}: plugins.{pid} must be a table.")
    _check_types(pid, table, source)
    for key in ("module", "title", "version", "api"):
        if not table.get(key):
            raise ManifestError(f"{source}: plugins.{pid} has no {key}.")
    if not _MODULE.fullmatch(table["module"]):
        raise ManifestError(f"{source}: plugins.{pid}.module must be a dotted module name.")
    stage = table.get("stage", "stable")
    if stage not in STAGES:
        raise ManifestError(f"{source}: plugins.{pid}.stage must be one of {', '.join(STAGES)}.")
    try:
        fits = api_matches(table["api"])
    except ValueError:
        raise ManifestError(f'{source}: plugins.{pid}.api must be a version range such as ">=1.0,<2".') from None
    if not fits:
        raise ManifestError(f"{source}: plugins.{pid}.api is {table['api']}, and this kernel's API is {API_VERSION}.")
    entry = Entry(
        id=pid,
        module=table["module"],
        title=table["title"],
        version=table["version"],
        api=table["api"],
        requires=tuple(table.get("requires", ())),
        after=tuple(table.get("after", ())),
        conflicts=tuple(table.get("conflicts", ())),
        default=table.get("default", False),
        locked=table.get("locked", False),
        stage=cast(Stage, stage),
        source=source,
    )
    return entry, bool(table.get("use", True))


def _arrange(entries: dict[str, Entry], rejected: list[Rejected], unused: Iterable[str] = ()) -> Manifest:
    """Reject what requires what is not there, and circles; order the rest."""
    entries = dict(entries)
    out = {r.plugin for r in rejected}
    while missing := [(e, need) for e in entries.values() for need in e.requires if need not in entries]:
        for entry, need in missing:
            if entries.pop(entry.id, None) is None:
                continue  # two needs missing: the first was reason enough
            if need in out:
                reason, blocked = f"{entry.title} requires {need}, which was rejected.", True
            elif need in unused:
                reason, blocked = f"{entry.title} requires {need}, which this deployment does not use.", True
            else:
                reason = f"{entry.source}: plugins.{entry.id}.requires names {need}, which is not installed."
                blocked = False
            rejected.append(Rejected(entry.id, reason, entry, blocked))
            out.add(entry.id)
    order = _ordered(entries)
    if len(order) < len(entries):
        circle = [e for e in entries.values() if e not in order]
        names = ", ".join(sorted(_in_circle(circle)))
        for entry in circle:
            if entry.id in _in_circle(circle):
                reason = f"{entry.source}: plugins.{entry.id}.requires/after form a circle of {names}."
                rejected.append(Rejected(entry.id, reason, entry))
                del entries[entry.id]
        return _arrange(entries, rejected, unused)
    return Manifest(tuple(order), tuple(rejected))


def _ordered(entries: Mapping[str, Entry]) -> list[Entry]:
    """Entries in file order, each moved behind what it waits for; those in or behind a circle are left out."""
    order: list[Entry] = []
    placed: set[str] = set()
    waiting = list(entries.values())
    while waiting:
        free = next((e for e in waiting if all(n in placed or n not in entries for n in _waits(e))), None)
        if free is None:
            break
        order.append(free)
        placed.add(free.id)
        waiting.remove(free)
    return order


def _waits(entry: Entry) -> tuple[str, ...]:
    return (*entry.requires, *entry.after)


def _in_circle(stuck: list[Entry]) -> set[str]:
    """Those of `stuck` that wait for themselves, not merely for somebody in a circle."""
    waits = {e.id: {n for n in _waits(e) if any(n == s.id for s in stuck)} for e in stuck}
    found: set[str] = set()
    for start in waits:
        seen: set[str] = set()
        queue = list(waits[start])
        while queue:
            step = queue.pop()
            if step not in seen:
                seen.add(step)
                queue.extend(waits[step])
        if start in seen:
            found.add(start)
    return found
