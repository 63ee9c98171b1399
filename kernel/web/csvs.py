"""Tables as CSV: written while they are read, so that a million rows cost no memory, and safe in a spreadsheet.

return await csv_answer(request, "tickets.csv", [_("Subject"), ...], rows())   # rows: an async generator
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final

from aiohttp import web

from .views import disposition

#: A cell that begins with one of these is a formula to spreadsheets.
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_BOM: Final = b"\xef\xbb\xbf"
_CHUNK: Final = 64 * 1024


def safe_cell(value: object) -> str:
    """A cell as text. Typed text that would be a formula gets an apostrophe in front; numbers stay numbers."""
    if value is None:
        return ""
    text = str(value)
    harmless = isinstance(value, int | float) or not (text.startswith(_DANGEROUS) or text.lstrip()[:1] in _DANGEROUS)
    return text if harmless or not text.strip() or _is_number(text) else "'" + text


def _is_number(text: str) -> bool:
    body = text.removeprefix("-")
    return body.isascii() and body.replace(".", "", 1).isdigit()


async def csv_answer(
    request: web.Request, name: str, head: Sequence[str], rows: AsyncIterator[Sequence[object]], *, bom: bool = True
) -> web.StreamResponse:
    """A download of `rows`, sent as they come. `bom`: the mark by which spreadsheets know UTF-8.

    What fails before the first row is an ordinary error; later the download breaks off, which browsers report.
    """
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": disposition(name, inline=False),
            "Cache-Control": "private, no-store",
        }
    )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(cell) for cell in head])
    async with aclosing(rows) as found:  # type: ignore[type-var]
        row = await anext(found, None)
        await response.prepare(request)
        if bom:
            await response.write(_BOM)
        while row is not None:
            writer.writerow([safe_cell(cell) for cell in row])
            if out.tell() >= _CHUNK:
                await _send(response, out)
            row = await anext(found, None)
    await _send(response, out)
    await response.write_eof()
    return response


async def _send(response: web.StreamResponse, out: io.StringIO) -> None:
    await response.write(out.getvalue().encode("utf-8", "replace"))
    out.seek(0)
    out.truncate()
