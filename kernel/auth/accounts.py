"""Accounts: finding, making and changing them. The only writer of account rows."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from tortoise.exceptions import IntegrityError

from ..base import errors, zones
from ..base.clock import now
from ..base.context import current_tenant
from ..base.i18n import _
from ..base.runtime import runtime
from ..engines.connection import after_commit, sql, unit_of_work
from ..engines.models import get_or_404
from ..tenancy.quotas import room_for
from ..tenancy.snapshots import current_snapshot
from ..work.events import publish
from ..work.forgetting import forget_person
from . import audit, erasures, grants, passwords, sessions
from .events import AccountChanged, AccountCreated, AccountErased, AccountVerified, EmailChanged, PasswordChanged
from .grants import grant, revoke, roles_of
from .models import ACTIVE, ERASED, LOCKED, PENDING, Account, ApiToken, Grant, OneTimeToken, Session
from .permissions import OWNER, check_grantable

__all__ = ["AccountCard", "account", "accounts_by_ids", "accounts_with_role", "change_email", "change_password",
           "check_may_manage", "create_account", "erase", "find_account", "grant", "lock", "normalise_email", "revoke",
           "roles_of", "search_accounts", "set_password", "unlock", "update_account", "verify_account"]  # fmt: skip

_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+")


@dataclass(frozen=True, slots=True)
class AccountCard:
    """An account as lists show it."""

    id: UUID
    name: str
    email: str
    picture_id: UUID | None
    locale: str
    zone: str
    state: str


def normalise_email(text: str) -> str:
    """One spelling per mailbox: NFKC, lower case, the domain in ASCII. Raises ValueError for what is no address."""
    value = unicodedata.normalize("NFKC", text.strip()).lower()
    local, at, domain = value.rpartition("@")
    try:
        domain = domain.encode("idna").decode() if not domain.isascii() else domain
    except UnicodeError:
        raise ValueError("not a domain") from None
    bad = not at or not local or len(local) > 64 or len(local) + len(domain) > 250 or not _DOMAIN.fullmatch(domain)
    if bad or local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError("not an e-mail address")
    if any(c.isspace() or unicodedata.category(c)[0] == "C" or c in '@"(),:;<>[\\]' for c in local):
        raise ValueError("not an e-mail address")
    # Letters of two scripts in one name are how look-alike addresses are made.
    if len({unicodedata.name(c, "?").split()[0] for c in local if c.isalpha()}) > 1:
        raise ValueError("mixed scripts")
    return f"{local}@{domain}"


def _email_or_invalid(text: str) -> str:
    try:
        return normalise_email(text)
    except ValueError:
        raise errors.Invalid({"email": _("Enter an email address like name@example.com.")}) from None


async def account(id: UUID | str) -> Account:
    """The account, or NotFound; for ids from outside too."""
    return await get_or_404(Account, id)


async def find_account(email: str) -> Account | None:
    """The account with this address, or None (also for what is no address)."""
    try:
        return await Account.get_or_none(email=normalise_email(email))
    except ValueError:
        return None


async def create_account(
    email: str,
    name: str,
    *,
    password: str | None = None,
    locale: str | None = None,
    zone: str | None = None,
    state: str = PENDING,
    roles: Sequence[str] = (),
    by_rule: bool = False,
) -> Account:
    """A new account; locale and zone default to the tenant's. Joins the open transaction.

    `by_rule`: the roles are given by a rule of the product, not by choice of the actor (see `grants.grant`).
    Raises Invalid for a bad value and Conflict when the address is taken, which sign-up must not tell strangers.
    """
    if state not in (PENDING, ACTIVE):
        raise ValueError("a new account is pending or active")
    address = _email_or_invalid(email)
    name = _clean_name(name, address)
    snapshot = current_snapshot()
    hashed = None
    if password is not None:
        if problem := passwords.check_password(password, email=address, name=name, tenant=current_tenant().name):
            raise errors.Invalid({"password": problem})
        hashed = await passwords.hash_password(password)
    row = Account(
        email=address,
        name=name,
        password_hash=hashed,
        state=state,
        locale=locale if locale in snapshot.locales else snapshot.locale,
        zone=zone if zone and zones.is_zone(zone) else snapshot.zone,
        verified_at=now() if state == ACTIVE else None,
    )
    try:
        async with unit_of_work():
            await room_for("kernel.accounts")
            await row.save()
            await publish(AccountCreated(account_id=row.id, state=state))
            for role in roles:
                await grant(row.id, role, by_rule=by_rule)
    except IntegrityError:
        raise errors.Conflict(_("There is already an account with this email address.")) from None
    return row


def _clean_name(name: str, email: str) -> str:
    cleaned = " ".join("".join(c for c in name if unicodedata.category(c)[0] != "C" or c.isspace()).split())
    if len(cleaned) > 120:
        raise errors.Invalid({"name": _("Enter a name of up to 120 characters.")})
    return cleaned or email.split("@")[0]


async def update_account(
    account_id: UUID,
    *,
    name: str | None = None,
    locale: str | None = None,
    zone: str | None = None,
    picture_id: UUID | None = None,
    drop_picture: bool = False,
) -> Account:
    """Change what is given. Raises Invalid for a language that the tenant does not offer or an unknown zone."""
    async with unit_of_work():
        row = await _locked(account_id)
        if name is not None:
            row.name = _clean_name(name, row.email)
        if locale is not None:
            if locale not in current_snapshot().locales:
                raise errors.Invalid({"locale": _("Choose one of the languages offered here.")})
            row.locale = locale
        if zone is not None:
            if not zones.is_zone(zone):
                raise errors.Invalid({"zone": _("Choose a time zone from the list.")})
            row.zone = zone
        if picture_id is not None or drop_picture:
            row.picture_id = picture_id
        await row.save()
        await publish(AccountChanged(account_id=account_id))
    return row


async def _locked(account_id: UUID) -> Account:
    row = await Account.filter(id=account_id).select_for_update().first()
    if row is None or row.state == ERASED:
        raise errors.NotFound()
    return row


async def verify_account(account_id: UUID) -> Account:
    """The person proved that the address is theirs: a pending account becomes active. Idempotent."""
    async with unit_of_work():
        row = await _locked(account_id)
        if row.verified_at is None or row.state == PENDING:
            row.verified_at = now()
            row.state = ACTIVE if row.state == PENDING else row.state
            await row.save(update_fields=["verified_at", "state"])
            await publish(AccountVerified(account_id=account_id))
    return row


async def change_email(account_id: UUID, email: str) -> Account:
    """Set a new, already confirmed address. Raises Conflict when it is taken."""
    address = _email_or_invalid(email)
    try:
        async with unit_of_work():
            row = await _locked(account_id)
            if row.email == address:
                return row
            row.email, row.verified_at = address, now()
            await row.save(update_fields=["email", "verified_at"])
            await audit.record("kernel.email_changed", subject="account", subject_id=str(account_id))
            await publish(EmailChanged(account_id=account_id))
    except IntegrityError:
        raise errors.Conflict(_("There is already an account with this email address.")) from None
    return row


async def set_password(account_id: UUID, password: str, *, keep_session: UUID | None = None) -> None:
    """Store a new password and sign out every other session. Raises Invalid when the rules refuse it."""
    row = await account(account_id)
    if problem := passwords.check_password(password, email=row.email, name=row.name, tenant=current_tenant().name):
        raise errors.Invalid({"password": problem})
    hashed = await passwords.hash_password(password)
    async with unit_of_work():
        row = await _locked(account_id)
        row.password_hash = hashed
        await row.save(update_fields=["password_hash"])
        await sessions.end_all(account_id, except_id=keep_session)
        await audit.record("kernel.password_changed", subject="account", subject_id=str(account_id))
        await publish(PasswordChanged(account_id=account_id))


async def change_password(account_id: UUID, old: str, new: str, *, keep_session: UUID | None = None) -> None:
    """As `set_password`, for the person who proves to know the old one. Raises Invalid naming the field."""
    row = await account(account_id)
    if not await passwords.verify_password(row.password_hash, old):
        raise errors.Invalid({"current": _("Enter your current password.")})
    if old == new:
        raise errors.Invalid({"password": _("Choose a password that differs from the current one.")})
    await set_password(account_id, new, keep_session=keep_session)


async def check_may_manage(account_id: UUID) -> None:
    """Only owners act upon owners. Raises Forbidden."""
    if OWNER in await roles_of(account_id):
        check_grantable((), owner=True)


async def lock(account_id: UUID, *, reason: str) -> None:
    """Keep an account out until `unlock`; its sessions end. Raises Conflict for the last owner."""
    await check_may_manage(account_id)
    await _switch_state(account_id, LOCKED, "kernel.account_locked", reason)


async def unlock(account_id: UUID, *, reason: str = "") -> None:
    """Let a locked account in again."""
    await check_may_manage(account_id)
    await _switch_state(account_id, ACTIVE, "kernel.account_unlocked", reason)


async def _switch_state(account_id: UUID, state: str, action: str, reason: str) -> None:
    async with unit_of_work():
        if state == LOCKED:
            await grants.guard_last_owner(account_id)
        row = await _locked(account_id)
        before = row.state
        if before == state or (state == ACTIVE and before != LOCKED):
            return
        # Somebody who never confirmed the address does not get past that by being locked and unlocked.
        row.state = PENDING if state == ACTIVE and row.verified_at is None else state
        await row.save(update_fields=["state"])
        if state == LOCKED:
            await sessions.end_all(account_id)
        old, new = {"state": before}, {"state": row.state}
        await audit.record(action, subject="account", subject_id=str(account_id), before=old, after=new, reason=reason)
        await publish(AccountChanged(account_id=account_id))


async def erase(account_id: UUID) -> None:
    """Forget the person: the row stays without anything personal, for what points to it. Idempotent."""
    async with unit_of_work():
        await grants.guard_last_owner(account_id)
        row = await Account.filter(id=account_id).select_for_update().first()
        if row is None or row.state == ERASED:
            return
        await sessions.end_all(account_id)
        await forget_person(account_id, email=row.email, name=row.name)
        for model in (Session, Grant, OneTimeToken, ApiToken):
            await model.filter(account_id=account_id).delete()
        row.email, row.name, row.state = f"{account_id}@erased.invalid", "", ERASED
        row.password_hash = row.picture_id = row.verified_at = row.last_seen_at = None
        await row.save()
        await audit.record("kernel.account_erased", subject="account", subject_id=str(account_id))
        await publish(AccountErased(account_id=account_id))
        after_commit(lambda: asyncio.to_thread(erasures.note, runtime().config.data_dir, row.tenant_id, account_id))


_CARD = "SELECT a.id, a.name, a.email, a.picture_id, a.locale, a.zone, a.state FROM kernel_account a"


def _cards(rows: Iterable[object]) -> list[AccountCard]:
    return [AccountCard(*row) for row in rows]  # type: ignore[misc]


async def accounts_by_ids(ids: Iterable[UUID]) -> dict[UUID, AccountCard]:
    """Cards by id, in one query; unknown ids are missing, erased people have an empty name."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    rows = await sql(f"{_CARD} WHERE a.tenant_id = $1 AND a.id = ANY($2::uuid[])", current_tenant().id, wanted)
    return {card.id: card for card in _cards(rows)}


