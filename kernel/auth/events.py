"""What the auth wing tells: events about accounts, sessions and audited acts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ..base.events import event


@event("kernel.audited.v1", personal=("before", "after", "reason"), webhooks=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """Somebody did something that must be accounted for. `before`/`after` are JSON texts, secrets masked.

    `via` says which API token acted for them, if one did.
    """

    action: str
    subject: str
    subject_id: str
    before: str | None = None
    after: str | None = None
    reason: str = ""
    via: str = ""


@event("kernel.account_created.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCreated:
    """Somebody has an account now; `state` says whether it may sign in already."""

    account_id: UUID
    state: str


@event("kernel.account_verified.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountVerified:
    """The address of the account was proven."""

    account_id: UUID


@event("kernel.account_changed.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    """Name, picture, language, zone, state or roles are new; read the account for what they are."""

    account_id: UUID


@event("kernel.account_erased.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountErased:
    """The account is gone for good, with what was held about its person."""

    account_id: UUID


@event("kernel.email_changed.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChanged:
    """Without the addresses: events outlive the person's right to be forgotten."""

    account_id: UUID


@event("kernel.password_changed.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged:
    """A password was set or changed, by its owner or by a link that was mailed."""

    account_id: UUID


@event("kernel.sign_in_succeeded.v1", personal=("device",), webhooks=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """`new_device`: no earlier session of this account had this browser or this address."""

    account_id: UUID
    session_id: UUID
    device: str
    new_device: bool


ALL: list[type] = [
    Audited, AccountCreated, AccountVerified, AccountChanged, AccountErased, EmailChanged, PasswordChanged, SignedIn,
]  # fmt: skip
