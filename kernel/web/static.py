"""Static files, cached by browsers for a year: their address changes with their content.

A page drawn before an update asks with the old hash; it gets today's file, cached for a minute only.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from aiohttp import web

from ..base.contract import Route
from ..base.errors import NotFound
from . import assets

_TYPES: Final = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


async def serve(request: web.Request) -> web.StreamResponse:
    """GET /static/<plugin>/<hash>/<path>"""
    info = request.match_info
    folder = assets.assets().folder(info["plugin"])
    path = folder.files.get(info["path"]) if folder is not None else None
    if folder is None or path is None:
        raise NotFound
    kept = "public, max-age=31536000, immutable" if info["version"] == folder.version else "public, max-age=60"
    kind = _TYPES.get(PurePosixPath(path.name).suffix, "application/octet-stream")
    # FileResponse finds .br and .gz beside the file, and answers ranges and conditions.
    return web.FileResponse(path, headers={"Content-Type": kind, "Cache-Control": kept})


ROUTE: Final = Route(
    method="GET",
    path="/static/{plugin}/{version}/{path:.+}",
    handler=serve,
    name="kernel.static",
    public=True,
    always="style sheets and scripts are needed to draw an error page, too",
)
