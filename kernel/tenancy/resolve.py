"""From what was chosen to what is effective, and why not. Pure: rows in, sets out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from ..base.clock import now
from ..base.contract import Setting
from ..base.i18n import N_, format_date, format_datetime
from ..base.i18n import gettext as _
from ..plugging.manifest import KERNEL
from ..plugging.registry import Registry
from .floors import Rule, within
from .switch_rules import SwitchRule


class Choice(NamedTuple):
    """What a tenant chose for a plugin or feature; `rule`: for whom and when it is on, None: everybody, always."""

    is_on: bool
    actor_id: UUID | None = None
    reason: str = ""
    changed_at: datetime | None = None
    rule: SwitchRule | None = None


class Words(NamedTuple):
    """The operator's word about a tenant, id -> reason. `stopped` is the kill switch: it beats all else."""

    withheld: Mapping[str, str] = MappingProxyType({})
    stopped: Mapping[str, str] = MappingProxyType({})
    trial: frozenset[str] = frozenset()  # switched on by the operator to be tried here, unless the tenant chose


#: An operator who says nothing.
SILENT: Final = Words()

Kind = Literal[
    "missing", "broken", "blocked", "skipped", "stopped", "withheld", "off", "default", "requires", "conflict",
    "before", "after", "rule",
]  # fmt: skip
_SAID: Final[Mapping[str, str]] = {
    "missing": N_("Not installed"),
    "broken": N_("Broken: {reason}"),
    "blocked": N_("Broken: {reason}"),
    "skipped": N_("Not loaded in safe mode"),
    "requires": N_("Requires {need}, which is off"),
    "conflict": N_("Cannot be on beside {need}"),
    "default": N_("Not switched on"),
    "before": N_("On from {when}"),
    "after": N_("Was on until {when}"),
    "rule": N_("On for others only"),
}


@dataclass(frozen=True, slots=True)
class Why:
    """Why something is off. `str(why)` is for people, in the language of the page.

    missing: not installed. broken, blocked, skipped: states of the registry. stopped: the operator's kill switch.
    withheld: not offered by the operator. off: switched off by the tenant. default: nobody switched it on.
    requires: `need` is off. conflict: `need` is on. before, after: its dates, `at` is when. rule: not for this reader.
    """

    kind: Kind
    reason: str = ""
    need: str = ""
    actor_id: UUID | None = None
    at: datetime | None = None

    def __str__(self) -> str:
        return self.text()

    def text(self, by: str = "") -> str:
        """The explanation; `by` is the name of `actor_id`, which this floor cannot look up."""
        if self.kind in _SAID:
            when = format_datetime(self.at) if self.at is not None else ""
            return str(_(_SAID[self.kind])).format(
                reason=self.reason, need=_(self.need) if self.need else "", when=when
            )
        if self.kind == "withheld":
            said = str(_("Not offered by the operator"))
        elif self.kind == "stopped":
            said = str(_("Stopped by the operator"))
        elif by:
            said = str(_("Switched off by {name}")).format(name=by)
        else:
            said = str(_("Switched off"))
        if self.at is not None:
            said += f", {format_date(self.at)}"
        return f"{said}: {self.reason}" if self.reason else said


def resolve(
    registry: Registry, choices: Mapping[str, Choice], words: Words = SILENT, at: datetime | None = None
) -> tuple[frozenset[str], Mapping[str, Why]]:
    """Effective plugin and feature ids at an instant (default: now), and the reason of each other one."""
    judge = _Judge(registry, choices, words, at or now())
    for pid, info in registry.plugins.items():  # in order: what a plugin requires has been decided already
        reason: Why | None = None
        if info.state != "ready":
            reason = Why(info.state, info.reason)
        elif pid != KERNEL:
            need = next((n for n in info.requires if n not in judge.on), "")
            reason = judge.off(pid, info.default or info.locked, need, free=not info.locked)
        _note(pid, reason, judge.on, judge.why)
        for feature in registry.features.get(pid, ()):
            off = judge.off(feature.id, feature.default, "" if pid in judge.on else pid)
            _note(feature.id, off, judge.on, judge.why)
    for key in choices:
        if key not in judge.on and key not in judge.why:
            judge.why[key] = Why("missing")
    return frozenset(judge.on), MappingProxyType(judge.why)


def narrowed(registry: Registry, effective: frozenset[str], without: frozenset[str]) -> frozenset[str]:
    """What of `effective` is left for somebody who does not have `without`, nor therefore what requires it."""
    left = effective - without
    for pid, info in registry.plugins.items():
        if pid in left and not all(need in left for need in info.requires):
            left -= {pid}
        if pid not in left:
            left -= {feature.id for feature in registry.features.get(pid, ())}
    return left


@dataclass(slots=True)
class _Judge:
    registry: Registry
    choices: Mapping[str, Choice]
    words: Words
    at: datetime
    on: set[str] = field(default_factory=set)
    why: dict[str, Why] = field(default_factory=dict)

    def off(self, key: str, default: bool, need: str, *, free: bool = True) -> Why | None:
        """Why it is off, or None. `need`: what it requires and is off. A locked one is not the tenant's choice."""
        chosen = self.choices.get(key) if free else None
        if key in self.words.stopped:
            return Why("stopped", self.words.stopped[key])
        if key in self.words.withheld:
            return Why("withheld", self.words.withheld[key])
        if chosen is not None and not chosen.is_on:
            return Why("off", chosen.reason, actor_id=chosen.actor_id, at=chosen.changed_at)
        if chosen is None and not default and key not in self.words.trial:
            return Why("default")
        if chosen is not None and chosen.rule is not None and not chosen.rule.due(self.at):
            early = chosen.rule.since is not None and self.at < chosen.rule.since
            return Why("before" if early else "after", at=chosen.rule.since if early else chosen.rule.until)
        if need:
            return Why("requires", need=self.registry.title(need))
        rival = next((one for one in self.registry.rivals.get(key, ()) if one in self.on), "")
        return Why("conflict", need=self.registry.title(rival)) if rival else None


def _note(key: str, reason: Why | None, on: set[str], why: dict[str, Why]) -> None:
    if reason is None:
        on.add(key)
    else:
        why[key] = reason


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it is stored. It is opened when read, so that no snapshot holds it in the clear."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SettingValues(Mapping[str, Any]):
    """Resolved values by key: the tenant's, else the operator's, else the declared default. Secrets stay Sealed.

    `rules` are the operator's locks and bounds, `unfit` keys whose stored value does not fit and is passed over.
    """

    own: Mapping[str, Any]
    platform: Mapping[str, Any]
    declared: Mapping[str, tuple[str, Setting]]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    unfit: frozenset[str] = frozenset()

    def __getitem__(self, key: str) -> Any:
        declared = self.declared[key][1]
        origin = self.origin(key)
        value = (
            self.own[key] if origin == "tenant" else self.platform[key] if origin == "platform" else declared.default
        )
        rule = self.rules.get(key)
        return value if rule is None else within(declared, rule, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self.declared)

    def __len__(self) -> int:
        return len(self.declared)

    def origin(self, key: str) -> Literal["tenant", "platform", "default"]:
        """Whose value it is. Under the platform's lock a tenant's own value does not count."""
        if key in self.own and not ((rule := self.rules.get(key)) and rule.locked and rule.scope == "platform"):
            return "tenant"
        return "platform" if key in self.platform else "default"

    def __repr__(self) -> str:
        return f"<{len(self.own)} own, {len(self.platform)} platform settings>"
