"""`greenroom plugin check`: what every plugin must keep and what a good one has, with a grade and its reasons."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from ..app import installed
from ..base.config import Config
from ..engines.models import TenantModel
from ..plugging import migrate as migrations
from ..plugging.manifest import Entry, load_manifest
from ..plugging.registry import Registry
from .catalogs import gaps

Weight = Literal["must", "should"]
_LONGEST_FILE = 400
_OPTIONS = (
    "-q", "--no-header", "-p", "no:cacheprovider", "-o", "addopts=", "-o", "asyncio_mode=auto",
    "-o", "asyncio_default_fixture_loop_scope=session", "-o", "asyncio_default_test_loop_scope=session",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule: what it asks, whether it is kept, and if not, up to a few reasons."""

    rule: str
    weight: Weight
    kept: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and the grade: A every rule kept, B a few of the `should` rules broken, C more, F a `must`."""

    plugin: str
    version: str
    findings: tuple[Finding, ...]

    @property
    def grade(self) -> Literal["A", "B", "C", "F"]:
        if any(not f.kept and f.weight == "must" for f in self.findings):
            return "F"
        broken = sum(not f.kept for f in self.findings)
        return "A" if not broken else "B" if broken <= 2 else "C"


async def check_plugin(config: Config, plugin: str) -> Report | str:
    """Look at an installed plugin; a sentence when there is none of that name."""
    manifest = load_manifest(config.manifest)
    entry = next((e for e in manifest.plugins if e.id == plugin), None)
    if entry is None:
        why = next((r.reason for r in manifest.rejected if r.plugin == plugin), "")
        return why or f"No plugin called {plugin} is installed; is its package in this environment?"
    registry = installed(config)
    info = registry.plugins[plugin]
    if not info.ready or info.folder is None:
        boots = Finding("It boots", "must", False, (info.reason or info.state,))
        return Report(plugin, entry.version, (boots,))
    look = _Look(config, registry, entry, info.folder.resolve())
    findings = [Finding("It boots", "must", True)]
    findings.append(_finding("It keeps the contract of all plugins", "must", look.contract))
    drift = [line for line in await migrations.drift(look.apps()) if line.startswith(f"{plugin}:")]
    findings.append(Finding("Its migrations are in step with its models", "must", not drift, tuple(drift[:5])))
    for rule, weight, find in (
        ("It imports only public names", "must", look.private_imports),
        ("It says what it holds about people", "must", look.uncovered_models),
        ("It is translated into every language", "should", look.untranslated),
        ("It has tests of its own", "should", look.without_tests),
        ("It says what it is for", "should", look.undocumented),
        ("Its files are short enough to read", "should", look.long_files),
        ("It bounds the API versions that it works with", "should", look.unbounded_api),
    ):
        findings.append(_finding(rule, weight, find))
    return Report(plugin, entry.version, tuple(findings))


def _finding(rule: str, weight: str, find: Callable[[], list[str]]) -> Finding:
    reasons = find()
    more = [f"and {len(reasons) - 5} more"] if len(reasons) > 6 else []
    shown = (*reasons[: 5 if more else 6], *more)
    return Finding(rule, "must" if weight == "must" else "should", not reasons, shown)


def as_text(report: Report) -> str:
    lines = [f"{report.plugin} {report.version}: grade {report.grade}", ""]
    for finding in report.findings:
        mark = "ok  " if finding.kept else "FAIL" if finding.weight == "must" else "weak"
        lines.append(f"  {mark}  {finding.rule}")
        lines += [f"          {reason}" for reason in finding.reasons]
    return "\n".join(lines)


def as_json(report: Report) -> str:
    return json.dumps({**asdict(report), "grade": report.grade}, indent=2)


@dataclass(frozen=True, slots=True)
class _Look:
    """The rules. Each returns what is wrong, one line each."""

    config: Config
    registry: Registry
    entry: Entry
    folder: Path

    def apps(self) -> migrations.Apps:
        return migrations.apps_of({pid: found[0] for pid, found in self.registry.models.items() if found})

    def contract(self) -> list[str]:
        """The contract suite, in a process of its own."""
        with tempfile.TemporaryDirectory() as scratch:
            result = Path(scratch) / "result.xml"
            command = [sys.executable, "-m", "pytest", "--pyargs", "kernel.testing.contract", "--plugin",
                       self.entry.id, f"--junitxml={result}", "--rootdir", scratch, *_OPTIONS]  # fmt: skip
            env = {**os.environ, "GREENROOM_MANIFEST": str(self.config.manifest)}
            env.setdefault("GREENROOM_TEST_DATA", str(self.config.data_dir / "tests"))
            done = subprocess.run(  # noqa: S603 - our own interpreter and constants
                command, env=env, capture_output=True, text=True, timeout=900, check=False
            )
            if not result.is_file():
                tail = (done.stdout + done.stderr).strip().splitlines()[-1:] or ["no output"]
                return [f"the suite did not run: {tail[0][:300]} (is the extra `dev` of greenroom installed?)"]
            return list(_failures(ElementTree.parse(result).getroot()))  # noqa: S314 - written a moment ago by us

    def private_imports(self) -> list[str]:
        return [
            f"{path.relative_to(self.folder.parent)}:{line} imports {module}"
            for path in _sources(self.folder)
            for module, line in _imports(path)
            if self._is_private(module)
        ]

    def _is_private(self, module: str) -> bool:
        parts = module.split(".")
        if parts[0] == "kernel":
            return len(parts) > 1
        for other in self.registry.plugins.values():
            home = self._home(other.id)
            if other.id != self.entry.id and home and (module == home or module.startswith(home + ".")):
                room = module.removeprefix(home).strip(".").partition(".")[0]
                return other.id not in self.entry.requires or room not in ("api", "events")
        return False

    def _home(self, plugin: str) -> str:
        found = next((e for e in load_manifest(self.config.manifest).plugins if e.id == plugin), None)
        return found.module.rpartition(".")[0] if found else ""

    def uncovered_models(self) -> list[str]:
        providers = self.registry.privacy_providers.get(self.entry.id, ())
        if len(providers) != 1:
            return ["it must declare exactly one privacy provider, or say why it needs none"]
        covered = providers[0].models
        return [
            f"{name} has personal fields and is in no privacy provider"
            for module in self.registry.models.get(self.entry.id, ())
            for name, model in vars(importlib.import_module(module.models)).items()
            if isinstance(model, type) and issubclass(model, TenantModel) and _is_personal(model)
            and model.__module__ == module.models and name not in covered
        ]  # fmt: skip

    def untranslated(self) -> list[str]:
        return gaps(self.folder, [self.entry.title])

    def without_tests(self) -> list[str]:
        places = [self.folder / "tests", *(up / "tests" for up in self.folder.parents[:2])]
        named = [up / "tests" / "plugins" / self.entry.id for up in self.folder.parents[:3]]
        if any(place.is_dir() and any(place.rglob("test_*.py")) for place in (*named, *places)):
            return []
        return ["there is no tests folder with test_*.py beside the package"]

    def undocumented(self) -> list[str]:
        try:
            tree = ast.parse((self.folder / "__init__.py").read_text("utf-8"))
        except OSError:
            return ["__init__.py is missing"]
        return [] if ast.get_docstring(tree) else ["__init__.py has no docstring that says what the plugin is for"]

    def long_files(self) -> list[str]:
        counted = [(path, len(path.read_text("utf-8").splitlines())) for path in _sources(self.folder)]
        return [f"{path.relative_to(self.folder)} has {n} lines" for path, n in counted if n > _LONGEST_FILE]

    def unbounded_api(self) -> list[str]:
        return [] if "<" in self.entry.api else [f"api = {self.entry.api!r} has no upper bound"]


def _is_personal(model: type[object]) -> bool:
    return bool(getattr(getattr(model, "Meta", None), "personal", None))


def _failures(root: ElementTree.Element) -> Iterator[str]:
    for case in root.iter("testcase"):
        for fault in (*case.iter("failure"), *case.iter("error")):
            said = (fault.get("message") or "").strip().splitlines()
            yield f"{case.get('name')}: {said[0][:200] if said else 'failed'}"


def _sources(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*.py") if not {"migrations", "tests"} & set(p.relative_to(folder).parts))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    """Absolute modules that a file imports at run time, each with its line."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in node.body
        for inner in ast.walk(child)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module, node.lineno
