"""Packages of plugins as their authors and deployers handle them: built, installed beside Greenroom, run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from kernel.testing.databases import cluster_folder

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "question-of-the-day"
#: Nothing is fetched: what packages are built with is here already.
OFFLINE = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet")


def pip(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def wheel(source: Path, into: Path) -> Path:
    """The wheel of a package."""
    before = set(into.glob("*.whl")) if into.is_dir() else set()
    pip("wheel", *OFFLINE, "--wheel-dir", str(into), str(source))
    return next(iter(set(into.glob("*.whl")) - before))


def install(what: Path, site: Path) -> None:
    """Put a package or wheel into a folder that is then on the path, as into an environment."""
    pip("install", *OFFLINE, "--upgrade", "--target", str(site), str(what))


def greenroom(
    *arguments: str, site: Path | None = None, cwd: Path = ROOT, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run `greenroom …` to its end, with the packages in `site` installed."""
    return subprocess.run(
        [sys.executable, "-m", "kernel", *arguments],
        cwd=cwd, env=environment(site) | env, capture_output=True, text=True, timeout=900,
    )  # fmt: skip


def environment(site: Path | None) -> dict[str, str]:
    """As it is, with this checkout first and then `site` on the path."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GREENROOM_", "PYTEST_"))}
    if manifest := os.environ.get("GREENROOM_MANIFEST"):
        clean["GREENROOM_MANIFEST"] = manifest
    # Not below pytest's own folders: each new run closes those to PostgreSQL, which is another user under root.
    clean["GREENROOM_TEST_DATA"] = str(cluster_folder())
    clean["PYTHONPATH"] = os.pathsep.join([str(ROOT), *([str(site)] if site else [])])
    return clean
