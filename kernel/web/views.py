"""What a handler answers with: a page, a redirect, JSON, a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import orjson
from aiohttp import web
from pydantic import BaseModel

from ..base.context import current_actor
from ..base.errors import NotFound
from . import flashes, templating

if TYPE_CHECKING:
    from ..engines.storage import File

#: Smaller bodies are not worth compressing.
_COMPRESS_FROM = 2048
#: Larger ones are compressed in a thread; below, the hop costs more than the work.
_COMPRESS_IN_THREAD = 128 * 1024

#: Types that a browser may show in place; everything else is offered as a download.
_INLINE_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain"}
    | {"audio/mpeg", "audio/ogg", "audio/webm", "video/mp4", "video/webm"}
)


async def page(
    request: web.Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    /,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A whole page drawn from `template` (`<plugin>/<file>.html`) with the names in `context`."""
    return html_answer(await templating.render(request, template, context or {}), status=status, headers=headers)


async def fragment(
    request: web.Request, template: str, context: Mapping[str, Any] | None = None, /, *, status: int = 200
) -> web.Response:
    """A piece of a page for htmx; waiting toasts are left for the next whole page."""
    return html_answer(await templating.render(request, template, context or {}, whole=False), status=status)


def html_answer(html: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """HTML with the caching rules of a page made for one reader."""
    response = web.Response(
        text=html, status=status, content_type="text/html", headers=headers, zlib_executor_size=_COMPRESS_IN_THREAD
    )
    kept = "private, no-cache" if current_actor() is None else "private, no-store"
    response.headers.setdefault("Cache-Control", kept)
    response.headers.setdefault("Vary", "Cookie, Accept-Language, HX-Request")
    if len(html) >= _COMPRESS_FROM:
        response.enable_compression()
    return response


def see_other(path: str, *, headers: Mapping[str, str] | None = None) -> web.Response:
    """Redirect after a POST (303). `path` is ours, or an absolute https address of a provider."""
    if not _is_location(path):
        raise ValueError(f"not a place to redirect to: {path!r}")
    response = web.Response(status=303, headers=headers)
    response.headers["Location"] = path
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def json_answer(
    data: BaseModel | Mapping[str, Any] | Sequence[Any],
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> web.Response:
    """JSON of a pydantic model, a mapping or a list (of models too)."""
    response = web.Response(
        body=orjson.dumps(data, default=_plain), status=status, content_type=content_type, headers=headers
    )
    response.headers.setdefault("Cache-Control", "no-store")
    return response


async def file_answer(
    request: web.Request, file: File, *, inline: bool = False, cache: str = "private, no-store"
) -> web.StreamResponse:
    """A stored file. Only harmless types are shown in place, and even those without scripts.

    Downloads out of an object store go there by a link that holds for a minute. Raises NotFound without its bytes.
    """
    from ..base.runtime import runtime

    storage = runtime().storage
    shown = inline and file.content_type in _INLINE_TYPES
    kind = file.content_type if shown else "application/octet-stream"
    offered = disposition(file.name, inline=shown)
    if not shown and request.method == "GET":
        link = await storage.link(file.key, seconds=60, content_type=kind, disposition=offered)
        if link is not None:
            return web.Response(status=303, headers={"Location": link, "Cache-Control": "no-store"})
    response = web.StreamResponse(
        headers={
            "Content-Type": kind,
            "Content-Length": str(file.size),
            "Content-Disposition": offered,
            "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "Cache-Control": cache,
        }
    )
    async with aclosing(storage.open(file.key)) as chunks:  # type: ignore[type-var]
        try:  # before anything is said: now it can still be another answer
            chunk = await anext(chunks, b"") if request.method != "HEAD" else b""
        except FileNotFoundError:
            raise NotFound from None
        await response.prepare(request)
        while chunk:
            await response.write(chunk)
            chunk = await anext(chunks, b"")
    await response.write_eof()
    return response


def bytes_answer(data: bytes, content_type: str, name: str, *, cache: str = "private, no-store") -> web.Response:
    """Bytes made on the spot (CSV, PDF, calendar entry) as a download called `name`."""
    return web.Response(
        body=data,
        headers={
            "Content-Type": content_type,
            "Content-Disposition": disposition(name, inline=False),
            "Cache-Control": cache,
        },
    )


def flash(request: web.Request, text: str, kind: Literal["ok", "info", "warn", "bad"] = "ok") -> None:
    """A toast on the next page that this browser is shown. `text` is translated already."""
    flashes.add(request, text, kind)


def local_path(value: str | None, default: str = "/") -> str:
    """`value` when it is a path on this site, else `default`. For `?next=`: never lets a visitor be sent away."""
    if not value or len(value) > 2000:
        return default
    cleaned = re.sub(r"[\t\r\n\0]", "", value).replace("\\", "/").strip()
    if not cleaned.startswith("/") or cleaned.startswith("//"):
        return default
    return quote(cleaned, safe="/?&=#%:+,;@!$'()*~.-_[]")


def disposition(name: str, *, inline: bool) -> str:
    """Content-Disposition with a name that can neither end the header nor leave a folder."""
    clean = re.sub(r"[\x00-\x1f\x7f/\\\"]", "_", name.encode("utf-8", "replace").decode())[:150] or "file"
    ascii_name = clean.encode("ascii", "replace").decode().replace("?", "_")
    return (
        f"{'inline' if inline else 'attachment'}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(clean, safe='')}"
    )


def _is_location(path: str) -> bool:
    if not path.isascii() or not path.isprintable() or " " in path or "\\" in path:
        return False
    return (path.startswith("/") and not path.startswith("//")) or path.startswith("https://")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
