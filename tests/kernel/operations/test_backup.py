"""The drill: a backup under load, brought back into an empty place; and every way in which a restore must refuse."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiohttp.test_utils import unused_port

from kernel import accounts, save_file, unit_of_work
from kernel.auth import erasures
from kernel.base.context import tenant_scope
from kernel.base.runtime import runtime
from kernel.engines import embedded
from kernel.engines.storage import open_storage
from kernel.operations import restore as restoring
from kernel.operations.archive import ArchiveError, members
from kernel.operations.backup import LAST, Manifest, backup
from kernel.operations.restore import check, restore
from kernel.plugging import migrate as migrations
from kernel.testing.people import TenantKit

from ...processes import config_of, here, own_database, serve, weak

pytestmark = pytest.mark.timeout(300)
SECRET = "correct horse battery staple"


@asynccontextmanager
async def empty_database(cluster: embedded.Embedded, name: str) -> AsyncIterator[str]:
    """The owner's DSN of a database with nothing in it."""
    await embedded.drop_database(cluster.dsn_owner, name)
    yield await embedded.create_database(cluster.dsn_owner, name)
    await embedded.drop_database(cluster.dsn_owner, name)


async def fetch(dsn: str, query: str, *args: Any) -> list[Any]:
    conn = await asyncpg.connect(dsn, server_settings={"app.tenant": "*"})
    try:
        return await conn.fetch(query, *args)
    finally:
        await conn.close()


def plain(manifest: Manifest) -> dict[str, Any]:
    """What must be equal before and after: all but sessions, which a restore ends."""
    found = dataclasses.asdict(manifest)
    found["tables"]["kernel_session"] = found["tables"]["kernel_session"][0]
    return found


async def member(kit: TenantKit, number: int) -> UUID:
    with tenant_scope(kit.ref):
        async with unit_of_work():
            made = await accounts.create_account(
                f"m{number}@acme.test",
                f"M {number}\t\\N\n'é",
                password="a-good-password-1" if number < 5 else None,
                state="active",
            )
        await save_file(f"{number}.txt", "text/plain", b"%d" % number * 1000, owner_id=made.id)
        return made.id


