"""The command line: one clear sentence and a non-zero status for what cannot be."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def greenroom(*args: str, cwd: Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GREENROOM_")}
    environment |= {"PYTHONPATH": str(ROOT), "GREENROOM_MANIFEST": str(ROOT / "plugin_manifest.toml"), **env}
    return subprocess.run(
        [sys.executable, "-m", "kernel", *args],
        capture_output=True, text=True, timeout=60, cwd=cwd, env=environment, input=stdin,
    )  # fmt: skip


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = greenroom("demo", "--port", str(port), "--data", str(tmp_path / "data"), cwd=tmp_path)
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "postgres").exists()


def test_a_damaged_data_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "data" / "postgres").mkdir(parents=True)
    done = greenroom("demo", "--port", "0" + "18080", "--data", str(tmp_path / "data"), cwd=tmp_path)
    assert done.returncode == 1
    assert "damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_production_without_a_secret_does_not_start(tmp_path: Path) -> None:
    done = greenroom("serve", "--data", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 1
    assert "GREENROOM_SECRET" in done.stderr


def test_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        where = f"127.0.0.1:{nobody.getsockname()[1]}/greenroom"
        for address, words in ((f"postgresql://u:p@{where}", "the database cannot be reached"),
                               (f"mysql://u:p@{where}", "must be an address such as postgresql://")):  # fmt: skip
            done = greenroom("migrate", cwd=tmp_path, GREENROOM_SECRET=secrets.token_hex(32),
                             GREENROOM_DATABASE_URL=address)  # fmt: skip
            assert done.returncode == 1
            assert words in done.stderr
            assert "GREENROOM_DATABASE_URL" in done.stderr
            assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("args", [["nonsense"], ["scheduling", "nonsense"], ["demo", "--port", "x"]])
def test_wrong_usage_is_status_two(tmp_path: Path, args: list[str]) -> None:
    assert greenroom(*args, cwd=tmp_path).returncode == 2


def test_plugins_bring_commands_that_need_no_database(tmp_path: Path) -> None:
    done = greenroom("scheduling", "slots", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_the_doctor_names_networks_that_users_could_reach(tmp_path: Path) -> None:
    env = {"GREENROOM_SECRET": secrets.token_hex(32), "GREENROOM_MODE": "production"}
    done = greenroom("doctor", cwd=tmp_path, GREENROOM_OUTBOUND_ALLOW="127.0.0.0/8", **env)
    assert done.returncode == 1
    assert "GREENROOM_OUTBOUND_ALLOW" in done.stdout and "127.0.0.0/8" in done.stdout
    assert "GREENROOM_OUTBOUND_ALLOW" not in greenroom("doctor", cwd=tmp_path, **env).stdout
