"""A tenant's own hosts: claimed, proved by a DNS record, made the one in links, given up.

A claim is a tenant's private matter until DNS proves it; only then the host leads here. So nobody can keep
others from a name by claiming it, and nobody learns who claims what.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from ..base.clock import now
from ..base.context import current_actor, current_tenant
from ..base.errors import Conflict, Invalid, NotFound
from ..base.i18n import gettext as _
from ..base.ids import new_id
from ..base.runtime import runtime
from ..engines.connection import execute, sql, unit_of_work
from ..engines.names import NamesUnavailable
from .epoch import bump_epoch
from .events import DomainChanged, announce
from .hosts import normalise_host

#: Where the proof is looked for, and how it begins.
RECORD: Final = "_greenroom-challenge"
_VALUE: Final = "greenroom-verify="
#: A verified host whose proof is gone is told of at once, and given up after this time: the name may be
#: somebody else's by then.
GRACE: Final = timedelta(days=7)
#: Claims of one tenant, proved or not.
MOST: Final = 25
_NEVER = ("localhost", "local", "internal", "invalid", "test", "example", "onion", "arpa")

State = Literal["pending", "verified", "failed", "operator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCard:
    """A host as pages show it. `operator`: given by the operator, nothing to prove. `serving`: it leads here now.

    `record` and `value` are the TXT record that proves it, "" where none is needed.
    """

    host: str
    state: State
    primary: bool
    serving: bool
    record: str = ""
    value: str = ""
    problem: str = ""
    checked_at: datetime | None = None
    verified_at: datetime | None = None
    gives_up_at: datetime | None = None


async def domains() -> list[DomainCard]:
    """Hosts of the tenant in scope: the primary one first, then those that lead here, then claims."""
    tenant = current_tenant()
    served = await sql(
        "SELECT host, is_primary, created_at FROM kernel_domain WHERE tenant_id = $1"
        " ORDER BY is_primary DESC, created_at, host",
        tenant.id,
    )
    claims = {row.host: row for row in await sql(_CLAIMS, tenant.id)}
    cards = [_card(row.host, claims.pop(row.host, None), row.is_primary, True) for row in served]
    return cards + [_card(host, row, False, False) for host, row in claims.items()]


_CLAIMS = (
    "SELECT host, token, state, problem, checked_at, verified_at, failing_since FROM kernel_domain_claim"
    " WHERE tenant_id = $1 ORDER BY created_at, host"
)


def _card(host: str, row: Any | None, primary: bool, serving: bool) -> DomainCard:
    if row is None:
        return DomainCard(host=host, state="operator", primary=primary, serving=serving)
    return DomainCard(
        host=host,
        state=row.state,
        primary=primary,
        serving=serving,
        record=f"{RECORD}.{host}",
        value=_VALUE + row.token,
        problem=row.problem,
        checked_at=row.checked_at,
        verified_at=row.verified_at,
        gives_up_at=row.failing_since + GRACE if row.failing_since and serving else None,
    )


def read_host(text: str) -> str:
    """A host name as somebody typed or pasted it, in its one spelling. Raises Invalid in people's words."""
    plain = text.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")[0].rstrip(".")
    try:
        plain = plain if plain.isascii() else plain.encode("idna").decode()
    except UnicodeError:
        plain = ""
    host = normalise_host(plain) if ":" not in plain else None
    if host is None:
        raise Invalid({"host": _("Enter a host name such as app.example.com.")})
    last = host.rpartition(".")[2]
    if "." not in host or last.isdecimal():
        raise Invalid({"host": _("Enter a whole name with its ending, such as app.example.com.")})
    if last in _NEVER and not runtime().config.dev:
        raise Invalid({"host": _("Names that end in .{ending} are not on the public internet.").format(ending=last)})
    return host


async def claim(text: str) -> DomainCard:
    """Begin to prove a host. Claiming again gives the same record. Raises Invalid and Conflict."""
    host, tenant = read_host(text), current_tenant()
    async with unit_of_work():
        await bump_epoch()  # first: its row puts two administrators in order
        mine = await sql("SELECT host FROM kernel_domain WHERE tenant_id = $1 AND host = $2", tenant.id, host)
        if mine:
            raise Conflict(_("{host} leads here already.").format(host=host))
        count = await sql("SELECT count(*) AS n FROM kernel_domain_claim WHERE tenant_id = $1", tenant.id)
        if count[0].n >= MOST:
            raise Conflict(_("There are {n} domains here already. Remove one first.").format(n=MOST))
        made = await execute(
            "INSERT INTO kernel_domain_claim (id, tenant_id, host, token, state, problem, created_at)"
            " VALUES ($1, $2, $3, $4, 'pending', '', $5) ON CONFLICT (tenant_id, host) DO NOTHING",
            new_id(), tenant.id, host, secrets.token_hex(20), now(),
        )  # fmt: skip
        if made:
            await _tell(host, "added")
    return await domain(host)


async def domain(host: str) -> DomainCard:
    """One host of the tenant in scope. Raises NotFound."""
    found = next((card for card in await domains() if card.host == host), None)
    if found is None:
        raise NotFound()
    return found


