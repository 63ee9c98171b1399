"""Workers that are killed, drained, held up, and two at once: as processes, on the lease that ships."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from aiohttp.test_utils import unused_port

from kernel.engines import embedded

from ..processes import Program, here, own_database, running, until, weak

_PLUGIN = """
import asyncio, os, pathlib
from kernel import Job, hookimpl

async def slow(folder, seconds):
    with open(pathlib.Path(folder) / "begun", "a") as file:
        file.write(f"{os.getpid()}\\n")
    first = len((pathlib.Path(folder) / "begun").read_text().split()) == 1
    await asyncio.sleep(seconds if first else 0)
    with open(pathlib.Path(folder) / "ended", "a") as file:
        file.write(f"{os.getpid()}\\n")

async def minute():
    pass

@hookimpl
def register_jobs():
    return [Job(name="slow.slow", func=slow, timeout=300), Job(name="slow.minute", func=minute, cron="* * * * *")]
"""


def environment(folder: Path, dsn: str) -> dict[str, str]:
    package = folder / "slow_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(_PLUGIN)
    manifest = folder / "manifest.toml"
    manifest.write_text(
        'manifest = 1\n[plugins.slow]\nmodule = "slow_package.plugin"\ntitle = "Slow"\nversion = "1.0.0"\n'
        'api = ">=1.0,<2"\ndefault = true\n'
    )
    return {
        "GREENROOM_MODE": "test", "GREENROOM_DATABASE_URL": dsn, "GREENROOM_APP_DATABASE_URL": weak(dsn),
        "GREENROOM_MANIFEST": str(manifest), "PYTHONPATH": str(folder),
    }  # fmt: skip


@contextmanager
def worker(folder: Path, env: dict[str, str], number: int) -> Iterator[Program]:
    data = folder / f"data-{number}"
    with running("worker", "--data", str(data), report=folder / f"worker-{number}.log", **env) as program:
        yield program


async def put(conn: asyncpg.Connection, tenant: object, folder: Path, seconds: float) -> object:
    return await conn.fetchval(
        "INSERT INTO kernel_job (id, tenant_id, plugin, name, args, queue, state, run_at, attempts, max_attempts,"
        " request_id, created_at, priority, history) VALUES (gen_random_uuid(), $1, 'slow', 'slow.slow',"
        " jsonb_build_object('folder', $2::text, 'seconds', $3::float), 'default', 'ready', now(), 0, 3, '', now(), 0,"
        " '[]') RETURNING id",
        tenant, str(folder), seconds,
    )  # fmt: skip


async def has_lines(path: Path, count: int) -> bool:
    return path.exists() and len(path.read_text().split()) >= count


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_killed_workers_job_is_resumed_within_ten_seconds_and_repeated_once_at_most(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> None:
    async with own_database(cluster, "killed") as dsn:
        async with here(dsn, unused_port(), tmp_path / "data") as make:
            kit = await make("acme")
        conn = await asyncpg.connect(dsn)
        env = environment(tmp_path, dsn)
        try:
            with worker(tmp_path, env, 1) as first:
                await first.says("executes jobs")
                await put(conn, kit.ref.id, tmp_path, 120)
                await until(lambda: has_lines(tmp_path / "begun", 1), 20)
                with worker(tmp_path, env, 2) as second:
                    await second.says("executes jobs")
                    first.kill()
                    took = await until(lambda: has_lines(tmp_path / "ended", 1), 30)
                    assert took <= 10, f"it took {took:.1f} s"
                    await asyncio.sleep(1)
                    # Each minute was planned once for the tenant, by whichever worker.
                    planned = await conn.fetch(
                        "SELECT run_at FROM kernel_job WHERE name = 'slow.minute' AND tenant_id = $1", kit.ref.id
                    )
                    assert len(planned) == len({row["run_at"] for row in planned})
                    second.signal(signal.SIGTERM)
                    assert await second.ended(15) == 0
            begun = (tmp_path / "begun").read_text().split()
            assert begun == [str(first.process.pid), str(second.process.pid)]
            assert (tmp_path / "ended").read_text().split() == [str(second.process.pid)]
            row = await conn.fetchrow("SELECT state, attempts, history FROM kernel_job WHERE name = 'slow.slow'")
            assert (row["state"], row["attempts"]) == ("done", 2)
            assert '"lost"' in row["history"]
        finally:
            await conn.close()
            await kit.close()


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_drained_workers_finish_what_they_have_and_take_nothing_more(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> None:
    async with own_database(cluster, "drained") as dsn:
        async with here(dsn, unused_port(), tmp_path / "data") as make:
            kit = await make("acme")
        conn = await asyncpg.connect(dsn)
        env = environment(tmp_path, dsn)
        try:
            with worker(tmp_path, env, 1) as program:
                await program.says("executes jobs")
                job = await put(conn, kit.ref.id, tmp_path, 14)
                await until(lambda: has_lines(tmp_path / "begun", 1), 20)
                with running(
                    "worker", "--drain", "--data", str(tmp_path / "d"), report=tmp_path / "drain.log", **env
                ) as drain:
                    assert await drain.ended(60) == 0
                await program.says("finishes the jobs it has")
                later = await put(conn, kit.ref.id, tmp_path, 0)
                assert await program.ended(60) == 0
            assert await conn.fetchval("SELECT state FROM kernel_job WHERE id = $1", job) == "done"
            assert await conn.fetchval("SELECT state FROM kernel_job WHERE id = $1", later) == "ready"
        finally:
            await conn.close()
            await kit.close()


@pytest.mark.timeout(60)
async def test_a_process_whose_loop_stands_still_for_good_is_ended(tmp_path: Path) -> None:
    """The watchdog alone, in a process of its own: a supervisor starts the next one."""
    script = (
        "import asyncio, time\n"
        "from types import SimpleNamespace as N\n"
        "from kernel.base.runtime import Runtime, set_runtime\n"
        "from kernel.base.config import load_config\n"
        "from kernel.work.watchdog import watching\n"
        "async def main():\n"
        "    config = load_config({'GREENROOM_BLOCKED_SECONDS': '1', 'GREENROOM_RESTART_SECONDS': '2'}, mode='test')\n"
        "    set_runtime(Runtime(config, registry=N(plugins={})))\n"
        "    with watching(supervised=True):\n"
        "        await asyncio.sleep(0.6)\n"
        "        time.sleep(45)\n"
        "asyncio.run(main())\n"
    )
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=Path(__file__).parents[2], env=os.environ | {"GREENROOM_DATA": str(tmp_path)},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _out, err = await process.communicate()
    assert process.returncode == 70, err.decode()
    assert time.monotonic() - began < 40
    assert "stood still" in err.decode()
    assert "time.sleep(45)" in err.decode() or "main" in err.decode()
