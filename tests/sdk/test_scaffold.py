"""`greenroom plugin new`: a package that works at once, or a sentence and nothing written."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from kernel.operations.scaffolding import SOURCE, ScaffoldError, write_package
from kernel.plugging.manifest import load_manifest

from .packages import ROOT, environment, greenroom, install


def test_every_spelling_of_the_name_is_put_in(tmp_path: Path) -> None:
    made = write_package("garden_log", tmp_path / "garden", title="Garden log")
    texts = {p.relative_to(made): p.read_text() for p in made.rglob("*") if p.is_file()}
    assert [
        str(p) for p, text in texts.items() if "my_plugin" in text or "my-plugin" in text or "My plugin" in text
    ] == []
    assert [str(p) for p in texts if "my_plugin" in str(p)] == []
    for path, text in texts.items():
        if path.suffix == ".py":
            ast.parse(text)
    manifest = tomllib.loads(texts[Path("garden_log/plugin_manifest.toml")])
    assert manifest["plugins"]["garden_log"]["title"] == "Garden log"
    assert "/garden-log" in texts[Path("garden_log/routes.py")]
    # Nothing is left out: as many files as the scaffold has, but for what makes that a package of ours.
    kept = [p for p in SOURCE.rglob("*") if p.is_file() and p.suffix not in (".pyc", ".mo")]
    assert len(texts) == len(kept) - 1


@pytest.mark.parametrize("plugin", ["", "Garden", "1st", "a-b", "a.b", "../x", "kernel", "class", "x" * 31, "plugins"])
def test_a_name_that_cannot_be_one_is_refused(plugin: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="cannot be a plugin's id"):
        write_package(plugin, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="There is a plugin called users already"):
        write_package("users", tmp_path / "x", taken=load_manifest(ROOT / "plugin_manifest.toml"))
    assert list(tmp_path.iterdir()) == []


def test_work_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "garden").mkdir()
    (tmp_path / "garden" / "mine.txt").write_text("mine")
    with pytest.raises(ScaffoldError, match="is there already; nothing was written"):
        write_package("garden", tmp_path / "garden")
    assert [p.name for p in (tmp_path / "garden").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("title", ['say "hi"', "a\\b", "x" * 61])
def test_a_title_that_would_break_files_is_refused(title: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="title"):
        write_package("garden", tmp_path / "garden", title=title)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_is_missing_and_what_comes_next(tmp_path: Path) -> None:
    nameless = greenroom("plugin", "new", cwd=tmp_path)
    assert nameless.returncode == 1
    assert nameless.stderr.strip() == "greenroom: say which: greenroom plugin new <plugin>"
    made = greenroom("plugin", "new", "garden", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "pip install --editable ." in made.stdout
    assert (tmp_path / "garden" / "garden" / "plugin.py").is_file()
    assert (tmp_path / "garden" / ".gitignore").is_file()
    assert "kernel." not in (tmp_path / "garden" / "garden" / "migrations" / "0001_initial.py").read_text()
    contract = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--pyargs", "kernel.testing.contract"]
    nothing = subprocess.run(
        [*contract, "--plugin", "nowhere"], cwd=tmp_path, env=environment(None), capture_output=True, text=True
    )
    assert nothing.returncode == pytest.ExitCode.USAGE_ERROR, nothing.stdout
    assert "No working plugin is called nowhere" in nothing.stderr
    unknown = greenroom("plugin", "check", "nowhere", cwd=tmp_path)
    assert unknown.returncode == 1
    assert "No plugin called nowhere is installed" in unknown.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_its_tests_are_green_at_once_and_its_grade_is_the_best(tmp_path: Path) -> None:
    made = write_package("garden_log", tmp_path / "garden", title="Garden log")
    install(made, tmp_path / "site")
    env = environment(tmp_path / "site")
    own = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=made, env=env, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert own.returncode == 0, own.stdout[-3000:]
    assert " passed" in own.stdout
    # As its author has it: the package beside its tests.
    (tmp_path / "site" / "garden_log").rename(tmp_path / "gone")
    (tmp_path / "site" / "garden_log").symlink_to(made / "garden_log")
    graded = greenroom("plugin", "check", "garden_log", site=tmp_path / "site", cwd=tmp_path)
    assert graded.returncode == 0, graded.stdout + graded.stderr
    assert graded.stdout.startswith("garden_log 0.1.0: grade A"), graded.stdout