async def verify(host: str) -> DomainCard:
    """Look for the proof now. Pending becomes verified or failed; a verified one stays within GRACE.

    Asks the network first and writes afterwards. When nobody answers, states stay as they are.
    """
    card = await domain(host)
    if card.state == "operator":
        return card
    try:
        found = card.value in await runtime().names.texts(card.record)
    except NamesUnavailable:
        await _write(host, card.state, _("The name servers did not answer. We will try again."), card.verified_at,
                     failing=None)  # fmt: skip
        return await domain(host)
    if found:
        await _proved(card)
    else:
        await _unproved(card)
    return await domain(host)


async def _proved(card: DomainCard) -> None:
    tenant = current_tenant()
    async with unit_of_work():
        await bump_epoch()
        if not card.serving:
            made = await execute(
                "INSERT INTO kernel_domain (id, host, tenant_id, is_primary, created_at) VALUES ($1, $2, $3, false, $4)"
                " ON CONFLICT (host) DO NOTHING",
                new_id(), card.host, tenant.id, now(),
            )  # fmt: skip
            if not made:
                # Proved, and yet another site here has it: that one has to let go first.
                await _write(card.host, "failed", _("{host} leads to another site here. Remove it there first, or ask"
                             " the operator.").format(host=card.host), None)  # fmt: skip
                return
        await _write(card.host, "verified", "", card.verified_at or now())
        if card.state != "verified":
            await _tell(card.host, "verified")


async def _unproved(card: DomainCard) -> None:
    words = _("The record {record} does not have the expected value yet.").format(record=card.record)
    if not card.serving:
        async with unit_of_work():
            await _write(card.host, "failed", words, card.verified_at)
            if card.state != "failed":
                await _tell(card.host, "failed", words)
        return
    async with unit_of_work():
        await bump_epoch()
        hosts = await sql("SELECT count(*) AS n FROM kernel_domain WHERE tenant_id = $1", current_tenant().id)
        if card.gives_up_at is None or card.gives_up_at > now() or hosts[0].n < 2:
            words = _("The record {record} is gone. Put it back, or the domain stops leading here.").format(
                record=card.record
            )
            await _write(card.host, "verified", words, card.verified_at, failing=True)
            if card.gives_up_at is None:
                await _tell(card.host, "failing", words)
            return
        await _stop_serving(card.host)
        await _write(card.host, "failed", words, None)
        await _tell(card.host, "failed", words)


async def make_primary(host: str) -> None:
    """Links use `host` from now on; pages asked for on the others lead to it. Raises NotFound and Conflict."""
    tenant = current_tenant()
    async with unit_of_work():
        await bump_epoch()
        card = await domain(host)
        if not card.serving:
            raise Conflict(_("Only a verified domain can be the main one."))
        if card.primary:
            return
        await execute(
            "UPDATE kernel_domain SET is_primary = (host = $2) WHERE tenant_id = $1 AND is_primary <> (host = $2)",
            tenant.id, host,
        )  # fmt: skip
        await _tell(host, "made_primary")


async def remove(host: str) -> None:
    """Give a host up, proved or not. Raises NotFound, and Conflict for the main one, which has to be moved first."""
    tenant = current_tenant()
    async with unit_of_work():
        await bump_epoch()
        card = await domain(host)
        if card.primary:
            raise Conflict(_("This is the main address. Make another domain the main one first."))
        await execute("DELETE FROM kernel_domain WHERE tenant_id = $1 AND host = $2", tenant.id, host)
        await execute("DELETE FROM kernel_domain_claim WHERE tenant_id = $1 AND host = $2", tenant.id, host)
        await _tell(host, "removed")


async def recheck() -> None:
    """Look again at every claim of the tenant in scope that may have moved: a job, every few hours.

    Failed ones are looked at for a week after they were made: DNS changes take their time.
    """
    tenant = current_tenant()
    rows = await sql(
        "SELECT host FROM kernel_domain_claim WHERE tenant_id = $1 AND (state <> 'failed' OR created_at > $2)"
        " ORDER BY checked_at NULLS FIRST LIMIT $3",
        tenant.id, now() - timedelta(days=7), MOST,
    )  # fmt: skip
    for row in rows:
        await verify(row.host)


async def _stop_serving(host: str) -> None:
    """Take the host out; when it was the main one, the oldest of the others takes its place."""
    tenant = current_tenant()
    rows = await sql("DELETE FROM kernel_domain WHERE tenant_id = $1 AND host = $2 RETURNING is_primary AS main",
                     tenant.id, host)  # fmt: skip
    if rows and rows[0].main:
        await execute(
            "UPDATE kernel_domain SET is_primary = true WHERE id = (SELECT id FROM kernel_domain WHERE tenant_id = $1"
            " ORDER BY created_at, host LIMIT 1)",
            tenant.id,
        )


async def _write(
    host: str, state: str, problem: str, verified_at: datetime | None, *, failing: bool | None = False
) -> None:
    """Note how a look went. `failing`: the proof of a serving host is missing; None: we could not tell."""
    await execute(
        "UPDATE kernel_domain_claim SET state = $3, problem = $4, checked_at = $5, verified_at = $6,"
        " failing_since = CASE WHEN $7 THEN coalesce(failing_since, $5) WHEN $7 IS NULL THEN failing_since END"
        " WHERE tenant_id = $1 AND host = $2",
        current_tenant().id, host, state, problem[:300], now(), verified_at, failing,
    )  # fmt: skip


async def _tell(host: str, what: str, note: str = "") -> None:
    actor = current_actor()
    await announce(DomainChanged(host=host, what=what, actor_id=actor.id if actor else None, note=note))
