"""Signing in with a password. Every refusal looks and lasts the same, whoever the address belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..engines.connection import execute
from . import passwords, throttle
from .accounts import find_account, normalise_email
from .models import ACTIVE, LOCKED, PENDING, Account

Result = Literal["ok", "wrong", "pending", "locked"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`pending` and `locked` are told only to those who know the password."""

    result: Result
    account: Account | None = None


async def check_credentials(email: str, password: str, *, ip: str) -> Outcome:
    """Whether these credentials let somebody in. Raises TooMany while attempts have to wait."""
    try:
        key = normalise_email(email)
    except ValueError:
        key = email.strip().lower()[:320]
    await throttle.admit(key, ip)
    found = await find_account(email)
    right = await passwords.verify_password(found.password_hash if found else None, password)
    if found is None or not right or found.state not in (ACTIVE, PENDING, LOCKED):
        await throttle.failed(ip)
        return Outcome("wrong")
    await throttle.succeeded(key, ip)
    if found.state != ACTIVE:
        return Outcome("pending" if found.state == PENDING else "locked", found)
    if found.password_hash and passwords.needs_rehash(found.password_hash):
        hashed = await passwords.hash_password(password)
        # Only if it is still the one that was checked: a change in the meantime wins.
        await execute(
            "UPDATE kernel_account SET password_hash = $4 WHERE tenant_id = $1 AND id = $2 AND password_hash = $3",
            found.tenant_id,
            found.id,
            found.password_hash,
            hashed,
        )
    return Outcome("ok", found)
