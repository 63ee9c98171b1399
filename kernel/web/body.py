"""The one place where request bodies are read. Whatever is malformed becomes a 400, 408, 413 or 415, never a 500."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Final, TypeVar
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ValidationError

from ..base.errors import BadRequest, Invalid, TooLarge, UnsupportedType
from ..base.i18n import _
from . import neighbours, words
from .visit import visit_of

Model = TypeVar("Model", bound=BaseModel)

MAX_DEPTH: Final = 64
MAX_FIELDS: Final = 1000
MAX_PARTS: Final = 200
#: A file up to this size stays in memory while it is being received.
_IN_MEMORY = 512 * 1024
_MAX_TEXT_PART = 256 * 1024
_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


@dataclass(slots=True)
class Upload:
    """A received file. `name` and `content_type` are the sender's claims: sniff before use."""

    name: str
    content_type: str
    size: int
    file: IO[bytes]

    def read(self) -> bytes:
        """All of it; its size is within the route's body limit."""
        self.file.seek(0)
        return self.file.read()


@dataclass(slots=True)
class FormData:
    """Names and values as sent, in order."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[tuple[str, Upload]] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.fields if key == name), default)

    def getall(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def close(self) -> None:
        """Let go of temporary files."""
        for _name, upload in self.files:
            upload.file.close()


def is_form(request: web.Request) -> bool:
    return request.content_type in (_URLENCODED, _MULTIPART)


def limit_of(request: web.Request) -> int:
    endpoint = visit_of(request).endpoint
    return endpoint.body_limit if endpoint is not None else 0


# --- bytes -----------------------------------------------------------------------------------------------------


async def read_body(request: web.Request) -> bytes:
    """The whole body, decompressed; at most the route's limit. Read once, kept for the next asker."""
    visit = visit_of(request)
    if visit.raw_body is None:
        _refuse_announced(request)
        limit = limit_of(request)
        received = bytearray()
        try:
            async with neighbours.waiting(visit):
                async for chunk in request.content.iter_any():
                    received += chunk
                    if len(received) > limit:
                        raise _too_large(limit)
        except _BROKEN as exc:
            raise BadRequest(_("The request broke off or was garbled.")) from exc
        visit.raw_body = bytes(received)
    return visit.raw_body


#: What reading from aiohttp raises for broken framing, compression and multipart syntax.
_BROKEN = (
    web.RequestPayloadError,
    HttpProcessingError,
    ValueError,
    EOFError,
    AssertionError,
    LookupError,
    RuntimeError,
    RuntimeWarning,  # aiohttp warns of odd part headers; under -W error that is raised
)


def _refuse_announced(request: web.Request) -> None:
    if (request.content_length or 0) > limit_of(request):
        raise _too_large(limit_of(request))


