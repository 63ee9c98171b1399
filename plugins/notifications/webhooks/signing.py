"""Secrets and signatures as Standard Webhooks has them (standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"


def new_secret() -> str:
    """256 random bits, with the prefix that scanners for leaked secrets know."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(keys: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers; one signature per secret, so that a receiver may hold the old or the new one."""
    stamp = str(int(at.timestamp()))
    text = f"{message_id}.{stamp}.".encode() + body
    signed = (hmac.digest(base64.b64decode(key.removeprefix(PREFIX)), text, hashlib.sha256) for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join("v1," + base64.b64encode(one).decode() for one in signed),
    }
