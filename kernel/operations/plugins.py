"""Commands for those who write and install plugins."""

from __future__ import annotations

import sys
from pathlib import Path

from ..app import database, installed
from ..base.config import Config
from ..plugging import migrate as migrations
from ..plugging.manifest import load_manifest
from .catalogs import renew
from .checking import as_json, as_text, check_plugin
from .scaffolding import ScaffoldError, write_package


def new(config: Config, plugin: str, folder: Path | None, title: str) -> int:
    """Write a complete package; its tests are green as soon as it is installed."""
    try:
        made = write_package(plugin, folder or Path(plugin), title=title, taken=load_manifest(config.manifest))
    except ScaffoldError as fault:
        return _failed(str(fault))
    print(
        f"Wrote {made}/. Next:\n\n"
        f"  cd {made}\n"
        "  pip install --editable .\n"
        "  pytest\n"
        f"  greenroom plugin check {plugin}\n\n"
        f"{made}/README.md says what is where.\n"
    )
    return 0


async def check(config: Config, plugin: str, *, json: bool) -> int:
    """Print the grade and its reasons; 1 when a rule is broken that every plugin must keep."""
    report = await check_plugin(config, plugin)
    if isinstance(report, str):
        return _failed(report)
    print(as_json(report) if json else as_text(report))
    return 1 if report.grade == "F" else 0


def texts(config: Config, plugin: str) -> int:
    """Renew the message catalogs of a plugin from its sources."""
    info = installed(config).plugins.get(plugin)
    if info is None or info.folder is None:
        return _failed(f"No plugin called {plugin} is installed.")
    for done in renew(info.folder, [info.title]):
        print(f"{done.language}: {done.messages} messages, {done.untranslated} untranslated")
    return 0


async def purge(config: Config, plugin: str, *, confirmed: bool) -> int:
    """Drop the tables of a plugin with everything in them. For good: it wants `--yes`."""
    registry = installed(config)
    if not registry.models.get(plugin):
        return _failed(f"{plugin} has no tables here; a plugin is purged while its package is still installed.")
    dependants = registry.dependants(plugin)
    if dependants:
        return _failed(f"{plugin} is required by {', '.join(sorted(dependants))}.")
    if not confirmed:
        return _failed(f"this deletes everything {plugin} holds, of every tenant; say --yes to do it")
    apps = migrations.apps_of({pid: found[0] for pid, found in registry.models.items() if found})
    async with database(config) as (owner, _application):
        tables = await migrations.purge(owner, apps, plugin)
    print(f"dropped {', '.join(tables)}; remove the package now, or it makes them again at the next start")
    return 0


def _failed(sentence: str) -> int:
    print(f"greenroom: {sentence}", file=sys.stderr)
    return 1
