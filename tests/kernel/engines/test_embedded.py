"""The private PostgreSQL: from nothing, again, and when something is wrong with its folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import asyncpg
import pytest

from kernel.engines import embedded
from kernel.engines.embedded import EmbeddedError, create_database, drop_database


@pytest.fixture(scope="module")
def folder(throwaway: Path) -> Path:
    """A data folder in which a server has run and was stopped."""
    data = throwaway / "second" / "data"
    embedded.start(data, durable=False).stop()
    return data


def alive(data: Path) -> bool:
    listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    return any("postgres" in line and str(data) in line for line in listed.splitlines())


async def ask(dsn: str, question: str):
    conn = await asyncpg.connect(dsn)
    try:
        return await conn.fetchval(question)
    finally:
        await conn.close()


async def test_start_stop_start(folder):
    assert not alive(folder)
    server = embedded.start(folder, durable=False)
    try:
        assert alive(folder)
        assert await ask(server.dsn_app, "SELECT current_user || current_database()") == "greenroom_appgreenroom"
        mighty = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        assert not await ask(server.dsn_app, mighty)
        assert await ask(server.dsn_owner, "SELECT current_setting('listen_addresses')") == ""
        assert await ask(server.dsn_owner, "SELECT lower('ÄÖ')") == "äö"
        assert (server.socket_dir.stat().st_mode & 0o077) == 0
        beside = embedded.attach(folder)
        assert beside is not None and beside.dsn_app == server.dsn_app
        beside.stop()  # not its own to stop
        assert await ask(server.dsn_app, "SELECT 1") == 1
    finally:
        server.stop()
    assert not alive(folder) and embedded.attach(folder) is None
    server.stop()  # twice is fine


def test_second_start_in_use(folder):
    server = embedded.start(folder, durable=False)
    try:
        with pytest.raises(EmbeddedError, match=r"in use by another running Greenroom\.$"):
            embedded.start(folder)
    finally:
        server.stop()


def test_long_path(throwaway):
    data = throwaway / ("long-" * 12) / ("name-" * 12)
    server = embedded.start(data, durable=False)
    try:
        assert len(str(server.socket_dir)) < 90 and server.socket_dir.exists()
    finally:
        server.stop()
    assert not server.socket_dir.exists() and not alive(data)


async def test_left_over_server_is_taken_over(folder):
    """A Greenroom killed without mercy leaves its server; the next one goes on with it."""
    code = f"""
import os, signal
from pathlib import Path
from kernel.engines import embedded
embedded.start(Path({str(folder)!r}), durable=False)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.getcwd()})
    assert done.returncode == -signal.SIGKILL
    assert alive(folder)
    folder.parent.chmod(0o700)  # as root, PostgreSQL runs as somebody else, who cannot look in there now
    server = embedded.start(folder, durable=False)
    try:
        assert await ask(server.dsn_app, "SELECT 1") == 1
        folder.parent.chmod(0o700)
    finally:
        server.stop()
    assert not alive(folder)


def test_exit_without_stop_leaves_nothing(folder):
    code = f"from pathlib import Path; from kernel.engines import embedded; embedded.start(Path({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.getcwd()})
    assert not alive(folder)


@pytest.fixture
def copy(folder: Path, throwaway: Path):
    target = throwaway / "copy"
    subprocess.run(["cp", "-a", str(folder), str(target)], check=True)
    yield target
    shutil.rmtree(target)


def test_damaged_folder(copy):
    (copy / "postgres" / "global" / "pg_control").write_bytes(b"nonsense")
    with pytest.raises(EmbeddedError, match=r"^The data folder .* is damaged or unusable, .+: .+\.$"):
        embedded.start(copy)
    assert not alive(copy)


def test_folder_that_is_no_cluster(copy):
    (copy / "postgres" / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedError, match="damaged"):
        embedded.start(copy)


def test_other_version(copy):
    (copy / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="is of PostgreSQL 16, this Greenroom needs 18"):
        embedded.start(copy)


def test_interrupted_first_start(throwaway):
    data = throwaway / "interrupted"
    (data / "postgres.new" / "base").mkdir(parents=True)
    embedded.start(data, durable=False).stop()
    assert not (data / "postgres.new").exists()


def test_full_disk(folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, 0))
    with pytest.raises(EmbeddedError, match="is full"):
        embedded.start(folder)


def test_not_writable(folder, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(EmbeddedError, match="not writable"):
        embedded.start(folder)


def test_file_in_place_of_the_folder(throwaway):
    (throwaway / "a-file").write_text("")
    with pytest.raises(EmbeddedError, match="cannot be used"):
        embedded.start(throwaway / "a-file" / "data")


async def test_databases_from_a_template(server):
    await drop_database(server.dsn_owner, "mould")
    mould = await create_database(server.dsn_owner, "mould")
    conn = await asyncpg.connect(mould)
    await conn.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (7)")
    await conn.close()
    began = time.perf_counter()
    copied = await create_database(server.dsn_owner, "copied", template="mould")
    assert time.perf_counter() - began < 2
    assert await ask(copied, "SELECT n FROM t") == 7
    held = await asyncpg.connect(copied)
    await drop_database(server.dsn_owner, "copied")
    await drop_database(server.dsn_owner, "copied")
    await drop_database(server.dsn_owner, "mould")
    held.terminate()
