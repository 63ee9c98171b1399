"""Attachments: which files are taken, and keeping them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kernel import File, Upload, delete_file, errors, get_logger, save_file
from kernel import gettext as _

log = get_logger(__name__)

MOST: Final = 5
LIMIT: Final = 5 * 1024 * 1024
#: What a form with attachments may weigh, texts included.
BODY_LIMIT: Final = MOST * LIMIT + 1024 * 1024
ACCEPT: Final = ".png,.jpg,.jpeg,.gif,.webp,.pdf,.txt,.log,.csv"

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_TEXTS: Final = (".txt", ".log", ".csv")


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that may be kept; `content_type` is what we found it to be."""

    name: str
    content_type: str
    data: bytes


def check(uploads: Sequence[Upload]) -> list[Checked]:
    """The files, ready to be kept. Raises Invalid with words for the field `files`."""
    if len(uploads) > MOST:
        raise errors.Invalid({"files": _("Attach at most {n} files.").format(n=MOST)})
    found = []
    for upload in uploads:
        if upload.size > LIMIT:
            raise errors.Invalid({"files": _("{name} is larger than 5 MB.").format(name=upload.name)})
        data = upload.read()
        kind = content_type(upload.name, data)
        if kind is None:
            said = _("{name} is of a kind that cannot be attached. Pictures, PDF and plain text can.")
            raise errors.Invalid({"files": said.format(name=upload.name)})
        found.append(Checked(upload.name, kind, data))
    return found


def content_type(name: str, data: bytes) -> str | None:
    """By what the bytes are, never by what the sender says; None for anything that is not taken."""
    for start, kind in _SIGNATURES:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if name.lower().endswith(_TEXTS) and data and b"\0" not in data:
        try:
            data.decode()
        except UnicodeDecodeError:
            return None
        return "text/plain"
    return None


async def keep(checked: Sequence[Checked], owner_id: UUID) -> list[File]:
    """Store the files. Call it before the unit of work, and `drop` them if that fails."""
    return [await save_file(c.name, c.content_type, c.data, owner_id) for c in checked]


async def drop(files: Sequence[File]) -> None:
    for file in files:
        try:
            await delete_file(file)
        except OSError:
            log.exception("an attachment could not be removed again")