@pytest.mark.slow
async def test_backup_under_load_comes_back_whole(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> None:
    port, file = unused_port(), tmp_path / "night.backup"
    async with own_database(cluster, "drill") as dsn, empty_database(cluster, "drill_again") as fresh:
        async with here(dsn, port, tmp_path / "data") as make:
            kit = await make("acme")
            config = runtime().config
            first = [await member(kit, n) for n in range(5)]
            with tenant_scope(kit.ref):
                await save_file("big.bin", "application/octet-stream", bytes(range(256)) * 40_000)  # several members
                await save_file("empty.txt", "text/plain", b"")
            busy = True

            async def writing() -> int:
                count = 0
                while busy:
                    await member(kit, 1000 + count)
                    count += 1
                return count

            writers = asyncio.create_task(writing())
            await asyncio.sleep(0.3)
            made = await backup(config, file, passphrase=SECRET, dsn=dsn)
            busy = False
            assert await writers > 0
            assert (await fetch(dsn, "SELECT count(*) FROM kernel_account"))[0][0] > made.tables["kernel_account"][
                0
            ] - 1
            assert made.files >= 7 and made.gone == []
            assert json.loads((config.data_dir / LAST).read_text())["file"] == str(file)
            # Somebody is erased after the backup was made.
            with tenant_scope(kit.ref):
                await accounts.erase(first[0])
            for _ in range(100):
                if list(erasures.noted(config.data_dir)):
                    break
                await asyncio.sleep(0.02)

        target = config_of(port, tmp_path / "again")
        (tmp_path / "again").mkdir()
        (tmp_path / "data" / erasures.NAME).rename(tmp_path / "again" / erasures.NAME)
        # Restored without the ledger first, to compare: then everything is as it was.
        done = await restore(config_of(port, tmp_path / "bare"), file, passphrase=SECRET, dsns=(fresh, weak(fresh)))
        assert (done.files, done.erased) == (made.files, 0)
        again = await backup(config_of(port, tmp_path / "bare"), tmp_path / "b2", dsn=fresh)
        assert plain(again) == plain(made)
        assert await fetch(fresh, "SELECT 1 FROM kernel_session WHERE ended_at IS NULL") == []

        with pytest.raises(ArchiveError, match="--force"):
            await restore(target, file, passphrase=SECRET, dsns=(fresh, weak(fresh)))
        done = await restore(target, file, passphrase=SECRET, force=True, dsns=(fresh, weak(fresh)))
        assert (done.erased, done.unerased) == (1, ())
        row = (await fetch(fresh, "SELECT state, name FROM kernel_account WHERE id = $1", first[0]))[0]
        assert tuple(row) == ("erased", "")
        assert await fetch(fresh, "SELECT 1 FROM kernel_file WHERE owner_id = $1", first[0]) == []
        assert (await fetch(fresh, "SELECT name FROM kernel_account WHERE id = $1", first[1]))[0][0] == "M 1 \\N 'é"

        with serve(fresh, port, tmp_path) as program:
            await program.says("serves on")
            visitor = kit.visitor()
            await visitor.get("/sign-in")
            answer = await visitor.post("/sign-in", {"email": "m2@acme.test", "password": "a-good-password-1"})
            assert answer.status == 303, answer.text[:500]
            assert (await visitor.get("/home")).status == 200
            await visitor.close()
        await kit.close()


@pytest.fixture
async def small(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path
) -> AsyncIterator[tuple[str, Path]]:
    """A database with one tenant and a backup of it."""
    async with own_database(cluster, "small") as dsn:
        async with here(dsn, unused_port(), tmp_path / "data") as make:
            kit = await make("acme")
            await member(kit, 1)
            await backup(runtime().config, tmp_path / "plain", dsn=dsn)
            await backup(runtime().config, tmp_path / "sealed", passphrase=SECRET, dsn=dsn)
        yield dsn, tmp_path
        await kit.close()


async def test_what_is_damaged_or_foreign_is_refused_before_anything_is_touched(small: tuple[str, Path]) -> None:
    dsn, folder = small
    config = config_of(1, folder / "data")
    good, sealed = (folder / "plain").read_bytes(), (folder / "sealed").read_bytes()
    assert b"m1@acme.test" not in sealed
    odd = folder / "odd"
    tries = [
        (good[:-3000], None), (good[: len(good) // 2], None), (b"", None), (b"nonsense" * 1000, None),
        (good[:5000] + b"\x00\x01" + good[5002:], None), (sealed, None), (sealed, "another passphrase"),
        (sealed[:-1], SECRET), (sealed[: len(sealed) // 2], SECRET),
        (sealed[:-40] + b"x" + sealed[-39:], SECRET),
    ]  # fmt: skip
    before = await fetch(dsn, "SELECT count(*) FROM kernel_account")
    for data, passphrase in tries:
        odd.write_bytes(data)
        with pytest.raises(ArchiveError):
            await restore(config, odd, passphrase=passphrase, force=True, dsns=(dsn, weak(dsn)))
    with pytest.raises(ArchiveError, match="no file"):
        await restore(config, folder / "missing", dsns=(dsn, weak(dsn)))
    assert await fetch(dsn, "SELECT count(*) FROM kernel_account") == before
    header, manifest = await check(folder / "sealed", SECRET)
    assert header.tables.keys() == manifest.tables.keys()
    assert max(len(data) for _name, data in members(folder / "plain", None)) <= 4 * 1024 * 1024 + 1024


async def test_newer_versions_other_secrets_and_running_processes_are_refused(
    small: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn, folder = small
    config = config_of(1, folder / "data")

    def go(**over: Any) -> Any:
        used = dataclasses.replace(config, **over.pop("config", {}))
        return restore(used, folder / "plain", dsns=(dsn, weak(dsn)), **over)

    with pytest.raises(ArchiveError, match="another GREENROOM_SECRET"):
        await go(config={"secret": b"z" * 40})
    with pytest.raises(ArchiveError, match="has tenants"):
        await go()
    running = await asyncpg.connect(dsn, server_settings={"application_name": "greenroom"})
    with pytest.raises(ArchiveError, match="running"):
        await go(force=True)
    await running.close()
    known = migrations.known_migrations

    def older(apps: Any) -> set[tuple[str, str]]:
        return {key for key in known(apps) if key != ("kernel", "0001_initial")}

    monkeypatch.setattr(restoring, "known_migrations", older)
    with pytest.raises(ArchiveError, match=r"newer Greenroom.*kernel\.0001_initial"):
        await go(force=True)


async def test_a_restore_that_fails_half_way_leaves_what_was_there(
    small: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn, folder = small
    before = await fetch(dsn, "SELECT id, email FROM kernel_account ORDER BY id")

    async def breaks(*args: Any, **named: Any) -> None:
        raise asyncpg.DiskFullError("no space left")

    monkeypatch.setattr(restoring, "migrate", breaks)
    with pytest.raises(asyncpg.DiskFullError):
        await restore(config_of(1, folder / "data"), folder / "plain", force=True, dsns=(dsn, weak(dsn)))
    assert await fetch(dsn, "SELECT id, email FROM kernel_account ORDER BY id") == before
    assert await fetch(dsn, "SELECT 1 FROM pg_namespace WHERE nspname LIKE 'greenroom%'") == []


async def test_a_file_deleted_meanwhile_is_named(small: tuple[str, Path]) -> None:
    dsn, folder = small
    config = config_of(1, folder / "data")
    key = (await fetch(dsn, "SELECT key FROM kernel_file"))[0]["key"]
    await open_storage(config).delete(key)
    made = await backup(config, folder / "third", dsn=dsn)
    assert (made.gone, made.files) == ([key], 0)
    await check(folder / "third", None)


def test_ledger_lines_that_were_cut_short_are_passed_over(tmp_path: Path) -> None:
    one, two = UUID(int=1), UUID(int=2)
    erasures.note(tmp_path, one, two)
    with (tmp_path / erasures.NAME).open("a") as file:
        file.write('{"tenant": "x\n')
    erasures.note(tmp_path, two, one)
    assert list(erasures.noted(tmp_path)) == [(one, two), (two, one)]
    assert list(erasures.noted(tmp_path / "nowhere")) == []
