"""A hook exists only with a first-party user, a test named for it and a documented signature."""

from __future__ import annotations

import ast
from pathlib import Path

from kernel.app import installed
from kernel.base.config import load_config
from kernel.plugging.hookspecs import HookSpecs

ROOT = Path(__file__).resolve().parents[2]
HOOKS = sorted(name for name in vars(HookSpecs) if not name.startswith("_"))
#: Part of the published interface, though none of our own plugins needs them now. Each with its reason.
UNUSED_BY_US = {
    "on_disable": "the counterpart of on_enable: a stranger's plugin may have to let go of something",
    "register_template_globals": "our plugins give their pages what they need; a stranger's helper may serve many",
}


def _test_names() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= {
            node.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        }
    return found


def test_every_hook_has_a_test_named_for_it() -> None:
    names = _test_names()
    assert [hook for hook in HOOKS if not any(name.startswith(f"test_{hook}") for name in names)] == []


def test_every_hook_is_documented_with_its_declaration() -> None:
    page = (ROOT / "docs" / "plugins" / "hooks.md").read_text(encoding="utf-8")
    assert [hook for hook in HOOKS if f"\n## {hook}\n" not in page or f"def {hook}(" not in page] == []


def test_every_hook_has_a_user_of_our_own() -> None:
    registry = installed(load_config({"GREENROOM_STRICT": "1"}, mode="test"))
    without = set()
    for hook in HOOKS:
        if hook.startswith("register_"):
            used = any(getattr(registry, hook.removeprefix("register_")).values())
        else:
            used = bool(registry.lifecycle(hook))  # type: ignore[arg-type]
        if not used:
            without.add(hook)
    assert without == set(UNUSED_BY_US)
