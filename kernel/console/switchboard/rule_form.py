"""For whom and when a switch is on, as people type it and as programs send it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ...auth import accounts
from ...auth.permissions import all_roles
from ...base import zones
from ...base.context import current_tenant
from ...base.errors import Invalid
from ...base.i18n import N_, _
from ...engines.connection import sql
from ...tenancy.snapshots import whole_snapshot
from ...tenancy.switch_rules import MOST_LISTED, SwitchRule, domains_in
from ...web.forms import Form
from ...web.words import Words

Reason = Annotated[
    str,
    StringConstraints(min_length=3, max_length=500),
    Words(missing=N_("Enter a reason, so that others understand later"), short=N_("Say a little more")),
]
Percent = Annotated[
    int | None,
    Field(ge=0, le=100),
    Words(
        low=N_("Enter a share from 0 to 100"), high=N_("Enter a share from 0 to 100"), bad=N_("Enter a whole number")
    ),
]
_Typed = Annotated[datetime | None, Words(bad=N_("Enter a date and a time."))]


class RuleForm(Form):
    """`people` are addresses, one per line; dates are wall time in the tenant's zone."""

    percent: Percent = None
    roles: list[str] = []
    people: Annotated[str, StringConstraints(max_length=60_000)] = ""
    domains: Annotated[str, StringConstraints(max_length=10_000)] = ""
    since: _Typed = None
    until: _Typed = None
    reason: Reason


class RuleIn(BaseModel):
    """A rule in JSON. `accounts` are ids; dates carry an offset."""

    model_config = ConfigDict(extra="forbid")

    percent: Annotated[int | None, Field(ge=0, le=100)] = None
    roles: Annotated[list[str], Field(max_length=50)] = []
    accounts: Annotated[list[UUID], Field(max_length=MOST_LISTED)] = []
    domains: Annotated[list[str], Field(max_length=MOST_LISTED)] = []
    since: datetime | None = None
    until: datetime | None = None


async def rule_typed(form: RuleForm) -> SwitchRule:
    """What the form says. Raises Invalid for unknown people and roles, odd domains and skipped times."""
    problems: dict[str, str] = {}
    domains, odd = domains_in(form.domains)
    if odd:
        problems["domains"] = _("This is not a domain: {domains}").format(domains=", ".join(odd[:5]))
    people, unknown = await _accounts(form.people.replace(",", "\n").replace(";", "\n").split())
    if unknown:
        problems["people"] = _("No account has this address: {addresses}").format(addresses=", ".join(unknown[:5]))
    since, until = instant_typed(form.since, "since", problems), instant_typed(form.until, "until", problems)
    problems |= await _unknown_roles(form.roles)
    if problems:
        raise Invalid(problems)
    return SwitchRule(
        percent=form.percent, roles=frozenset(form.roles), accounts=people, domains=domains, since=since, until=until
    )


async def rule_sent(data: RuleIn | None) -> SwitchRule | None:
    """What a program says. Raises Invalid."""
    if data is None:
        return None
    domains, odd = domains_in(" ".join(data.domains))
    known = await accounts.accounts_by_ids(data.accounts)
    problems = await _unknown_roles(data.roles)
    if odd:
        problems["rule.domains"] = _("This is not a domain: {domains}").format(domains=", ".join(odd[:5]))
    if len(known) < len(set(data.accounts)):
        problems["rule.accounts"] = _("There is no such account.")
    for name in ("since", "until"):
        value: datetime | None = getattr(data, name)
        if value is not None and value.tzinfo is None:
            problems[f"rule.{name}"] = _("Give the time with its offset from UTC.")
    if problems:
        raise Invalid(problems)
    return SwitchRule(
        percent=data.percent, roles=frozenset(data.roles), accounts=frozenset(data.accounts), domains=domains,
        since=data.since, until=data.until,
    )  # fmt: skip


def instant_typed(typed: datetime | None, field: str, problems: dict[str, str]) -> datetime | None:
    """The instant of a wall time of the tenant's zone; one with an offset is taken as it is."""
    if typed is None:
        return None
    if not 2000 <= typed.year < 2200:
        problems[field] = _("Enter a date and a time.")
        return None
    if typed.tzinfo is not None:
        return typed.astimezone(UTC)
    found = zones.instants(typed.date(), typed.time(), whole_snapshot().zone)
    if not found:
        problems[field] = _("The clocks go forward then, and this time is skipped. Choose another one.")
        return None
    return found[0]


def local(at: datetime | None) -> str:
    """For a `datetime-local` field, in the tenant's zone."""
    return zones.wall(at, whole_snapshot().zone).strftime("%Y-%m-%dT%H:%M") if at is not None else ""


async def as_typed(rule: SwitchRule | None) -> Mapping[str, object]:
    """The fields that would make this rule."""
    rule = rule or SwitchRule()
    cards = await accounts.accounts_by_ids(rule.accounts)
    return {
        "percent": "" if rule.percent is None else str(rule.percent),
        "roles": sorted(rule.roles),
        "people": "\n".join(sorted(card.email for card in cards.values())),
        "domains": ", ".join(sorted(rule.domains)),
        "since": local(rule.since),
        "until": local(rule.until),
    }


async def _accounts(addresses: Iterable[str]) -> tuple[frozenset[UUID], list[str]]:
    """Accounts with these addresses, and the addresses that nobody has."""
    wanted: dict[str, str] = {}
    odd: list[str] = []
    for address in addresses:
        try:
            wanted[accounts.normalise_email(address)] = address
        except ValueError:
            odd.append(address)
    rows = await sql(
        "SELECT id, email FROM kernel_account WHERE tenant_id = $1 AND email = ANY($2)",
        current_tenant().id, list(wanted),
    )  # fmt: skip
    known = {row.email for row in rows}
    return frozenset(row.id for row in rows), odd + [typed for email, typed in wanted.items() if email not in known]


async def _unknown_roles(roles: Iterable[str]) -> dict[str, str]:
    unknown = sorted(set(roles) - {role.id for role in await all_roles()})
    return {"roles": _("There is no role called {roles}").format(roles=", ".join(unknown))} if unknown else {}
