"""Third-party browser files: pinned exactly, nothing of anybody's registry in the repository, licences beside them."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "assets.py"))


def test_versions_are_exact() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in versions.items():
        assert locked[f"node_modules/{name}"]["version"] == version


def test_the_lock_names_no_registry() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, entry in locked.items():
        assert "resolved" not in entry, name
        assert not name or entry["integrity"].startswith("sha512-"), name
    assert "registry=" not in (ROOT / ".npmrc").read_text(encoding="utf-8").replace("lockfile-registry-resolved=", "")


def test_every_package_brings_its_licence(tool: dict[str, Any]) -> None:
    packages = {re.match(r"(@[^/]+/[^/]+|[^/]+)", source)[0] for source in tool["FILES"].values()}  # type: ignore[index]
    for package in packages:
        assert f"{package}/LICENSE" in tool["FILES"].values()


def test_skip_fetches_nothing(tool: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENROOM_ASSETS", "skip")
    monkeypatch.setitem(tool["main"].__globals__, "update", lambda: pytest.fail("fetched"))
    assert tool["main"]() == 0


def _unreachable() -> bool:
    raise LookupError("npm is not reachable")


def test_a_failure_is_a_warning_unless_it_must_not_fail(
    tool: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(tool["main"].__globals__, "update", _unreachable)
    monkeypatch.setenv("GREENROOM_ASSETS", "")
    assert tool["main"]() == 0
    assert "Pages work without them" in capsys.readouterr().err
    monkeypatch.setenv("GREENROOM_ASSETS", "must")
    assert tool["main"]() == 1


def test_the_font_sheet_points_beside_itself(tool: dict[str, Any]) -> None:
    sheet = "\n".join(
        f"@font-face {{ src: url(./files/inter-{subset}-wght-normal.woff2) format('woff2'); }}"
        for subset in ("cyrillic", "latin-ext", "latin")
    )
    made = tool["font_faces"](sheet)
    assert made.count("@font-face") == 2
    assert "url(inter-latin.woff2)" in made
    assert "url(inter-latin-ext.woff2)" in made
    assert "files/" not in made
