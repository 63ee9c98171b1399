"""The container of a backup: a gzipped tar whose members come as a stream, encrypted if a passphrase is given.

Never more than one member (4 MiB) in memory. Encrypted, it is AES-256-GCM in pieces of 1 MiB, each bound to its
number and to being the last one, so that nothing can be changed, moved or cut off unnoticed.
"""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MEMBER: Final = 4 * 1024 * 1024
_PIECE: Final = 1024 * 1024
_MAGIC: Final = b"greenroom backup, sealed, 1\n"
_SALT: Final = 16


class ArchiveError(RuntimeError):
    """Why a backup cannot be read, in one sentence for people."""


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    # 64 MiB and a few tenths of a second for each guess.
    return AESGCM(Scrypt(salt=salt, length=32, n=2**16, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">?xxxQ", last, number)


class _Sealing(io.RawIOBase):
    """Encrypts what is written to it."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        salt = os.urandom(_SALT)
        self._file, self._cipher, self._salt = file, _cipher(passphrase, salt), salt
        self._waiting, self._number = bytearray(), 0
        file.write(_MAGIC + salt)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        while len(self._waiting) > _PIECE:
            self._out(bytes(self._waiting[:_PIECE]), last=False)
            del self._waiting[:_PIECE]
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._out(bytes(self._waiting), last=True)
        super().close()

    def _out(self, piece: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), piece, _MAGIC + self._salt)
        self._file.write(struct.pack(">?I", last, len(sealed)) + sealed)
        self._number += 1


class _Unsealing(io.RawIOBase):
    """Decrypts what is read from it."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        self._file, self._salt = file, file.read(_SALT)
        self._cipher = _cipher(passphrase, self._salt)
        self._ready, self._number, self._over = b"", 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._over:
            self._ready = self._next()
        taken = self._ready[: len(buffer)]
        buffer[: len(taken)] = taken
        self._ready = self._ready[len(taken) :]
        return len(taken)

    def _next(self) -> bytes:
        head = self._file.read(5)
        if len(head) < 5:
            raise ArchiveError("The backup is cut short.")
        last, size = struct.unpack(">?I", head)
        if size > _PIECE + 16:
            raise ArchiveError("The backup is damaged.")
        try:
            piece = self._cipher.decrypt(_nonce(self._number, last=last), self._file.read(size), _MAGIC + self._salt)
        except InvalidTag as exc:
            wrong = "The passphrase is wrong, or the backup is damaged."
            raise ArchiveError(wrong if self._number == 0 else "The backup is damaged.") from exc
        self._number += 1
        self._over = last
        return piece


class Writer:
    """`add()` members, then `close()`. Blocking: call it in a thread."""

    def __init__(self, file: IO[bytes], passphrase: str | None) -> None:
        self._sealing = _Sealing(file, passphrase) if passphrase else None
        self._gzip = gzip.GzipFile(fileobj=self._sealing or file, mode="wb", compresslevel=6, mtime=0)
        # Closed by close().
        self._tar = tarfile.open(fileobj=self._gzip, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def add(self, name: str, data: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o600
        self._tar.addfile(info, io.BytesIO(data))

    def close(self) -> None:
        self._tar.close()
        self._gzip.close()
        if self._sealing is not None:
            self._sealing.close()


_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, gzip.BadGzipFile, ValueError)


def members(path: Path, passphrase: str | None) -> Iterator[tuple[str, bytes]]:
    """Names and contents in order. Blocking. Raises ArchiveError."""
    try:
        with path.open("rb") as file:
            yield from _members(file, path, passphrase)
    except ArchiveError:
        raise
    except FileNotFoundError as exc:
        raise ArchiveError(f"There is no file {path}.") from exc
    except _BROKEN as exc:
        raise ArchiveError(f"{path} is no backup, or it is damaged or cut short.") from exc


def _members(file: IO[bytes], path: Path, passphrase: str | None) -> Iterator[tuple[str, bytes]]:
    plain: Any = file
    if file.read(len(_MAGIC)) == _MAGIC:
        if not passphrase:
            raise ArchiveError(f"{path} is encrypted: give its passphrase.")
        plain = io.BufferedReader(_Unsealing(file, passphrase))
    else:
        file.seek(0)
    with gzip.GzipFile(fileobj=plain, mode="rb") as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as tar:
        for info in tar:
            content = tar.extractfile(info)
            if content is None or info.size > MEMBER + 1024:
                raise ArchiveError(f"{path} is no backup of Greenroom.")
            yield info.name, content.read()
        while unzipped.read(65536):  # to the very end, where checksum and seal are
            pass
