"""The documentation for authors says what is so: pages made from code are fresh, code runs, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.base.contract import Route
from kernel.plugging.hookspecs import HookSpecs
from kernel.testing import fixtures

from .packages import ROOT, environment

PAGES = sorted((ROOT / "docs" / "plugins").glob("*.md"))
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SNIPPETS = [
    pytest.param(code, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, code in enumerate(_PYTHON.findall(page.read_text()))
]


@pytest.mark.parametrize("code", SNIPPETS)
def test_code_in_the_pages_runs(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(None), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_pages_made_from_code_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "tools/reference.py", "check"], cwd=ROOT, env=environment(None), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr[-1000:]


def test_every_hook_has_its_signature_and_its_declaration() -> None:
    page = (ROOT / "docs" / "plugins" / "hooks.md").read_text()
    for name in (n for n in vars(HookSpecs) if not n.startswith("_")):
        assert f"\n## {name}\n" in page
        assert re.search(rf"^(async )?def {name}\(", page, re.MULTILINE), name
    for field in Route.__dataclass_fields__:
        assert f"| `{field}` |" in page


def test_every_documented_fixture_is_there() -> None:
    page = (ROOT / "docs" / "plugins" / "testing.md").read_text()
    table = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", page, re.MULTILINE)
    named = [name for row in table for name in re.findall(r"`(\w+)`", row)]
    assert len(named) >= 12
    assert [name for name in named if not hasattr(fixtures, name)] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda p: p.stem)
def test_links_lead_to_something(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text())
    assert [t for t in targets if not (page.parent / t).exists()] == []
