"""`greenroom restore`: an installation as it was when a backup was made, or exactly what was there before.

First the whole archive is read and checked. Then the present schema is set aside, the backup's is built to the very
migrations it was made at, filled in one transaction, brought up to date, and only then is the old one dropped.
At the end people who were erased since are erased again (auth/erasures.py), and everybody has to sign in anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from ..app import installed, started
from ..auth import erasures
from ..base.config import Config
from ..base.context import TenantRef, every_tenant, speaking, tenant_scope
from ..base.log import get_logger
from ..base.runtime import runtime
from ..engines.connection import sql, unit_of_work
from ..engines.storage import File, Storage, delete_file, open_storage
from ..plugging.manifest import KERNEL
from ..plugging.migrate import Apps, apps_of, known_migrations, migrate, migrate_to
from . import archive
from .archive import ArchiveError
from .backup import FORMAT, HEADER, MANIFEST, Header, Manifest, databases, fingerprint, owner_connection, passphrase_of

log = get_logger(__name__)

_ASIDE: Final = "greenroom_before_restore"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    made_at: str
    rows: int
    files: int
    erased: int
    unerased: tuple[str, ...]


class _Reader:
    """Members of an archive, read in a thread, one ahead of nobody."""

    def __init__(self, path: Path, passphrase: str | None) -> None:
        self._members: Iterator[tuple[str, bytes]] = archive.members(path, passphrase)
        self.next: tuple[str, bytes] | None = None

    async def step(self) -> tuple[str, bytes] | None:
        self.next = await asyncio.to_thread(next, self._members, None)
        return self.next

    async def pieces(self, prefix: str, suffix: str = "") -> AsyncIterator[bytes]:
        """Contents of consecutive members; stands on the first other one afterwards."""
        while self.next is not None and self.next[0].startswith(prefix) and self.next[0].endswith(suffix):
            yield self.next[1]
            if not await self.step() or (suffix and self.next[0].split("/", 2)[1] == "0"):
                return


async def check(path: Path, passphrase: str | None) -> tuple[Header, Manifest]:
    """Read all of an archive. Raises ArchiveError when anything is missing or not what the manifest says."""
    reader = _Reader(path, passphrase)
    first = await reader.step()
    if first is None or first[0] != HEADER:
        raise ArchiveError(f"{path} is no backup of Greenroom.")
    given = json.loads(first[1])
    if given.get("format") != FORMAT:
        raise ArchiveError(f"{path} was made by another version of Greenroom (format {given.get('format')}).")
    header = Header(**given)
    await reader.step()
    files, count, size = hashlib.sha256(), 0, 0
    while reader.next and reader.next[0].startswith("files/"):
        key = reader.next[0].split("/", 2)[2]
        length, digest = await _digest(reader.pieces("files/", f"/{key}"))
        files.update(f"{key} {length} {digest}\n".encode())
        count, size = count + 1, size + length
    tables = {}
    for table in header.tables:
        tables[table] = (await _digest(reader.pieces(f"tables/{table}/")))[1]
    if reader.next is None or reader.next[0] != MANIFEST:
        raise ArchiveError(f"{path} is cut short: its manifest is missing.")
    manifest = Manifest(**json.loads(reader.next[1]))
    if await reader.step():
        raise ArchiveError(f"{path} has more in it than its manifest says.")
    wrong = [name for name, digest in tables.items() if manifest.tables.get(name, [0, ""])[1] != digest]
    if wrong or (files.hexdigest(), count, size) != (manifest.files_sha256, manifest.files, manifest.bytes):
        raise ArchiveError(f"{path} is damaged: {', '.join(wrong) or 'its files'} do not match the manifest.")
    return header, manifest


async def _digest(pieces: AsyncIterator[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    async for piece in pieces:
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


async def restore(
    config: Config, path: Path, *, passphrase: str | None = None, force: bool = False, new_secret: bool = False,
    dsns: tuple[str, str] | None = None,
) -> Restored:  # fmt: skip
    """Bring back `path`. Raises ArchiveError with one sentence; then nothing has changed.

    `force` replaces an installation that has tenants. `new_secret` accepts that what was sealed with the backup's
    GREENROOM_SECRET stays shut. `dsns` are those of owner and application, for tests.
    """
    if dsns is None:
        async with databases(config) as found:
            return await restore(config, path, passphrase=passphrase, force=force, new_secret=new_secret, dsns=found)
    header, manifest = await check(path, passphrase)
    registry = installed(config)
    apps = apps_of({pid: found[0] for pid, found in registry.models.items() if found})
    _check_versions(config, header, apps, new_secret)
    conn = await owner_connection(dsns[0], "greenroom-restore")
    storage = open_storage(config)
    try:
        await _check_target(conn, force)
        forgotten = set(erasures.noted(config.data_dir)) | await _erased(conn)
        await _set_aside(conn)
        try:
            await migrate_to(dsns[0], apps, [(app, name) for app, name in header.migrations])
            await _load(conn, _Reader(path, passphrase), header, manifest, storage)
            await migrate(dsns[0], apps, dsn_app=dsns[1])
        except BaseException:
            await _bring_back(conn)
            raise
        await _forget_old(conn, storage)
    finally:
        await storage.close()
        await conn.close()
    erased, failed = await _erase_again(config, dsns, forgotten)
    rows = sum(found[0] for found in manifest.tables.values())
    return Restored(header.made_at, rows, manifest.files, erased, tuple(failed))


def _check_versions(config: Config, header: Header, apps: Apps, new_secret: bool) -> None:
    known = known_migrations(apps)
    unknown = [f"{app}.{name}" for app, name in header.migrations if (app, name) not in known]
    if unknown:
        raise ArchiveError(
            "The backup is of a newer Greenroom or of plugins that are not installed here: "
            f"{', '.join(unknown[:5])} unknown. Install what made it (kernel {header.version}), then restore."
        )
    if header.secret != fingerprint(config.secret) and not new_secret:
        raise ArchiveError(
            "The backup was made with another GREENROOM_SECRET, without which sealed settings and second factors "
            "cannot be read. Set that one, or say --new-secret to go on without them."
        )


async def _check_target(conn: Any, force: bool) -> None:
    others = await conn.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND application_name LIKE 'greenroom%'"
    )
    if others:
        raise ArchiveError("Greenroom is running on this database. Stop every process of it, then restore.")
    if await conn.fetchval("SELECT to_regclass('public.kernel_tenant') IS NOT NULL"):
        tenants = await conn.fetchval("SELECT count(*) FROM public.kernel_tenant")
        if tenants and not force:
            raise ArchiveError(f"This installation has tenants ({tenants}). Say --force to replace it with the backup.")


async def _erased(conn: Any) -> set[tuple[UUID, UUID]]:
    """Whom the present database has forgotten."""
    if not await conn.fetchval("SELECT to_regclass('public.kernel_account') IS NOT NULL"):
        return set()
    rows = await conn.fetch("SELECT tenant_id, id FROM public.kernel_account WHERE state = 'erased'")
    return {(row["tenant_id"], row["id"]) for row in rows}


async def _set_aside(conn: Any) -> None:
    async with conn.transaction():
        await conn.execute("SET LOCAL lock_timeout = '10s'")
        await conn.execute(f"DROP SCHEMA IF EXISTS {_ASIDE} CASCADE")
        await conn.execute(f"ALTER SCHEMA public RENAME TO {_ASIDE}")
        await conn.execute("CREATE SCHEMA public")


async def _bring_back(conn: Any) -> None:
    async with conn.transaction():
        await conn.execute("DROP SCHEMA IF EXISTS public CASCADE")
        await conn.execute(f"ALTER SCHEMA {_ASIDE} RENAME TO public")


async def _load(conn: Any, reader: _Reader, header: Header, manifest: Manifest, storage: Storage) -> None:
    await reader.step()
    await reader.step()
    while reader.next and reader.next[0].startswith("files/"):
        key = reader.next[0].split("/", 2)[2]
        await storage.put(key, reader.pieces("files/", f"/{key}"))
    async with conn.transaction():
        for table in header.tables:
            await conn.execute(f'ALTER TABLE public."{table}" DISABLE TRIGGER USER')
        # Rows that a migration put in (an epoch, say) come with the backup.
        for table in reversed(header.tables):
            await conn.execute(f'DELETE FROM public."{table}"')  # noqa: S608 - a name checked against the catalogue
        for table, columns in header.tables.items():
            rows = await _fill(conn, reader, table, columns)
            if rows != manifest.tables[table][0]:
                raise ArchiveError(f"{table}: {rows} rows came in, {manifest.tables[table][0]} were expected.")
        for name, (value, called) in manifest.sequences.items():
            await conn.execute("SELECT setval($1::regclass, $2, $3)", f'public."{name}"', value or 1, called)
        await conn.execute("UPDATE public.kernel_session SET ended_at = now() WHERE ended_at IS NULL")
        for table in header.tables:
            await conn.execute(f'ALTER TABLE public."{table}" ENABLE TRIGGER USER')


async def _fill(conn: Any, reader: _Reader, table: str, columns: list[str]) -> int:
    pieces = reader.pieces(f"tables/{table}/")
    if reader.next is None or not reader.next[0].startswith(f"tables/{table}/"):
        return 0
    try:
        done = await conn.copy_to_table(
            table, schema_name="public", columns=columns, source=pieces, format="text", timeout=None
        )
    except asyncpg.PostgresError as exc:
        raise ArchiveError(f"{table} could not be filled: {exc}.") from exc
    return int(done.rpartition(" ")[2])


async def _forget_old(conn: Any, storage: Storage) -> None:
    """Drop what was set aside, with the bytes that only it knew."""
    if await conn.fetchval(f"SELECT to_regclass('{_ASIDE}.kernel_file') IS NOT NULL"):
        rows = await conn.fetch(
            f"SELECT key FROM {_ASIDE}.kernel_file EXCEPT SELECT key FROM public.kernel_file"  # noqa: S608
        )
        for row in rows:
            await storage.delete(row["key"])
    await conn.execute(f"DROP SCHEMA {_ASIDE} CASCADE")


async def _erase_again(
    config: Config, dsns: tuple[str, str], forgotten: set[tuple[UUID, UUID]]
) -> tuple[int, list[str]]:
    """Erase whom the backup still knows: how many, and what failed (one line each)."""
    if not forgotten:
        return 0, []
    done, failed = 0, []
    async with started(config, migrating=False, database=dsns) as room:
        with every_tenant():
            rows = await sql(
                "SELECT tenant_id, id FROM kernel_account WHERE state <> 'erased' AND id = ANY ($1::uuid[])",
                [account for _tenant, account in forgotten],
            )
        for row in rows:
            snapshot = room.runtime.snapshots.of(row.tenant_id)
            if snapshot is not None and (row.tenant_id, row.id) in forgotten:
                with tenant_scope(snapshot.tenant), speaking(snapshot.locale, snapshot.zone):
                    failed += await _erase_one(snapshot.tenant, row.id)
                done += 1
    return done, failed


async def _erase_one(tenant: TenantRef, account: UUID) -> list[str]:
    """Every plugin's part, then the files, then the account itself."""
    failed = []
    providers = runtime().registry.privacy_providers
    for pid in sorted(providers, key=lambda pid: pid == KERNEL):
        for provider in providers[pid]:
            try:
                async with unit_of_work():
                    if pid == KERNEL:
                        for file in await File.filter(owner_id=account):
                            await delete_file(file)
                    if provider.erase is not None:
                        await provider.erase(account)
            except Exception as exc:
                log.exception("%s could not erase account %s again", pid, account)
                failed.append(f"{tenant.slug}: {pid} could not erase account {account} again: {exc}")
    return failed


async def command(config: Config, path: Path, passphrase_file: Path | None, *, force: bool, new_secret: bool) -> int:
    """`greenroom restore FILE`."""
    try:
        passphrase = passphrase_of(passphrase_file)
        done = await restore(config, path, passphrase=passphrase, force=force, new_secret=new_secret)
    except (ArchiveError, OSError, asyncpg.PostgresError) as exc:
        print(f"greenroom: nothing was restored: {exc}", file=sys.stderr)
        return 1
    print(f"restored {done.rows} rows and {done.files} files as they were at {done.made_at}; everybody has to sign in")
    if done.erased:
        print(f"{done.erased} people who had been erased since were erased again")
    for line in done.unerased:
        print(f"greenroom: {line}", file=sys.stderr)
    return 1 if done.unerased else 0
