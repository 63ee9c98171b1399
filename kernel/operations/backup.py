"""`greenroom backup`: database and files of one instant in one file, while everybody goes on working.

The instant is one REPEATABLE READ transaction. Members of the archive, in order: `greenroom.json` (versions, tables),
`files/<n>/<key>`, `tables/<name>/<n>` (PostgreSQL's text format), `manifest.json` (what there must be, with checksums).
A file that is deleted after the instant and before its turn cannot be in it: such are counted and named `gone`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg

from ..app import installed
from ..base.clock import now
from ..base.config import Config
from ..base.log import get_logger
from ..engines import embedded, rls
from ..engines.storage import Storage, open_storage
from ..plugging.manifest import API_VERSION
from ..plugging.migrate import RECORDS
from . import archive

log = get_logger(__name__)

FORMAT: Final = 1
LAST: Final = "last-backup.json"
HEADER, MANIFEST = "greenroom.json", "manifest.json"


@dataclass(frozen=True, slots=True)
class Header:
    """What a restore must know before it begins. `tables` are in the order in which they can be filled."""

    made_at: str
    version: str
    plugins: dict[str, str]
    migrations: list[list[str]]
    tables: dict[str, list[str]]
    secret: str
    format: int = FORMAT


@dataclass(slots=True)
class Manifest:
    """What the archive holds: rows and checksum by table, sequences, and one checksum over all files."""

    tables: dict[str, list[Any]] = field(default_factory=dict)
    sequences: dict[str, list[Any]] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    files_sha256: str = ""
    gone: list[str] = field(default_factory=list)


def fingerprint(secret: bytes) -> str:
    """Tells one secret from another and nothing about either."""
    return hmac.digest(secret, b"greenroom backup", hashlib.sha256).hex()[:16]


@asynccontextmanager
async def databases(config: Config) -> AsyncIterator[tuple[str, str]]:
    """DSNs of owner and application: the configured server, or the private one, running already or not."""
    if config.database_url is not None:
        yield config.database_url, config.app_database_url or rls.app_dsn(config.database_url, config.secret)
        return
    found = await asyncio.to_thread(embedded.attach, config.data_dir)
    server = found if found is not None else await asyncio.to_thread(embedded.start, config.data_dir)
    try:
        yield server.dsn_owner, server.dsn_app
    finally:
        await asyncio.to_thread(server.stop)


async def owner_connection(dsn: str, name: str) -> Any:
    """A connection for whole tables: sees every tenant, waits as long as it takes."""
    settings = {"application_name": name, "app.tenant": "*", "timezone": "UTC", "datestyle": "ISO, YMD"}
    return await asyncpg.connect(dsn, server_settings=settings, timeout=10)


async def backup(config: Config, target: Path, *, passphrase: str | None = None, dsn: str | None = None) -> Manifest:
    """Write a backup to `target`, whole or not at all. `dsn` is the owner's, for tests."""
    if dsn is None:
        async with databases(config) as (owner, _app):
            return await backup(config, target, passphrase=passphrase, dsn=owner)
    part = target.with_name(f".{target.name}.part")
    storage = open_storage(config)
    conn = await owner_connection(dsn, "greenroom-backup")
    try:
        with part.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            writer = await asyncio.to_thread(archive.Writer, file, passphrase)
            async with conn.transaction(isolation="repeatable_read", readonly=True):
                manifest = await _write(config, conn, storage, writer)
            await asyncio.to_thread(writer.close)
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    finally:
        await conn.close()
        await storage.close()
    _remember(config, target)
    return manifest


