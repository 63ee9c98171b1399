"""All plugins minus one, each in turn, as a deployer would do it: no table in the manifest, no folder.

In a process of its own each time: the rest boots strictly, keeps the contract, and the journey that remains works.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tomllib
from pathlib import Path

import pytest

from kernel.base.config import find_manifest
from kernel.plugging.manifest import load_manifest

from ..processes import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
MANIFEST = find_manifest(os.environ)
ENTRIES = {entry.id: entry for entry in load_manifest(MANIFEST, packages=False).plugins}
#: What of the contract does not look at single plugins in turn, which other runs do.
CONTRACT = "who_may_use or scoped_to_tenants or answers_for_privacy or answer_everybody"


def taken_out(pid: str) -> set[str]:
    """The plugin, and those that cannot be without it."""
    gone = {pid}
    while more := {e.id for e in ENTRIES.values() if e.id not in gone and gone & set(e.requires)}:
        gone |= more
    return gone


def manifest_without(gone: set[str], folder: Path) -> Path:
    """The catalogue without the tables of `gone`; what others wish for after them is no fault."""
    text = MANIFEST.read_text("utf-8")
    head, *tables = text.split("\n[plugins.")
    kept = [table for table in tables if table.partition("]")[0] not in gone]
    path = folder / "plugin_manifest.toml"
    path.write_text("\n[plugins.".join([head, *kept]), "utf-8")
    assert set(tomllib.loads(path.read_text())["plugins"]) == ENTRIES.keys() - gone
    return path


@pytest.mark.parametrize("pid", [pid for pid, entry in ENTRIES.items() if not entry.locked])
async def test_the_rest_stands_without(pid: str, tmp_path: Path) -> None:
    gone = taken_out(pid)
    env = {
        **os.environ,
        "GREENROOM_MANIFEST": str(manifest_without(gone, tmp_path)),
        "GREENROOM_WITHOUT": ",".join(sorted(gone)),
        "GREENROOM_STRICT": "1",
    }
    env.pop("PYTEST_XDIST_WORKER", None)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "tests.toggles.without"]
    command += ["kernel/testing/contract", "tests/toggles/test_remaining.py", "-m", "not slow"]
    command += ["-k", f"{CONTRACT} or with_everything"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        out, _err = await asyncio.wait_for(process.communicate(), 500)
    finally:
        if process.returncode is None:
            process.kill()
    said = out.decode(errors="replace")
    assert process.returncode == 0, said[-6000:]
    assert " passed" in said
