"""Changing the look."""

from __future__ import annotations

from typing import Any

from kernel import (
    File,
    delete_file,
    errors,
    fit_picture,
    parse_id,
    reset_setting,
    save_file,
    set_setting,
    set_settings,
    setting,
    unit_of_work,
)
from kernel import gettext as _

from ..settings import LOGO, LOOK

#: The box that a logo is fitted into: the shell shows it 28 px high, fine screens need more.
LOGO_BOX = (640, 160)


async def save_look(values: dict[str, Any]) -> None:
    """Store name, tagline, colour, corners and font, all or none. Raises Invalid by setting key."""
    await set_settings(values)


async def set_logo(data: bytes) -> None:
    """Take `data` as the logo, redrawn as a WebP. Raises Invalid for what is no sound picture."""
    if data.lstrip()[:1] == b"<":
        raise errors.Invalid({"logo": _("SVG files can carry scripts. Choose a PNG, JPEG or WebP file.")})
    try:
        picture = await fit_picture(data, *LOGO_BOX)
    except ValueError as exc:
        raise errors.Invalid({"logo": str(exc)}) from None
    await keep_logo(picture)


async def keep_logo(picture: bytes) -> None:
    """Store a WebP that fits already, and let go of the one before."""
    # Without an owner: it belongs to the tenant, and stays when the person who sent it is erased.
    file = await save_file("logo.webp", "image/webp", picture)
    async with unit_of_work():
        before = setting(LOGO)
        await set_setting(LOGO, str(file.id))
        await _forget(before)


async def drop_logo() -> None:
    async with unit_of_work():
        before = setting(LOGO)
        await reset_setting(LOGO)
        await _forget(before)


async def reset_look() -> None:
    """Back to the standard look, logo included."""
    async with unit_of_work():
        before = setting(LOGO)
        for key in LOOK:
            await reset_setting(key)
        await _forget(before)


async def _forget(file_id: str) -> None:
    key = parse_id(file_id) if file_id else None
    file = await File.get_or_none(id=key) if key else None
    if file is not None:
        await delete_file(file)
