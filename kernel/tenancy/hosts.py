"""Host names as they are stored and compared."""

from __future__ import annotations

import re

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"({_LABEL}(?:\.{_LABEL})*)\.?(?::([0-9]{{1,5}}))?")


def normalise_host(host: str) -> str | None:
    """`host` in lower case, without port and trailing dot; None for anything that is not a plain host name."""
    if len(host) > 260 or not host.isascii():
        return None
    found = _HOST.fullmatch(host.lower())
    if not found or len(found[1]) > 253 or (found[2] and not 0 < int(found[2]) < 65536):
        return None
    return found[1]


def origin_of_host(scheme: str, host: str, port: int | None) -> str:
    """`https://host[:port]`, without the port that the scheme implies."""
    implied = 443 if scheme == "https" else 80
    return f"{scheme}://{host}" if port in (None, implied) else f"{scheme}://{host}:{port}"
