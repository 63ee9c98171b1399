"""How a token looks: a prefix that leak scanners know, 202 random bits, a checksum that spares us made-up ones."""

from __future__ import annotations

import re
import secrets
import zlib
from typing import Final, Literal

Kind = Literal["pat", "svc"]

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM, _CHECK = 34, 6
#: Also what to give a secret scanner.
PATTERN: Final = re.compile(rf"gr_(?:pat|svc)_[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")
_SHOWN = len("gr_pat_") + 5


def make(kind: Kind) -> str:
    """A fresh token."""
    text = f"gr_{kind}_" + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return text + _checksum(text)


def well_formed(token: str) -> bool:
    """Whether it could be one of ours; says nothing about whether it is one."""
    return PATTERN.fullmatch(token) is not None and secrets.compare_digest(token[-_CHECK:], _checksum(token[:-_CHECK]))


def prefix_of(token: str) -> str:
    """The part that is kept readable, to tell tokens apart."""
    return token[:_SHOWN]


def _checksum(text: str) -> str:
    number, out = zlib.crc32(text.encode("ascii")), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        out = _ALPHABET[digit] + out
    return out