async def accounts_with_role(role: str) -> list[AccountCard]:
    """Active accounts that hold a role now, by name."""
    rows = await sql(
        f"{_CARD} JOIN kernel_grant g ON g.tenant_id = a.tenant_id AND g.account_id = a.id WHERE a.tenant_id = $1"
        " AND g.role = $2 AND (g.until IS NULL OR g.until > $3) AND a.state = 'active' ORDER BY a.name, a.id",
        current_tenant().id,
        role,
        now(),
    )
    return _cards(rows)


async def search_accounts(
    words: str, *, role: str | None = None, state: str | None = None, limit: int = 20, offset: int = 0
) -> list[AccountCard]:
    """Accounts whose name or address contains `words`, by name; erased ones never."""
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", words.strip()[:100]) + "%"
    rows = await sql(
        f"{_CARD} WHERE a.tenant_id = $1 AND a.state <> 'erased' AND (a.name ILIKE $2 OR a.email ILIKE $2)"  # noqa: S608
        " AND ($3::text IS NULL OR a.state = $3) AND ($4::text IS NULL OR EXISTS (SELECT 1 FROM kernel_grant g"
        " WHERE g.tenant_id = a.tenant_id AND g.account_id = a.id AND g.role = $4))"
        " ORDER BY a.name, a.id LIMIT $5 OFFSET $6",
        current_tenant().id,
        pattern,
        state,
        role,
        max(1, min(limit, 200)),
        max(0, offset),
    )
    return _cards(rows)
