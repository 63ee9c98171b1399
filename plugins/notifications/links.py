"""Addresses in mails that act without signing in: signed, good for one recipient and one type, never used up."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from kernel import current_tenant, new_id, sql_one

from .models import LinkKey

_SIZE = 16
_MAX = 700


async def key() -> bytes:
    """The tenant's key; made on first use, by whoever comes first. Joins the open transaction."""
    row = await LinkKey.first()
    if row is not None:
        return bytes.fromhex(row.secret)
    made = await sql_one(
        "INSERT INTO notifications_link_key (id, tenant_id, secret) VALUES ($1, $2, $3)"
        " ON CONFLICT (tenant_id) DO UPDATE SET secret = notifications_link_key.secret RETURNING secret",
        new_id(),
        current_tenant().id,
        secrets.token_hex(32),
    )
    assert made is not None  # noqa: S101 - an upsert returns its row
    return bytes.fromhex(made.secret)


def sign(secret: bytes, recipient: str, type_id: str) -> str:
    """The token for `recipient` (account id or address) and type."""
    payload = f"{type_id}|{recipient}".encode()
    return _text(hmac.digest(secret, payload, hashlib.sha256)[:_SIZE] + payload)


async def read(token: str) -> tuple[str, str] | None:
    """Recipient and type of a token that we signed for the tenant in scope, else None."""
    if len(token) > _MAX or not token.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, binascii.Error):
        return None
    payload = raw[_SIZE:]
    if _text(raw) != token or not hmac.compare_digest(
        hmac.digest(await key(), payload, hashlib.sha256)[:_SIZE], raw[:_SIZE]
    ):
        return None
    type_id, _bar, recipient = payload.decode().partition("|")
    return recipient, type_id


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
