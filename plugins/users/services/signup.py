"""Becoming known here: sign-up, confirmation of the address, a forgotten password.

Nothing here tells whether an address is known: the same page for everybody, mails are written by a job.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from kernel import (
    N_,
    Notice,
    NoticeSink,
    absolute_url,
    accounts,
    cache,
    current_locale,
    current_tenant,
    current_zone,
    enqueue,
    errors,
    local_path,
    new_id,
    one_time,
    passwords,
    publish,
    services,
    setting,
    tenant_key,
    unit_of_work,
)
from kernel import gettext as _

from .. import events

VERIFY, RESET, SENT = "users.verify", "users.reset", "users.sent"
MAIL_JOB = "users.mail_link"
#: Links that one address is sent within an hour, however often somebody asks.
MAILS_PER_HOUR = 6


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An address that was proved, and where its person wanted to go. `may_enter` is False for a locked account."""

    account_id: UUID
    next: str
    may_enter: bool


def mail_works() -> bool:
    """Can anything be mailed? Else an administrator has to confirm new accounts."""
    return services.get(NoticeSink) is not None


async def sign_up(name: str, email: str, password: str, *, next_path: str = "") -> str:
    """Make an account that waits for its confirmation; a token for the page that says so.

    An address that is known already gets the same answer and takes as long; its person is told by mail.
    Raises Invalid, and Forbidden while sign-up is closed.
    """
    address = _admitted(email)
    if problem := passwords.check_password(password, email=address, name=name, tenant=current_tenant().name):
        raise errors.Invalid({"password": problem})
    made: UUID | None = None
    if await accounts.find_account(address) is None:
        try:
            made = (
                await accounts.create_account(
                    address, name, password=password, locale=current_locale(), zone=current_zone(),
                    roles=("member", "candidate"), by_rule=True,
                )
            ).id  # fmt: skip
        except errors.Conflict:
            made = None  # somebody was faster with the same address
    else:
        await passwords.hash_password(password)
    async with unit_of_work():
        if made is not None:
            await publish(events.SignedUp(account_id=made))
        return await _promise("sign_up", address, next_path)


def _admitted(email: str) -> str:
    """The address in its one spelling, if the tenant lets it sign up."""
    if setting("users.sign_up") == "closed":
        raise errors.Forbidden(_("Accounts are made by the administrators here. Write to them if you need one."))
    try:
        address = accounts.normalise_email(email)
    except ValueError:
        raise errors.Invalid({"email": _("Enter an email address like name@example.com.")}) from None
    domain = address.rpartition("@")[2]
    only, never = _domains("users.allowed_domains"), _domains("users.blocked_domains")
    if domain in never or (only and domain not in only):
        raise errors.Invalid({"email": _("Addresses at {domain} cannot be used here.").format(domain=domain)})
    return address


def _domains(key: str) -> set[str]:
    return {str(d).strip().lower().lstrip("@") for d in setting(key)}


async def ask_again(email: str, *, next_path: str = "") -> str:
    """Have the confirmation link sent again, if there is such an account; a token for the page that says so."""
    async with unit_of_work():
        return await _promise("resend", email, next_path)


async def ask_reset(email: str) -> str:
    """Have a link for a new password sent, if there is such an account; a token for the page that says so."""
    async with unit_of_work():
        return await _promise("reset", email, "")


async def _promise(kind: str, email: str, next_path: str) -> str:
    """Let a job write the mail, and keep what the page about it needs."""
    args = {"kind": kind, "email": email[:320], "next": local_path(next_path, ""), "nonce": str(new_id())}
    await enqueue(MAIL_JOB, args)
    data = {"kind": kind, "email": email[:320], "next": args["next"]}
    return await one_time.issue(SENT, None, data=data, ttl=timedelta(hours=2))


async def mail_link(kind: str, email: str, next: str, nonce: str) -> None:
    """The job behind a promise: writes the mail that fits the account, if there is one. `nonce` makes it once."""
    account = await accounts.find_account(email)
    sink = services.get(NoticeSink)
    if account is None or sink is None or account.state not in ("pending", "active") or await _too_many(account.email):
        return
    async with unit_of_work():
        if kind == "reset":
            ttl = timedelta(minutes=setting("users.reset_minutes"))
            token = await _issue(RESET, account.id, account.email, "", ttl)
            await sink.deliver("users.reset_password", [_reset_mail(account.id, token, nonce)])
        elif account.state == "pending":
            ttl = timedelta(hours=setting("users.link_hours"))
            token = await _issue(VERIFY, account.id, account.email, next, ttl)
            await sink.deliver("users.verify_email", [_verify_mail(account.id, token, nonce)])
        else:
            await sink.deliver("users.account_exists", [_exists_mail(account.id, nonce)])


