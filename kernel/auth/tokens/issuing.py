"""Making, replacing and revoking tokens. A token's text exists only in the answer to whoever made it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import Final
from uuid import UUID

from ...base import errors
from ...base.clock import now
from ...base.context import Actor
from ...base.i18n import _
from ...base.ids import new_id
from ...engines.connection import unit_of_work
from ...tenancy.settings import setting
from ...tenancy.snapshots import current_snapshot
from .. import audit
from ..models import SERVICE, Account, ApiToken
from ..one_time import digest
from ..permissions import OWNER, all_roles, check_grantable
from . import scopes, secret

#: Longest time that an old token goes on working beside its successor.
MAX_OVERLAP: Final = timedelta(days=14)
MAX_PER_MINUTE: Final = 10_000
_MOST_LIVE: Final = 50
_MOST_NETWORKS: Final = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new token is to be. `ips` are networks as people write them; `days` from now."""

    name: str
    scopes: tuple[str, ...]
    days: int
    ips: tuple[str, ...] = ()
    per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A token just made: `text` is nowhere else."""

    token: ApiToken
    text: str


def networks(texts: Collection[str]) -> tuple[str, ...]:
    """Networks in one spelling. Raises Invalid for what is none."""
    out = []
    for text in texts:
        try:
            out.append(str(ip_network(text.strip(), strict=False)))
        except ValueError:
            raise errors.Invalid(
                {"ips": _("{text} is not an address or network such as 203.0.113.0/24.").format(text=text[:60])}
            ) from None
    if len(out) > _MOST_NETWORKS:
        raise errors.Invalid({"ips": _("Give at most {n} networks.").format(n=_MOST_NETWORKS)})
    return tuple(dict.fromkeys(out))


def _checked(wish: Wish, held: Collection[str]) -> Wish:
    name = " ".join(wish.name.split())
    wrong: dict[str, str] = {}
    if not 1 <= len(name) <= 80:
        wrong["name"] = _("Enter a name of up to 80 characters.")
    longest = int(setting("kernel.token_max_days"))
    if not 1 <= wish.days <= longest:
        wrong["days"] = _("Choose between 1 and {n} days.").format(n=longest)
    if wish.per_minute is not None and not 1 <= wish.per_minute <= MAX_PER_MINUTE:
        wrong["per_minute"] = _("Choose between 1 and {n} calls a minute.").format(n=MAX_PER_MINUTE)
    if said := scopes.problem(wish.scopes, held):
        wrong["scopes"] = said
    if wrong:
        raise errors.Invalid(wrong)
    kept = tuple(sorted(set(wish.scopes)))
    return Wish(name, kept, wish.days, networks(wish.ips), wish.per_minute)


async def create_personal(actor: Actor, wish: Wish) -> Issued:
    """A token that acts as `actor`. Raises Invalid, and Conflict when there are too many already."""
    _by_hand(actor)
    wish = _checked(wish, actor.permissions)
    async with unit_of_work():
        live = await ApiToken.filter(
            account_id=actor.id, role=None, revoked_at=None, expires_at__gt=now(), replaced_by_id=None
        ).count()
        if live >= _MOST_LIVE:
            raise errors.Conflict(_("There are {n} tokens already. Revoke one first.").format(n=live))
        return await _insert("pat", actor.id, wish, None, actor)


async def create_service(actor: Actor, wish: Wish, role: str) -> Issued:
    """A token of its own account that acts with a role. Nobody hands out more than they hold."""
    _by_hand(actor)
    info = next((r for r in await all_roles() if r.id == role and r.id != OWNER), None)
    if info is None:
        raise errors.Invalid({"role": _("Choose one of the roles.")})
    check_grantable(info.permissions)
    wish = _checked(wish, info.permissions)
    snapshot = current_snapshot()
    async with unit_of_work():
        number = new_id()
        account = await Account.create(
            id=number, email=f"{number}@service.invalid", name=wish.name, state=SERVICE,
            locale=snapshot.locale, zone=snapshot.zone,
        )  # fmt: skip
        return await _insert("svc", account.id, wish, role, actor)


async def _insert(kind: secret.Kind, account_id: UUID, wish: Wish, role: str | None, actor: Actor) -> Issued:
    text = secret.make(kind)
    instant = now()
    row = await ApiToken.create(
        account_id=account_id, name=wish.name, prefix=secret.prefix_of(text), token_hash=digest(text),
        scopes=list(wish.scopes), role=role, ips=" ".join(wish.ips), per_minute=wish.per_minute,
        created_at=instant, expires_at=instant + timedelta(days=wish.days), created_by_id=actor.id,
    )  # fmt: skip
    await _audit("kernel.token_created", row, after=_told(row))
    return Issued(row, text)


async def rotate(token: ApiToken, overlap: timedelta, actor: Actor) -> Issued:
    """A successor with the same name, scopes and limits, for as long as the old one was made for.

    The old one works for `overlap` more. Raises Conflict when it is over or was replaced already.
    """
    _by_hand(actor)
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise errors.Invalid({"hours": _("Choose at most {n} hours.").format(n=MAX_OVERLAP // timedelta(hours=1))})
    async with unit_of_work():
        old = await ApiToken.filter(id=token.id).select_for_update().first()
        instant = now()
        over = old is None or old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= instant)
        if old is None or over or old.replaced_by_id is not None:
            raise errors.Conflict(_("This token is over or was replaced already."))
        if old.role is not None:
            info = next((r for r in await all_roles() if r.id == old.role), None)
            check_grantable(info.permissions if info else ())
        days = (old.expires_at - old.created_at).days if old.expires_at else 90
        longest = int(setting("kernel.token_max_days"))
        wish = Wish(old.name, tuple(old.scopes), max(1, min(days, longest)), tuple(old.ips.split()), old.per_minute)
        made = await _insert("svc" if old.role else "pat", old.account_id, wish, old.role, actor)
        old.replaced_by_id = made.token.id
        old.expires_at = min(instant + overlap, old.expires_at or instant + overlap)
        await old.save(update_fields=["replaced_by_id", "expires_at"])
        await _audit("kernel.token_replaced", old, after={"expires_at": old.expires_at, "by": made.token.prefix})
    return made


async def revoke(token: ApiToken, *, reason: str = "") -> bool:
    """End a token now, in every process; False when it was over already."""
    async with unit_of_work():
        row = await ApiToken.filter(id=token.id).select_for_update().first()
        if row is None or row.revoked_at is not None:
            return False
        row.revoked_at = now()
        await row.save(update_fields=["revoked_at"])
        await _audit("kernel.token_revoked", row, before=_told(row), reason=reason)
    return True


def _by_hand(actor: Actor) -> None:
    """A token must not make tokens: whoever got hold of one could outlive its revocation."""
    if actor.token_id is not None:
        raise errors.Forbidden(_("Tokens are made by people who are signed in, not by tokens."))


def _told(row: ApiToken) -> dict[str, object]:
    return {"name": row.name, "scopes": row.scopes, "role": row.role, "expires_at": row.expires_at}


async def _audit(
    action: str,
    row: ApiToken,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    reason: str = "",
) -> None:
    await audit.record(action, subject="api_token", subject_id=row.prefix, before=before, after=after, reason=reason)
