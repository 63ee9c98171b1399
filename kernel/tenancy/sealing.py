"""Secrets at rest: AES-256-GCM, bound to the place they are stored in, so that a copied row does not open.

A ring of keys: the newest secret of the installation seals, older ones (GREENROOM_OLD_SECRETS) still open.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..base.context import current_tenant
from ..base.runtime import runtime

_FORMAT = b"\x01"  # version byte, key id (4), nonce (12), ciphertext with tag
_HEAD = len(_FORMAT) + 4
_NONCE = 12


class CannotOpen(ValueError):
    """Sealed with another secret, moved from its place, or damaged."""


def seal(text: str, place: str) -> bytes:
    """`text` encrypted; it opens only with the same `place` (tenant id and key name)."""
    key_id, cipher = _key(runtime().config.secret)
    nonce = os.urandom(_NONCE)
    return _FORMAT + key_id + nonce + cipher.encrypt(nonce, text.encode(), place.encode())


def unseal(data: bytes, place: str) -> str:
    """What was sealed, with this key or an older one of the ring. Raises CannotOpen."""
    config = runtime().config
    ring = (_key(secret) for secret in (config.secret, *config.old_secrets))
    cipher = next((cipher for key_id, cipher in ring if data[:_HEAD] == _FORMAT + key_id), None)
    if cipher is None:
        raise CannotOpen("sealed with another secret; enter the value again")
    nonce, body = data[_HEAD : _HEAD + _NONCE], data[_HEAD + _NONCE :]
    try:
        return cipher.decrypt(nonce, body, place.encode()).decode()
    except (InvalidTag, ValueError) as fault:
        raise CannotOpen("damaged, or moved from where it was sealed; enter the value again") from fault


def row_place(table: str, row_id: UUID) -> str:
    """The place of what a plugin's model seals into the columns of its `Meta.sealed` (see operations/settings.py)."""
    return f"{current_tenant().id}/{table}/{row_id}"


def head(secret: bytes | None = None) -> bytes:
    """What everything begins with that the newest key (or `secret`) has sealed: tells older rows apart in SQL."""
    return _FORMAT + _key(secret or runtime().config.secret)[0]


@lru_cache(maxsize=16)
def _key(secret: bytes) -> tuple[bytes, AESGCM]:
    """Key id and cipher; the id tells which secret sealed a value without telling anything about it."""
    key = HKDF(SHA256(), 32, salt=None, info=b"greenroom settings v1").derive(secret)
    return hashlib.sha256(b"key id " + key).digest()[:4], AESGCM(key)
