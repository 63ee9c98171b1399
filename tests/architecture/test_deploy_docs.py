"""docs/deploy says what the code does: variables, commands, checks of the doctor, series, links."""

from __future__ import annotations

import re
import secrets
import shlex
from pathlib import Path

import pytest

from kernel.base.config import load_config
from kernel.cli import _parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "deploy").glob("*.md"))
_VARIABLE = re.compile(r"\bGREENROOM_[A-Z0-9_]+[A-Z0-9]\b")
_KERNEL = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "kernel").rglob("*.py"))
_OURS = {"GREENROOM_TEST_ALL", "GREENROOM_TEST_DATA"}  # for those who test Greenroom


def _page(name: str) -> str:
    return (ROOT / "docs" / "deploy" / name).read_text(encoding="utf-8")


def test_every_variable_is_explained() -> None:
    config = (ROOT / "kernel" / "base" / "config.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"(GREENROOM_[A-Z0-9_]+)"', config)) | {"GREENROOM_BACKUP_PASSPHRASE"}
    explained = set(re.findall(r"^\| `(GREENROOM_\w+)` \|", _page("configuration.md"), re.MULTILINE))
    assert explained == read


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.name)
def test_no_page_names_a_variable_that_nothing_reads(path: Path) -> None:
    named = set(_VARIABLE.findall(path.read_text(encoding="utf-8"))) - {"GREENROOM_METRICS"}  # "GREENROOM_METRICS_…"
    assert {name for name in named if f'"{name}"' not in _KERNEL} - _OURS == set()


def test_defaults_are_those_of_the_code(tmp_path: Path) -> None:
    config = load_config({"GREENROOM_SECRET": secrets.token_hex(32)}, mode="production", data=tmp_path)
    rows = dict(re.findall(r"^\| `GREENROOM_(\w+)` \| `([^`]+)`", _page("configuration.md"), re.MULTILINE))
    for name in ("HOST", "PORT", "SCHEME", "MAX_CONNECTIONS", "PAGE_SECONDS", "BLOCKED_SECONDS", "RESTART_SECONDS",
                 "LOG_LEVEL", "S3_REGION", "MODE"):  # fmt: skip
        assert rows[name] == str(getattr(config, name.lower())), name
    for name in ("SAFE_MODE", "STRICT", "TRACES", "METRICS_BY_TENANT"):
        assert rows[name] == str(int(getattr(config, name.lower()))), name


def _commands() -> list[str]:
    found = []
    for path in PAGES:
        for block in re.findall(r"^```\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            found += [line for line in block.splitlines() if re.search(r"(^|\s)greenroom [a-z]", line)]
    return found


@pytest.mark.parametrize("line", _commands())
def test_commands_are_understood(line: str) -> None:
    words = shlex.split(line.replace("$(date +%F)", "today"), comments=True)
    after = len(words) - 1 - words[::-1].index("greenroom") + 1
    assert _parser().parse_args(words[after:]).run is not None


def test_the_doctors_words_are_explained() -> None:
    doctor = (ROOT / "kernel" / "operations" / "doctor.py").read_text(encoding="utf-8")
    said = set(re.findall(r'(?:_fault|_warning|_within)\(\s*"([a-z-]+)"', doctor))
    table = _page("troubleshooting.md").partition("## What people see")[0]
    rows = " ".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))
    explained = set(re.findall(r"`([a-z-]+)`", rows))
    assert explained == said


def test_series_that_are_worth_an_alarm_exist() -> None:
    for name in re.findall(r"^\| `(greenroom_\w+)", _page("operations.md"), re.MULTILINE):
        assert f'"{name}"' in _KERNEL, name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_to_something(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