async def _too_many(email: str) -> bool:
    digest = hashlib.sha256(email.encode()).hexdigest()[:24]
    return await cache().incr(tenant_key("users", "mails", digest), 3600) > MAILS_PER_HOUR


async def _issue(purpose: str, account_id: UUID, email: str, next_path: str, ttl: timedelta) -> str:
    # Bound to the address: when that changes, links mailed to the old one are worth nothing.
    return await one_time.issue(purpose, account_id, data={"email": email, "next": next_path}, ttl=ttl)


def _verify_mail(account_id: UUID, token: str, nonce: str) -> Notice:
    return Notice(
        key=f"users.verify:{nonce}",
        account_id=account_id,
        subject=N_("Confirm your email address"),
        body=N_(
            "Welcome to {site}.\n\nConfirm that this address is yours, and your account is ready. The link works"
            " once, within {hours} hours.\n\nIf you did not sign up, ignore this message."
        ),
        params={"site": current_tenant().name, "hours": str(setting("users.link_hours"))},
        action_label=N_("Confirm email address"),
        action_url=absolute_url("users.verify", token=token),
    )


def _reset_mail(account_id: UUID, token: str, nonce: str) -> Notice:
    return Notice(
        key=f"users.reset:{nonce}",
        account_id=account_id,
        subject=N_("Set a new password"),
        body=N_(
            "Somebody, most likely you, asked for a new password on {site}.\n\nThe link works once, within {minutes}"
            " minutes.\n\nIf it was not you, ignore this message: your password stays as it is."
        ),
        params={"site": current_tenant().name, "minutes": str(setting("users.reset_minutes"))},
        action_label=N_("Set a new password"),
        action_url=absolute_url("users.reset", token=token),
    )


def _exists_mail(account_id: UUID, nonce: str) -> Notice:
    return Notice(
        key=f"users.exists:{nonce}",
        account_id=account_id,
        subject=N_("You already have an account"),
        body=N_(
            "Somebody, most likely you, wanted to sign up on {site} with this address. There is an account for it"
            " already: sign in, or set a new password if you forgot it.\n\nIf it was not you, ignore this message."
        ),
        params={"site": current_tenant().name},
        action_label=N_("Sign in"),
        action_url=absolute_url("kernel.sign_in"),
    )


async def sent_to(token: str) -> dict[str, str]:
    """What the page after a promise shows: kind, email, next. Raises NotFound when it is too old."""
    row = await one_time.peek(SENT, token)
    if row is None:
        raise errors.NotFound()
    return {key: str(row.data.get(key, "")) for key in ("kind", "email", "next")}


async def peek_link(purpose: str, token: str) -> str | None:
    """The address that a mailed link is about while it works, else None."""
    row = await one_time.peek(purpose, token)
    if row is None or row.account_id is None:
        return None
    account = (await accounts.accounts_by_ids([row.account_id])).get(row.account_id)
    return account.email if account is not None and account.email == row.data.get("email") else None


async def confirm(token: str) -> Confirmed:
    """Use a confirmation link. Raises Gone when it does not work (any more)."""
    async with unit_of_work():
        account_id, next_path = await _redeemed(VERIFY, token)
        account = await accounts.verify_account(account_id)
        await one_time.withdraw(VERIFY, account.id)
        await publish(events.EmailVerified(account_id=account.id))
    return Confirmed(account.id, next_path, account.state == "active")


async def reset_password(token: str, password: str) -> Confirmed:
    """Use a reset link: the password is set, every session ends, and the address counts as proved.

    Raises Invalid for a bad password, which leaves the link usable, and Gone when it does not work (any more).
    """
    email = await peek_link(RESET, token)
    account = await accounts.find_account(email) if email else None
    if account is None:
        raise errors.Gone()
    if problem := passwords.check_password(
        password, email=account.email, name=account.name, tenant=current_tenant().name
    ):
        raise errors.Invalid({"password": problem})
    async with unit_of_work():
        account_id, _path = await _redeemed(RESET, token)
        await accounts.set_password(account_id, password)
        for purpose in (RESET, VERIFY):
            await one_time.withdraw(purpose, account_id)
        if account.state == "pending":
            account = await accounts.verify_account(account_id)
            await publish(events.EmailVerified(account_id=account_id))
    return Confirmed(account_id, "", account.state == "active")


async def _redeemed(purpose: str, token: str) -> tuple[UUID, str]:
    """Whose link it was, and where they wanted to go; used up now. Raises Gone."""
    row = await one_time.redeem(purpose, token)
    if row is None or row.account_id is None:
        raise errors.Gone()
    account = (await accounts.accounts_by_ids([row.account_id])).get(row.account_id)
    if account is None or account.email != row.data.get("email"):
        raise errors.Gone()
    return row.account_id, local_path(str(row.data.get("next", "")), "")