async def _write(config: Config, conn: Any, storage: Storage, writer: archive.Writer) -> Manifest:
    header = await _header(config, conn)
    await asyncio.to_thread(writer.add, HEADER, json.dumps(asdict(header), indent=1).encode())
    manifest = Manifest()
    await _write_files(conn, storage, writer, manifest)
    for table, columns in header.tables.items():
        manifest.tables[table] = await _write_table(conn, writer, table, columns)
    manifest.sequences = {
        row["name"]: [row["value"], row["value"] is not None]
        for row in await conn.fetch(
            "SELECT sequencename AS name, last_value AS value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
        )
    }
    await asyncio.to_thread(writer.add, MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
    return manifest


async def _header(config: Config, conn: Any) -> Header:
    registry = installed(config)
    migrations = [[row["app"], row["name"]] for row in await conn.fetch(f"SELECT app, name FROM {RECORDS} ORDER BY id")]  # noqa: S608 - a constant
    return Header(
        made_at=now().isoformat(),
        version=API_VERSION,
        plugins={pid: info.version for pid, info in registry.plugins.items()},
        migrations=migrations,
        tables=await tables_of(conn),
        secret=fingerprint(config.secret),
    )


async def tables_of(conn: Any) -> dict[str, list[str]]:
    """Every table with its columns, those first that others refer to. Raises ArchiveError for a circle."""
    rows = await conn.fetch(
        "SELECT c.relname AS name, array_agg(a.attname ORDER BY a.attnum)::text[] AS columns,"
        " ARRAY(SELECT DISTINCT t.relname::text FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid"
        "       WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS needs"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        "  AND a.attgenerated = ''"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND c.relname <> $1 GROUP BY c.oid, c.relname ORDER BY 1",
        RECORDS,
    )
    waiting = {row["name"]: row for row in rows}
    ordered: dict[str, list[str]] = {}
    while waiting:
        free = [name for name, row in waiting.items() if not set(row["needs"]) & waiting.keys()]
        if not free:
            raise archive.ArchiveError(f"Tables refer to each other in a circle: {', '.join(sorted(waiting))}.")
        for name in free:
            ordered[name] = list(waiting.pop(name)["columns"])
    return ordered


async def _write_table(conn: Any, writer: archive.Writer, table: str, columns: list[str]) -> list[Any]:
    """Rows and checksum."""
    digest, waiting, number = hashlib.sha256(), bytearray(), 0

    async def take(data: bytes) -> None:
        nonlocal number
        digest.update(data)
        waiting.extend(data)
        while len(waiting) >= archive.MEMBER:
            await asyncio.to_thread(writer.add, f"tables/{table}/{number}", bytes(waiting[: archive.MEMBER]))
            del waiting[: archive.MEMBER]
            number += 1

    done = await conn.copy_from_table(table, schema_name="public", columns=columns, output=take, timeout=None)
    if waiting:
        await asyncio.to_thread(writer.add, f"tables/{table}/{number}", bytes(waiting))
    return [int(done.rpartition(" ")[2]), digest.hexdigest()]


async def _write_files(conn: Any, storage: Storage, writer: archive.Writer, manifest: Manifest) -> None:
    total = hashlib.sha256()
    async for row in conn.cursor("SELECT key FROM kernel_file ORDER BY key", prefetch=500):
        try:
            size, sha256 = await _write_file(storage, writer, row["key"])
        except FileNotFoundError:
            log.warning("the file %s is gone", row["key"])
            manifest.gone.append(row["key"])
            continue
        total.update(f"{row['key']} {size} {sha256}\n".encode())
        manifest.files += 1
        manifest.bytes += size
    manifest.files_sha256 = total.hexdigest()


async def _write_file(storage: Storage, writer: archive.Writer, key: str) -> tuple[int, str]:
    digest, size, number = hashlib.sha256(), 0, 0
    waiting = bytearray()
    async for chunk in storage.open(key):
        digest.update(chunk)
        size += len(chunk)
        waiting += chunk
        while len(waiting) > archive.MEMBER:
            await asyncio.to_thread(writer.add, f"files/{number}/{key}", bytes(waiting[: archive.MEMBER]))
            del waiting[: archive.MEMBER]
            number += 1
    await asyncio.to_thread(writer.add, f"files/{number}/{key}", bytes(waiting))
    return size, digest.hexdigest()


def _remember(config: Config, target: Path) -> None:
    """For the doctor, who asks how old the last backup is."""
    with suppress(OSError):
        config.data_dir.mkdir(parents=True, exist_ok=True)
        kept = {"at": now().isoformat(), "file": str(target.absolute()), "bytes": target.stat().st_size}
        (config.data_dir / LAST).write_text(json.dumps(kept), encoding="utf-8")


def passphrase_of(file: Path | None) -> str | None:
    """The first line of `file`, else GREENROOM_BACKUP_PASSPHRASE, else None. Raises ArchiveError."""
    if file is None:
        return os.environ.get("GREENROOM_BACKUP_PASSPHRASE") or None
    try:
        line = file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except OSError as exc:
        raise archive.ArchiveError(f"The passphrase in {file} cannot be read: {exc.strerror}.") from exc
    if len(line) < 12:
        raise archive.ArchiveError(f"The passphrase in {file} must have at least 12 characters.")
    return line


async def command(config: Config, target: Path, passphrase_file: Path | None) -> int:
    """`greenroom backup FILE`."""
    try:
        passphrase = passphrase_of(passphrase_file)
        made = await backup(config, target, passphrase=passphrase)
    except (archive.ArchiveError, OSError, asyncpg.PostgresError) as exc:
        why = f"{target.parent}: {exc.strerror}" if isinstance(exc, FileNotFoundError | PermissionError) else exc
        print(f"greenroom: the backup was not made: {why}", file=sys.stderr)
        return 1
    rows = sum(found[0] for found in made.tables.values())
    sealed = "encrypted" if passphrase else "not encrypted: keep it where nobody else can read it"
    print(f"{target}: {rows} rows of {len(made.tables)} tables, {made.files} files; {sealed}")
    if made.gone:
        print(f"{len(made.gone)} files were deleted meanwhile and are not in it")
    return 0
