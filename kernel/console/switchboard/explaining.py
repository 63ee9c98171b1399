"""Why a plugin or feature is on or off, step by step; for a tenant, or for one of its people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from ...auth import accounts
from ...auth.permissions import all_roles
from ...base.clock import now
from ...base.i18n import _, format_date, format_datetime, ngettext
from ...base.runtime import runtime
from ...plugging.manifest import KERNEL
from ...tenancy.planning import titles
from ...tenancy.resolve import Choice
from ...tenancy.snapshots import Snapshot
from ...tenancy.switch_rules import Reader, SwitchRule, share_of


@dataclass(frozen=True, slots=True)
class Step:
    """One condition, in words, and whether it is met."""

    text: str
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`on` for the reader asked about (or the tenant as a whole); `steps` are every condition there is."""

    key: str
    on: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """People and roles by id, as this tenant calls them."""

    people: Mapping[UUID, str]
    roles: Mapping[str, str]


async def names_for(snapshot: Snapshot, more: Iterable[UUID] = ()) -> Names:
    """Everybody that reasons and rules of this tenant mention."""
    ids = {choice.actor_id for choice in snapshot.choices.values() if choice.actor_id} | set(more)
    cards = await accounts.accounts_by_ids(ids)
    return Names({card.id: card.name for card in cards.values()}, {role.id: role.label for role in await all_roles()})


def explain(snapshot: Snapshot, key: str, names: Names, reader: Reader | None = None) -> Verdict:
    """Every condition of `key`, in the order in which they count. `snapshot` is the tenant's whole one."""
    seen = snapshot if reader is None else snapshot.seen_by(reader)
    steps = [_installed(key)]
    if steps[0].ok:
        steps += [_offered(snapshot, key), *_required(seen, key), *_rivals(snapshot, key)]
        steps.append(_chosen(snapshot, key, names))
        rule = _rule(snapshot, key)
        if rule is not None:
            steps += _dates(rule)
            if rule.picks:
                steps.append(_picked(snapshot, key, rule, names, reader))
    return Verdict(key=key, on=key in seen.effective, steps=tuple(steps))


def _rule(snapshot: Snapshot, key: str) -> SwitchRule | None:
    chosen = snapshot.choices.get(key)
    return chosen.rule if chosen is not None and chosen.is_on else None


def _installed(key: str) -> Step:
    registry = runtime().registry
    owner = registry.owner(key)
    info = registry.plugins.get(owner or "")
    if info is None:
        return Step(_("Not installed"), False)
    if not info.ready:
        said = {"skipped": _("Not loaded in safe mode")}.get(info.state) or _("Broken: {reason}")
        return Step(said.format(reason=info.reason), False)
    return Step(_("Installed and working, version {version}").format(version=info.version), True)


def _offered(snapshot: Snapshot, key: str) -> Step:
    words = snapshot.words
    if key in words.stopped:
        return _said(_("Stopped by the operator"), words.stopped[key])
    if key in words.withheld:
        return _said(_("Not offered by the operator"), words.withheld[key])
    return Step(_("Offered by the operator"), True)


def _said(what: str, reason: str) -> Step:
    return Step(f"{what}: {reason}" if reason else what, False)


def _chosen(snapshot: Snapshot, key: str, names: Names) -> Step:
    info = runtime().registry.plugins.get(key)
    if info is not None and info.locked:
        return Step(_("Always on here: it cannot be switched off"), True)
    choice = snapshot.choices.get(key)
    if choice is not None:
        return Step(_by(choice, names), choice.is_on)
    if key in snapshot.words.trial:
        return Step(_("Switched on by the operator, who tries it here"), True)
    default = info.default if info is not None else runtime().registry.features_by_id[key][1].default
    return Step(_("On unless somebody switches it off") if default else _("Not switched on"), default)


def _by(choice: Choice, names: Names) -> str:
    who = names.people.get(choice.actor_id, "") if choice.actor_id else ""
    if who:
        said = (_("Switched on by {name}") if choice.is_on else _("Switched off by {name}")).format(name=who)
    else:
        said = _("Switched on") if choice.is_on else _("Switched off")
    if choice.changed_at is not None:
        said += f", {format_date(choice.changed_at)}"
    return f"{said}: {choice.reason}" if choice.reason else said


def _required(seen: Snapshot, key: str) -> list[Step]:
    registry = runtime().registry
    owner = registry.owner(key) or key
    needs = registry.plugins[owner].requires if owner == key else (owner,)
    found = []
    for need in needs:
        if need != KERNEL:
            on = need in seen.effective
            said = _("Requires {need}, which is on") if on else _("Requires {need}, which is off")
            found.append(Step(said.format(need=titles(registry, [need])), on))
    return found


def _rivals(snapshot: Snapshot, key: str) -> list[Step]:
    registry = runtime().registry
    found = []
    for rival in registry.rivals.get(key, ()):
        off = rival not in snapshot.effective or key in snapshot.effective
        said = _("Cannot be on beside {need}, which is off") if off else _("Cannot be on beside {need}")
        found.append(Step(said.format(need=titles(registry, [rival])), off))
    return found


def _dates(rule: SwitchRule) -> list[Step]:
    at, found = now(), []
    if rule.since is not None:
        found.append(Step(_("On from {when}").format(when=format_datetime(rule.since)), rule.since <= at))
    if rule.until is not None:
        found.append(Step(_("On until {when}").format(when=format_datetime(rule.until)), at < rule.until))
    return found


def _picked(snapshot: Snapshot, key: str, rule: SwitchRule, names: Names, reader: Reader | None) -> Step:
    if reader is None:
        return Step(_("Only for some: {whom}").format(whom=whom(rule, names)), True)
    admitted = rule.admits(snapshot.tenant.id, key, reader)
    if reader.account_id is None:
        return Step(_("On for some of those who are signed in; nobody is"), admitted)
    if rule.listed(reader):
        return Step(_("Is on the list"), True)
    if rule.roles and not rule.roles & reader.roles:
        return Step(_("Has none of the roles {roles}").format(roles=_roles(rule, names)), False)
    if rule.percent is None:
        said = _("Has the role {roles}").format(roles=_roles(rule, names)) if admitted else _("Is not on the list")
        return Step(said, admitted)
    place = share_of(snapshot.tenant.id, key, reader.account_id)
    said = _("Is number {place} of 100; the first {percent} have it")
    return Step(said.format(place=f"{place:.2f}", percent=rule.percent), admitted)


def _roles(rule: SwitchRule, names: Names) -> str:
    return ", ".join(sorted(names.roles.get(role, role) for role in rule.roles))


def whom(rule: SwitchRule | None, names: Names) -> str:
    """For whom a switch is on, in a few words; "" for everybody."""
    if rule is None or not rule.picks:
        return ""
    parts = []
    if rule.percent is not None and rule.roles:
        said = _("{percent} % of people with the role {roles}")
        parts.append(said.format(percent=rule.percent, roles=_roles(rule, names)))
    elif rule.percent is not None:
        parts.append(_("{percent} % of people").format(percent=rule.percent))
    elif rule.roles:
        parts.append(_("people with the role {roles}").format(roles=_roles(rule, names)))
    if rule.accounts:
        count = len(rule.accounts)
        parts.append(ngettext("%(num)s person on the list", "%(num)s people on the list", count) % {"num": count})
    parts += [f"@{domain}" for domain in sorted(rule.domains)]
    return ", ".join(parts)
