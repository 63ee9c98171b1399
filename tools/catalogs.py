"""Message catalogs: `extract` renews every .po from the sources, `check` fails on gaps, `compile` writes .mo.

`extract` and `check` take names of plugins (or `kernel`) to look at only those. The work is done by
kernel/operations/catalogs.py, which serves `greenroom plugin texts` too.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kernel.operations import catalogs  # noqa: E402


def packages() -> list[Path]:
    """The kernel and every plugin, or those named on the command line."""
    found = [ROOT / "kernel", *sorted(p for p in (ROOT / "plugins").iterdir() if (p / "plugin.py").is_file())]
    return [p for p in found if not sys.argv[2:] or p.name in sys.argv[2:]]


def titles(package: Path) -> list[str]:
    """The name of the plugin in the manifest: it is shown to people like any other message."""
    manifest = tomllib.loads((ROOT / "plugin_manifest.toml").read_text(encoding="utf-8"))
    start = f"{package.parent.name}.{package.name}."
    return [entry["title"] for entry in manifest["plugins"].values() if entry["module"].startswith(start)]


def extract() -> int:
    for package in packages():
        for done in catalogs.renew(package, titles(package)):
            print(f"{package.name:14} {done.language}: {done.messages} messages, {done.untranslated} untranslated")
    return 0


def check() -> int:
    faults = [fault for package in packages() for fault in catalogs.gaps(package, titles(package))]
    for fault in faults[:200]:
        print(fault)
    print(f"{len(faults)} faults in the catalogs" if faults else "catalogs are complete")
    return 1 if faults else 0


def compile_all() -> int:
    for package in packages():
        catalogs.compile_catalogs(package)
    return 0


if __name__ == "__main__":
    actions = {"extract": extract, "check": check, "compile": compile_all}
    if len(sys.argv) < 2 or sys.argv[1] not in actions:
        sys.exit("usage: catalogs.py extract|check|compile [plugin ...]")
    sys.exit(actions[sys.argv[1]]())
