"""What of the look travels in tenant bundles beside the settings: the logo, which elsewhere is another file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from kernel import BundlePart, File, errors, fit_picture, parse_id, read_file, setting

from .services.look import LOGO_BOX, drop_logo, keep_logo
from .settings import LOGO

#: Bytes; what we store ourselves is far smaller.
_MOST = 512 * 1024


async def _export() -> dict[str, Any]:
    key = parse_id(setting(LOGO) or "")
    file = await File.get_or_none(id=key) if key else None
    try:
        return {"logo": base64.b64encode(await read_file(file)).decode()} if file is not None else {}
    except FileNotFoundError:  # its bytes are gone: the tenant has no logo
        return {}


async def _check(data: Mapping[str, Any]) -> list[str]:
    if extra := sorted(data.keys() - {"logo"}):
        return [f"there is no key {extra[0]!r}"]
    if "logo" not in data:
        return []
    try:
        picture = _bytes(data["logo"])
        await fit_picture(picture, *LOGO_BOX)
    except (ValueError, errors.Problem):
        return ["logo must be a WebP picture as an export writes it, in base64"]
    return []


def _bytes(text: object) -> bytes:
    if not isinstance(text, str) or len(text) > 2 * _MOST:
        raise ValueError("not base64")
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError("not base64") from exc
    if len(data) > _MOST or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ValueError("not a WebP picture")
    return data


async def _apply(data: Mapping[str, Any]) -> None:
    if "logo" in data:
        await keep_logo(_bytes(data["logo"]))
    else:
        await drop_logo()


PARTS = [BundlePart(name="theming.look", export=_export, check=_check, apply=_apply)]
