"""The house stands as DESIGN says: floors of the kernel, walls between plugins, no business word below."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {
    "base": 1, "engines": 2, "plugging": 3, "tenancy": 4, "work": 5, "auth": 6, "web": 7, "console": 8,
    "app": 9, "cli": 10, "cli_tenants": 10, "cli_plugins": 10, "__main__": 10,
}  # fmt: skip
#: Not part of the tower: they may use every floor.
OUTSIDE = {"testing", "scaffold", "migrations", "__init__", "demo", "operations"}
WORDS = re.compile(
    r"\b(interview\w*|booking\w*|payment\w*|candidate\w*|feedback\w*|helpdesk|scorecard\w*|rubric\w*|ticketing|coach\w*)\b",
    re.IGNORECASE,
)


def sources(folder: str) -> list[Path]:
    return sorted(p for p in (ROOT / folder).rglob("*.py") if "migrations" not in p.parts)


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(absolute module, only for the type checker) of every import in a file."""
    package = path.relative_to(ROOT).with_suffix("").parts
    typing_only: set[int] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            typing_only |= {id(n) for child in node.body for n in ast.walk(child)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in typing_only
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level]) if node.level else ""
            module = ".".join(x for x in (base, node.module or "") if x)
            yield module, id(node) in typing_only
            for alias in node.names:
                yield f"{module}.{alias.name}", id(node) in typing_only


def floor(module: str) -> int | None:
    parts = module.split(".")
    if parts[0] != "kernel" or len(parts) < 2:
        return None
    return FLOORS.get(parts[1])


def test_each_floor_imports_only_from_below() -> None:
    faults = []
    for path in sources("kernel"):
        wing = path.relative_to(ROOT / "kernel").parts[0].removesuffix(".py")
        if wing in OUTSIDE:
            continue
        assert wing in FLOORS, f"kernel/{wing} has no floor"
        for module, typing_only in imports(path):
            to = floor(module)
            if to is not None and not typing_only and to > FLOORS[wing]:
                faults.append(f"{path.relative_to(ROOT)} imports {module}")
    assert faults == []


def test_the_kernel_names_no_plugin_and_no_business() -> None:
    plugins = set(tomllib.loads((ROOT / "plugin_manifest.toml").read_text())["plugins"])
    faults = []
    for path in [*sources("kernel"), *(ROOT / "kernel").rglob("*.html")]:
        text = path.read_text()
        if path.suffix == ".py" and "testing" not in path.parts and "scaffold" not in path.parts:
            faults += [
                f"{path.relative_to(ROOT)} imports {m}" for m, _ in imports(path) if m.split(".")[0] == "plugins"
            ]
        words = text.replace("payment=()", "")  # a directive of the Permissions-Policy header
        faults += [f"{path.relative_to(ROOT)}: {m.group()}" for m in WORDS.finditer(words)]
        for plugin in plugins - {"users", "live", "feedback", "payments", "analytics", "notifications", "compliance"}:
            if re.search(rf'["\'/]{plugin}["\'./]', text):
                faults.append(f"{path.relative_to(ROOT)} names the plugin {plugin}")
    assert faults == []


@pytest.mark.parametrize("plugin", sorted(tomllib.loads((ROOT / "plugin_manifest.toml").read_text())["plugins"]))
def test_plugins_meet_only_in_public_rooms(plugin: str) -> None:
    table = tomllib.loads((ROOT / "plugin_manifest.toml").read_text())["plugins"][plugin]
    requires = set(table.get("requires", ()))
    faults = []
    for path in sources(f"plugins/{plugin}"):
        for module, typing_only in imports(path):
            parts = module.split(".")
            if parts[0] == "kernel" and len(parts) > 1 and parts[1] in (*FLOORS, "testing"):
                faults.append(f"{path.relative_to(ROOT)} reaches into {module}")
            if parts[0] != "plugins" or len(parts) < 2 or parts[1] == plugin or typing_only:
                continue
            if parts[1] not in requires:
                faults.append(f"{path.relative_to(ROOT)} imports {module} without requiring {parts[1]}")
            elif len(parts) > 2 and parts[2] not in ("api", "events"):
                faults.append(f"{path.relative_to(ROOT)} imports the private room {module}")
    assert sorted(set(faults)) == []


def test_files_stay_readable() -> None:
    long = {
        str(p.relative_to(ROOT)): n
        for p in [*sources("kernel"), *sources("plugins")]
        if (n := len(p.read_text().splitlines())) > 400
    }
    assert long == {}


def test_plugin_tables_of_contents_are_short() -> None:
    long = {p.parent.name: n for p in ROOT.glob("plugins/*/plugin.py") if (n := len(p.read_text().splitlines())) > 150}
    assert long == {}