def _too_large(limit: int) -> TooLarge:
    mib = max(1, limit // (1024 * 1024))
    return TooLarge(_("Send at most %(n)s MB at once.") % {"n": mib})


# --- JSON ------------------------------------------------------------------------------------------------------


async def read_json(request: web.Request, model: type[Model]) -> Model:
    """The JSON body as `model`. Raises Invalid with dotted field paths for values the model refuses."""
    data = await read_plain_json(request)
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        raise Invalid(words.by_path(exc)) from exc


async def read_plain_json(request: web.Request) -> Any:
    """The JSON body, strictly read: declared as JSON, UTF-8, no NaN, no repeated names, no absurd nesting."""
    kind = request.content_type
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedType(_("Send JSON with the content type application/json."))
    charset = request.charset
    if charset is not None and charset.lower().replace("_", "-") not in ("utf-8", "utf8"):
        raise UnsupportedType(_("Send JSON in UTF-8."))
    return parse_json(await read_body(request))


def parse_json(raw: bytes | str) -> Any:
    """Strict JSON. Raises BadRequest. Also for messages on sockets."""
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        data = json.loads(
            text, object_pairs_hook=_pairs, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
        )
    except (ValueError, RecursionError) as exc:
        raise BadRequest(_("The body is not valid JSON.")) from exc
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(data) > MAX_DEPTH:
        raise BadRequest(_("The JSON is nested too deeply."))
    if "\\u" in text or not text.isascii():
        check_texts(_texts(data))
    return data


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    return value


def _whole(text: str) -> int:
    # Beyond 64 bits no column of ours holds it, and int() of thousands of digits costs real time.
    if len(text) > 20:
        raise ValueError("a number is out of range")
    return int(text)


def _depth(data: Any) -> int:
    deepest, level = 0, [data]
    while level:
        deepest += 1
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level = [value for value in inner if isinstance(value, dict | list)]
    return deepest


def _texts(data: Any) -> Iterator[str]:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def check_texts(texts: Iterator[str]) -> None:
    """Refuse what neither UTF-8 nor the database can hold: lone surrogates and NUL."""
    for text in texts:
        if "\0" in text or not _encodable(text):
            raise BadRequest(_("A text contains characters that cannot be stored."))


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- forms -----------------------------------------------------------------------------------------------------


async def read_form_data(request: web.Request) -> FormData:
    """The fields and files of a form, read once and kept for the next asker."""
    visit = visit_of(request)
    if visit.form is None:
        kind = request.content_type
        if kind == _URLENCODED:
            visit.form = _parse_urlencoded(await read_body(request))
        elif kind == _MULTIPART:
            _refuse_announced(request)
            visit.form = FormData()
            async with neighbours.waiting(visit):
                await _receive_multipart(request, visit.form, limit_of(request))
        else:
            raise UnsupportedType(_("Send this as a form."))
        check_texts(text for pair in visit.form.fields for text in pair)
        check_texts(text for name, file in visit.form.files for text in (name, file.name, file.content_type))
    return visit.form


def _parse_urlencoded(raw: bytes) -> FormData:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError as exc:
        if raw.count(b"&") >= MAX_FIELDS:
            raise TooLarge(_("The form has too many fields.")) from exc
        raise BadRequest(_("The form cannot be read.")) from exc
    return FormData(pairs)


async def _receive_multipart(request: web.Request, form: FormData, limit: int) -> None:
    try:
        reader = await request.multipart()
        left = limit
        for _number in range(MAX_PARTS + 1):
            part = await reader.next()
            if part is None:
                return
            left -= await _receive_part(part, form, left, limit)
    except _BROKEN as exc:
        raise BadRequest(_("The form cannot be read.")) from exc
    raise TooLarge(_("The form has too many fields."))


async def _receive_part(part: MultipartReader | BodyPartReader, form: FormData, left: int, limit: int) -> int:
    """Take one part over into `form`; the number of bytes it had."""
    if not isinstance(part, BodyPartReader) or not part.name:
        raise BadRequest(_("The form cannot be read."))
    encoding = part.headers.get(hdrs.CONTENT_TRANSFER_ENCODING, "binary").lower()
    if encoding not in ("binary", "8bit", "7bit") or hdrs.CONTENT_ENCODING in part.headers:
        raise UnsupportedType(_("Send files as they are, without encoding them."))
    if part.filename is None:
        text = bytearray()
        while chunk := await part.read_chunk():
            text += chunk
            if len(text) > min(left, _MAX_TEXT_PART):
                raise _too_large(limit)
        form.fields.append((part.name, text.decode()))
        return len(text)
    return await _receive_file(part, form, left, limit)


async def _receive_file(part: BodyPartReader, form: FormData, left: int, limit: int) -> int:
    spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with the visit
    # Some browsers send the whole path; nobody needs more than the last part of it.
    name = (part.filename or "").replace("\\", "/").rpartition("/")[2][:200]
    upload = Upload(name, part.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream"), 0, spool)
    form.files.append((part.name or "", upload))
    while chunk := await part.read_chunk(64 * 1024):
        upload.size += len(chunk)
        if upload.size > left:
            raise _too_large(limit)
        spool.write(chunk)
    spool.seek(0)
    return upload.size
