"""Pictures of people and tenants: decoded, cut square and written anew, so that nothing of the upload survives."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.i18n import _

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 8 * 1024 * 1024
#: Width times height. A decoded picture takes four bytes a pixel, whatever its file's size.
MAX_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_SIGNS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")

#: Decoding is the one thing here that takes real memory and processor time.
_slots: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


async def sanitise_picture(data: bytes, sizes: Sequence[int] = (64, 256)) -> dict[int, bytes]:
    """Square WebP pictures by edge length, without metadata; an animation gives its first frame.

    Raises ValueError with a sentence for people when `data` is not a sound PNG, JPEG, WebP or GIF of bearable size.
    """
    _check(data)
    async with _slot():
        return await asyncio.to_thread(_remake, data, tuple(sizes))


async def fit_picture(data: bytes, width: int, height: int) -> bytes:
    """The whole picture as WebP, scaled down to fit the box and never up. For logos; refuses what the other refuses."""
    _check(data)
    async with _slot():
        return await asyncio.to_thread(_refit, data, width, height)


def _slot() -> asyncio.Semaphore:
    return _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(2))


def _check(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise ValueError(_("This picture is too large. Choose one of at most 8 MB."))
    if not (data.startswith(_SIGNS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")):
        raise ValueError(_("This is not a picture we can read. Choose a PNG, JPEG, WebP or GIF file."))


def _remake(data: bytes, sizes: tuple[int, ...]) -> dict[int, bytes]:
    from PIL import ImageOps

    square = ImageOps.fit(_decode(data, max(sizes)), (max(sizes), max(sizes)))
    return {size: _encode(square if square.width == size else square.resize((size, size))) for size in sizes}


def _refit(data: bytes, width: int, height: int) -> bytes:
    picture = _decode(data, max(width, height))
    picture.thumbnail((width, height))
    return _encode(picture)


def _decode(data: bytes, edge: int) -> Image:
    """The upright picture in memory; `edge` is the longest side that will be needed."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            # Known from the header: nothing has been decoded yet.
            if picture.width * picture.height > MAX_PIXELS:
                raise _TooManyPixels
            picture.draft("RGB", (2 * edge, 2 * edge))  # lets JPEG decode at a fraction of its size
            picture.load()
            return ImageOps.exif_transpose(picture).convert("RGBA")
    except (_TooManyPixels, Image.DecompressionBombError):
        raise ValueError(_("This picture has too many pixels. Choose a smaller one.")) from None
    except Exception as exc:  # Pillow's decoders raise whatever they stumble over
        raise ValueError(_("This picture is damaged. Choose another one.")) from exc


class _TooManyPixels(Exception):
    pass


def _encode(small: Image) -> bytes:
    """A WebP made of the pixels alone, opaque where it may be."""
    if small.getchannel("A").getextrema() == (255, 255):
        small = small.convert("RGB")
    small.info.clear()
    output = io.BytesIO()
    small.save(output, "WEBP", quality=82, method=4)
    return output.getvalue()
