"""Uploaded pictures are made anew."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image, PngImagePlugin

from kernel.engines import images
from kernel.engines.images import sanitise_picture


def encoded(kind: str, size=(300, 200), mode="RGB", color: object = "red", **options) -> bytes:
    output = io.BytesIO()
    Image.new(mode, size, color).save(output, kind, **options)
    return output.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_kinds(kind):
    made = await sanitise_picture(encoded(kind))
    assert sorted(made) == [64, 256]
    for size, data in made.items():
        picture = Image.open(io.BytesIO(data))
        assert picture.format == "WEBP" and picture.size == (size, size)
        red, green, blue = picture.convert("RGB").getpixel((size // 2, size // 2))
        assert red > 200 and green < 60 and blue < 60


async def test_metadata_is_dropped():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "SECRET-CANARY")
    exif = Image.Exif()
    exif[0x010E] = "SECRET-CANARY"
    for data in (encoded("PNG", pnginfo=notes), encoded("JPEG", exif=exif), encoded("JPEG") + b"SECRET-CANARY<script>"):
        assert b"SECRET-CANARY" in data
        for made in (await sanitise_picture(data, sizes=(64,))).values():
            assert b"SECRET-CANARY" not in made and not Image.open(io.BytesIO(made)).getexif()


async def test_turned_upright():
    picture = Image.new("RGB", (40, 40), "red")
    picture.paste("blue", (0, 0, 40, 20))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    output = io.BytesIO()
    picture.save(output, "PNG", exif=exif)
    made = await sanitise_picture(output.getvalue(), sizes=(64,))
    red, _, blue = Image.open(io.BytesIO(made[64])).convert("RGB").getpixel((32, 5))
    assert red > blue


async def test_transparency_is_kept():
    made = await sanitise_picture(encoded("PNG", mode="RGBA", color=(255, 0, 0, 0)), sizes=(64,))
    assert Image.open(io.BytesIO(made[64])).mode == "RGBA"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"%PDF-1.7", "not a picture"),
        (b"BM" + b"\0" * 60, "not a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 60, "damaged"),
        (encoded("JPEG")[:200], "damaged"),
        (encoded("PNG")[:-40], "damaged"),
        (b"GIF89a", "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "damaged"),
    ],
)
async def test_refused(data, words):
    with pytest.raises(ValueError, match=words):
        await sanitise_picture(data)


async def test_too_large(monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="too large"):
        await sanitise_picture(encoded("PNG", size=(500, 500)))


async def test_bomb_is_not_decoded():
    """A few bytes that claim ten thousand million pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = (100_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body
    with pytest.raises(ValueError, match="too many pixels"):
        await sanitise_picture(bomb)
