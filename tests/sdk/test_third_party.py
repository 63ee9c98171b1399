"""A plugin from a package of its own: installed, switched on for one tenant, off, upgraded, purged. All for real."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import asyncpg
import pytest
from aiohttp.test_utils import unused_port

from kernel.engines import embedded
from kernel.testing.people import Site

from ..processes import answers, here, own_database, serve, until, weak
from .packages import EXAMPLE, environment, greenroom, install, wheel

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PLUGIN, PAGE = "question_of_the_day", "/question-of-the-day"


async def switch(owner: Site, on: bool) -> None:
    answer = await owner.post(f"/admin/plugins/{PLUGIN}", {"on": str(int(on)), "reason": "tried in a test"})
    assert answer.status == 303, answer.text[:500]


async def tables(dsn: str) -> set[str]:
    conn = await asyncpg.connect(dsn)
    try:
        return {row["tablename"] for row in await conn.fetch("SELECT tablename FROM pg_tables")}
    finally:
        await conn.close()


def upgraded(tmp_path: Path) -> Path:
    """The sources of version 1.1, in which questions have a hint; its author lets the migration be written."""
    source = tmp_path / "v1.1"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__"))
    package = source / PLUGIN
    for path in (source / "pyproject.toml", package / "plugin_manifest.toml"):
        path.write_text(path.read_text().replace("1.0.0", "1.1.0", 1))
    models = (package / "models.py").read_text()
    column = '    hint = fields.CharField(max_length=200, default="", db_default="")\n'
    retired = "    retired = fields.BooleanField(default=False)\n"
    assert retired in models
    (package / "models.py").write_text(models.replace(retired, retired + column))
    install(source, tmp_path / "author")
    made = greenroom("migrate", "make", PLUGIN, "--name", "hint", site=tmp_path / "author")
    assert made.returncode == 0, made.stderr
    written = tmp_path / "author" / PLUGIN / "migrations" / "0002_hint.py"
    assert "hint" in written.read_text()
    shutil.copy(written, package / "migrations")
    return source


async def test_a_plugin_comes_lives_grows_and_goes(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> None:
    site, wheels = tmp_path / "site", tmp_path / "wheels"
    install(wheel(EXAMPLE, wheels), site)
    path = environment(site)["PYTHONPATH"]
    port = unused_port()
    async with own_database(cluster, "package") as dsn:
        access = {"GREENROOM_MODE": "test", "GREENROOM_DATABASE_URL": dsn, "GREENROOM_APP_DATABASE_URL": weak(dsn)}
        async with here(dsn, port, tmp_path) as make:
            acme, fern = await make("acme"), await make("fern")
            owner, stranger = await acme.sign_in("owner"), await fern.sign_in("owner")
        try:
            # Installed: its tables are made at the start, its pages are for nobody yet.
            with serve(dsn, port, tmp_path, PYTHONPATH=path) as program:
                await until(lambda: answers(port), 60)
                assert {f"{PLUGIN}_question", f"{PLUGIN}_asked"} <= await tables(dsn)
                assert (await owner.get(PAGE)).status == 404
                # Switched on by one tenant while it runs, and for that one only.
                await switch(owner, True)
                assert (await owner.get(PAGE)).status == 200
                assert (await stranger.get(PAGE)).status == 404
                assert (await owner.post(PAGE + "/questions", {"text": "What did you ship?"})).status == 303
                # Off and on again: nothing is lost.
                await switch(owner, False)
                assert (await owner.get(PAGE)).status == 404
                await switch(owner, True)
                assert "What did you ship?" in (await owner.get(PAGE + "/questions")).text
                program.signal()
                assert await program.ended(15) == 0
            # A new version with a migration: what was written stays.
            install(wheel(upgraded(tmp_path), wheels), site)
            listed = greenroom("plugin", "list", site=site)
            assert re.search(rf"{PLUGIN}\s+1\.1\.0\s+ready", listed.stdout), listed.stdout
            with serve(dsn, port, tmp_path, PYTHONPATH=path) as program:
                await until(lambda: answers(port), 60)
                assert "What did you ship?" in (await owner.get(PAGE + "/questions")).text
                conn = await asyncpg.connect(dsn, server_settings={"app.tenant": "*"})
                hints = await conn.fetch(f"SELECT hint FROM {PLUGIN}_question")
                await conn.close()
                assert {row["hint"] for row in hints} == {""}
                program.signal()
                assert await program.ended(15) == 0
            # Purged: only when that is said, and only what was its own.
            before = await tables(dsn)
            asked = greenroom("plugin", "purge", PLUGIN, site=site, **access)
            assert asked.returncode == 1
            assert "--yes" in asked.stderr
            assert await tables(dsn) == before
            done = greenroom("plugin", "purge", PLUGIN, "--yes", site=site, **access)
            assert done.returncode == 0, done.stderr
            assert before - await tables(dsn) == {f"{PLUGIN}_{name}" for name in ("question", "asked", "follower")}
            # And the package taken away: everything else goes on.
            shutil.rmtree(site)
            with serve(dsn, port, tmp_path):
                await until(lambda: answers(port), 60)
                assert (await owner.get("/home")).status == 200
                assert (await owner.get(PAGE)).status == 404
        finally:
            await acme.close()
            await fern.close()
