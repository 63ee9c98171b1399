"""Files of tenants: the bytes in a storage, what they are in the table `File`.

Keys begin with the tenant's id (`storage_key`). The protocol fits an object store as well: no renames, no
listing, whole objects written at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

from tortoise import fields

from ..base.clock import now
from ..base.config import Config
from ..base.context import current_tenant
from ..base.ids import new_id
from ..base.runtime import runtime
from .connection import after_commit
from .models import TenantModel

_CHUNK = 256 * 1024
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Data = bytes | AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Stored:
    """What `put` wrote: length in bytes, SHA-256 in hexadecimal."""

    size: int
    sha256: str


class Storage(Protocol):
    """Objects by key. A missing one raises FileNotFoundError, an impossible key ValueError."""

    async def put(self, key: str, data: Data) -> Stored: ...

    def open(self, key: str) -> AsyncIterator[bytes]: ...

    async def read(self, key: str) -> bytes: ...

    async def delete(self, key: str) -> None: ...

    def path(self, key: str) -> Path | None:
        """A local file to be sent as it is, or None when the bytes are elsewhere."""

    async def link(self, key: str, *, seconds: int, content_type: str, disposition: str) -> str | None:
        """An address elsewhere at which the object can be fetched for a while, or None: then we send it."""

    async def close(self) -> None: ...


def storage_key(*parts: str) -> str:
    """`<tenant id>/<parts>`: the one way to name a tenant's object."""
    return _checked("/".join((str(current_tenant().id), *parts)))


def _checked(key: str) -> str:
    if len(key) > 400 or not all(_SEGMENT.fullmatch(part) for part in key.split("/")):
        raise ValueError(f"not a storage key: {key[:80]!r}")
    return key


class LocalStorage:
    """A folder. Objects appear whole or not at all, also after a power cut."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def path(self, key: str) -> Path:
        found = self._root / _checked(key)
        # A link inside the folder must not lead out of it.
        if not found.resolve().is_relative_to(self._root.resolve()):
            raise ValueError(f"not inside the storage: {key[:80]!r}")
        return found

    async def put(self, key: str, data: Data) -> Stored:
        target = self.path(key)
        name, file = await asyncio.to_thread(self._fresh, target)
        digest, size = hashlib.sha256(), 0
        try:
            async for chunk in _chunks(data):
                size += len(chunk)
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(_settle, file, name, target)
        except BaseException:
            file.close()
            _forget(name)
            raise
        return Stored(size, digest.hexdigest())

    async def open(self, key: str) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self.path(key).open, "rb")
        try:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk
        finally:
            file.close()

    async def read(self, key: str) -> bytes:
        return await asyncio.to_thread(self.path(key).read_bytes)

    async def delete(self, key: str) -> None:
        target = self.path(key)
        await asyncio.to_thread(target.unlink, missing_ok=True)

    async def link(self, key: str, *, seconds: int, content_type: str, disposition: str) -> str | None:
        return None

    async def close(self) -> None:
        """Nothing is kept open."""

    def _fresh(self, target: Path) -> tuple[str, BinaryIO]:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".new-", dir=target.parent)
        return name, os.fdopen(handle, "wb")


def _forget(name: str) -> None:
    with suppress(OSError):
        os.unlink(name)


async def _chunks(data: Data) -> AsyncIterator[bytes]:
    if not isinstance(data, bytes):
        async for chunk in data:
            yield chunk
        return
    view = memoryview(data)
    for start in range(0, len(data), 4 * 1024 * 1024):
        yield bytes(view[start : start + 4 * 1024 * 1024])


def _settle(file: BinaryIO, name: str, target: Path) -> None:
    """Have the bytes on the disk, then give them their name."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
    os.replace(name, target)
    with suppress(OSError):  # a folder cannot be synced everywhere
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def open_storage(config: Config) -> Storage:
    """The storage of this installation: the configured bucket, else the folder `files` of its data."""
    if config.storage_url is not None:
        from .storage_s3 import S3Storage

        return S3Storage(config)
    return LocalStorage(config.data_dir / "files")


class File(TenantModel):
    """A stored file. `key` never comes from outside; `content_type` is what we found it to be, not what was said."""

    name = fields.CharField(max_length=200)
    content_type = fields.CharField(max_length=100)
    size = fields.BigIntField()
    sha256 = fields.CharField(max_length=64)
    key = fields.CharField(max_length=200)
    owner_id = fields.UUIDField(null=True, db_index=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "kernel_file"
        personal = ("name", "owner_id")


#: Asked before a new file counts, with its size; may refuse it (a quota). Filled at start-up by a higher floor.
admissions: list[Callable[[int], Awaitable[None]]] = []


async def save_file(name: str, content_type: str, data: Data, owner_id: UUID | None = None) -> File:
    """Store `data` as a file of the tenant in scope; `name` is reduced to a plain file name.

    Write large data before opening a unit of work. A unit that fails afterwards leaves bytes without a row,
    which nobody can reach.
    """
    file_id = new_id()
    # Spread over folders by the random end of the id; its beginning is the time and the same for many.
    key = storage_key("files", file_id.hex[-2:], str(file_id))
    storage = runtime().storage
    stored = await storage.put(key, data)
    try:
        for admit in tuple(admissions):
            await admit(stored.size)
        return await File.create(
            id=file_id,
            name=plain_name(name),
            content_type=content_type,
            size=stored.size,
            sha256=stored.sha256,
            key=key,
            owner_id=owner_id,
        )
    except BaseException:
        await storage.delete(key)
        raise


async def read_file(file: File) -> bytes:
    """The whole file. FileNotFoundError when its bytes are gone."""
    return await runtime().storage.read(file.key)


def stream_file(file: File) -> AsyncIterator[bytes]:
    """The file in pieces."""
    return runtime().storage.open(file.key)


async def delete_file(file: File) -> None:
    """Remove the row now, and its bytes once that is committed."""
    storage, key = runtime().storage, file.key
    await file.delete()
    after_commit(lambda: storage.delete(key))


def plain_name(name: str) -> str:
    """A file name to show and to offer for download: no folders, no control characters, not too long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(" .")
    stem, dot, ending = clean.rpartition(".")
    if len(clean) > 120:
        clean = f"{stem[:100]}{dot}{ending[:19]}" if dot and stem else clean[:120]
    return clean or "file"
