"""Static files as pages name them: addresses with a content hash, the import map, what a route's page loads."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from markupsafe import Markup

from ..base.runtime import runtime
from .endpoints import KERNEL

if TYPE_CHECKING:
    from ..plugging.registry import Registry
    from ..tenancy.snapshots import Snapshot

VENDOR: Final = "vendor"
_HERE = Path(__file__).resolve().parent / "static"
#: While developing, a changed file is noticed after this many seconds.
_RESCAN = 1.0


class Folder:
    """Files below one root, found by listing it: a name that is not in the list cannot be asked for."""

    def __init__(self, root: Path, *, without: str = "") -> None:
        self.root = root.resolve()
        self._without = without
        self._checked = time.monotonic()
        self._stamp = self._signature()
        self.files: Mapping[str, Path] = {}
        self.version = ""
        self._read()

    def refresh(self) -> bool:
        """Look again, at most once a second; True when something changed. For development."""
        instant = time.monotonic()
        if instant - self._checked < _RESCAN:
            return False
        self._checked = instant
        stamp = self._signature()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        self._read()
        return True

    def _read(self) -> None:
        digest = hashlib.sha256()
        found: dict[str, Path] = {}
        for name, path in self._walk():
            found[name] = path
            digest.update(f"{name}\0".encode() + path.read_bytes())
        self.files = found
        self.version = digest.hexdigest()[:12]

    def _walk(self) -> Iterator[tuple[str, Path]]:
        for place, folders, names in os.walk(self.root):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f != self._without)
            for name in sorted(names):
                path = Path(place, name)
                # A link planted in a folder must not lead out of it.
                if not name.startswith(".") and path.resolve().is_relative_to(self.root) and path.is_file():
                    yield path.relative_to(self.root).as_posix(), path

    def _signature(self) -> tuple[tuple[str, int, int], ...]:
        return tuple((name, (s := path.stat()).st_mtime_ns, s.st_size) for name, path in self._walk())


@dataclass(frozen=True, slots=True)
class ImportMap:
    """The one inline script of a page, and the CSP source that allows it."""

    json: Markup
    csp_source: str


class Assets:
    """All static files of an installation, and what was computed from them so far."""

    def __init__(self, registry: Registry, *, rescan: bool) -> None:
        self.registry = registry
        self._rescan = rescan
        self._folders = {KERNEL: Folder(_HERE, without=VENDOR), VENDOR: Folder(_HERE / VENDOR)}
        for pid, info in registry.plugins.items():
            if pid != KERNEL and info.folder is not None:
                self._folders[pid] = Folder(info.folder / "static" / pid)
        self._maps: dict[frozenset[str], ImportMap] = {}
        self._pages: dict[tuple[frozenset[str], str], tuple[tuple[str, ...], tuple[str, ...]]] = {}

    def folder(self, owner: str) -> Folder | None:
        folder = self._folders.get(owner)
        if folder is not None and self._rescan and folder.refresh():
            self._maps.clear()
            self._pages.clear()
        return folder

    def address(self, owner: str, path: str) -> str:
        folder = self.folder(owner)
        if folder is None or path not in folder.files:
            raise LookupError(f"{owner} has no static file {path!r}")
        return f"/static/{owner}/{folder.version}/{path}"

    def import_map(self, snapshot: Snapshot | None) -> ImportMap:
        key = snapshot.effective if snapshot is not None else frozenset()
        if self._rescan:
            self.folder(KERNEL)
        found = self._maps.get(key)
        if found is None:
            if len(self._maps) > 256:
                self._maps.clear()
            found = self._maps[key] = self._make_map(snapshot)
        return found

    def _make_map(self, snapshot: Snapshot | None) -> ImportMap:
        kernel = self._folders[KERNEL]
        imports = {
            f"@greenroom/{path[3:-3]}": self.address(KERNEL, path)
            for path in kernel.files
            if path.startswith("js/") and path.endswith(".js") and path.count("/") == 1
        }
        for pid, asset in snapshot.shape.assets if snapshot is not None else ():
            if asset.importable:
                imports[f"@greenroom/{pid}"] = self.address(pid, asset.path)
        # "<" cannot occur in our addresses; escaped all the same, since this stands inside a script element.
        text = orjson.dumps({"imports": imports}).decode().replace("<", "\\u003c")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        return ImportMap(Markup(text), f"'sha256-{digest}'")  # noqa: S704 - JSON of our own file names

    def of_page(self, snapshot: Snapshot, route: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Style sheets and modules of the plugins whose assets match the route's name."""
        key = (snapshot.effective, route)
        found = self._pages.get(key)
        if found is None or self._rescan:
            if len(self._pages) > 4096:
                self._pages.clear()
            matching = [
                (pid, asset)
                for pid, asset in snapshot.shape.assets
                if any(fnmatchcase(route, pattern) for pattern in asset.routes or (f"{pid}.*",))
            ]
            styles = tuple(self.address(pid, a.path) for pid, a in matching if a.kind == "style")
            modules = tuple(self.address(pid, a.path) for pid, a in matching if a.kind == "module")
            found = self._pages[key] = (styles, modules)
        return found


_assets: Assets | None = None


def assets() -> Assets:
    """The files of the running installation."""
    global _assets
    rt = runtime()
    if _assets is None or _assets.registry is not rt.registry:
        _assets = Assets(rt.registry, rescan=rt.config.mode == "demo")
    return _assets


def asset(plugin: str, path: str) -> str:
    """Address of a plugin's static file, changing with its content. Raises LookupError when there is none."""
    return assets().address(plugin, path)


def vendor(path: str) -> str:
    """Address of a third-party file; "" when it has not been fetched (a checkout before `npm ci`)."""
    folder = assets().folder(VENDOR)
    return assets().address(VENDOR, path) if folder is not None and path in folder.files else ""


def import_map(snapshot: Snapshot | None) -> ImportMap:
    return assets().import_map(snapshot)
