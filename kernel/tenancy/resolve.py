"""From what was chosen to what is effective, and why not. Pure: rows in, sets out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple
from uuid import UUID

from ..base.contract import Setting
from ..base.i18n import format_date
from ..base.i18n import gettext as _
from ..plugging.manifest import KERNEL
from ..plugging.registry import Registry


class Choice(NamedTuple):
    """What a tenant chose for a plugin or feature."""

    is_on: bool
    actor_id: UUID | None = None
    reason: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """Why something is off. `str(why)` is for people, in the language of the page.

    missing: not installed. broken, blocked, skipped: states of the registry. withheld: not offered by the
    operator. off: switched off by the tenant. default: nobody switched it on. requires: `need` is off.
    """

    kind: Literal["missing", "broken", "blocked", "skipped", "withheld", "off", "default", "requires"]
    reason: str = ""
    need: str = ""
    actor_id: UUID | None = None
    at: datetime | None = None

    def __str__(self) -> str:
        return self.text()

    def text(self, by: str = "") -> str:
        """The explanation; `by` is the name of `actor_id`, which this floor cannot look up."""
        if self.kind == "missing":
            return str(_("Not installed"))
        if self.kind in ("broken", "blocked"):
            return str(_("Broken: {reason}")).format(reason=self.reason)
        if self.kind == "skipped":
            return str(_("Not loaded in safe mode"))
        if self.kind == "requires":
            return str(_("Requires {need}, which is off")).format(need=self.need)
        if self.kind == "default":
            return str(_("Not switched on"))
        if self.kind == "withheld":
            said = str(_("Not offered by the operator"))
        elif by:
            said = str(_("Switched off by {name}")).format(name=by)
        else:
            said = str(_("Switched off"))
        if self.at is not None:
            said += f", {format_date(self.at)}"
        return f"{said}: {self.reason}" if self.reason else said


def resolve(
    registry: Registry, choices: Mapping[str, Choice], withheld: Mapping[str, str]
) -> tuple[frozenset[str], Mapping[str, Why]]:
    """Effective plugin and feature ids, and the reason of each other one. `withheld`: id -> operator's reason."""
    on: set[str] = set()
    why: dict[str, Why] = {}
    for pid, info in registry.plugins.items():  # in order: what a plugin requires has been decided already
        reason: Why | None = None
        if info.state != "ready":
            reason = Why(info.state, info.reason)
        elif pid != KERNEL:
            need = next((n for n in info.requires if n not in on), None)
            default = info.default or info.locked
            chosen = None if info.locked else choices.get(pid)
            reason = _off(pid, default, chosen, withheld, registry.plugins[need].title if need else "")
        _note(pid, reason, on, why)
        for feature in registry.features.get(pid, ()):
            title = "" if pid in on else info.title
            off = _off(feature.id, feature.default, choices.get(feature.id), withheld, title)
            _note(feature.id, off, on, why)
    for key in choices:
        if key not in on and key not in why:
            why[key] = Why("missing")
    return frozenset(on), MappingProxyType(why)


def _off(key: str, default: bool, chosen: Choice | None, withheld: Mapping[str, str], need: str) -> Why | None:
    if key in withheld:
        return Why("withheld", withheld[key])
    if chosen is not None and not chosen.is_on:
        return Why("off", chosen.reason, actor_id=chosen.actor_id, at=chosen.changed_at)
    if chosen is None and not default:
        return Why("default")
    return Why("requires", need=need) if need else None


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
    """Resolved values by key: the tenant's, else the operator's, else the declared default. Secrets stay Sealed."""

    own: Mapping[str, Any]
    platform: Mapping[str, Any]
    declared: Mapping[str, tuple[str, Setting]]

    def __getitem__(self, key: str) -> Any:
        if key in self.own:
            return self.own[key]
        if key in self.platform:
            return self.platform[key]
        return self.declared[key][1].default

    def __iter__(self) -> Iterator[str]:
        return iter(self.declared)

    def __len__(self) -> int:
        return len(self.declared)

    def origin(self, key: str) -> Literal["tenant", "platform", "default"]:
        """Whose value it is."""
        if key in self.own:
            return "tenant"
        return "platform" if key in self.platform else "default"

    def __repr__(self) -> str:
        return f"<{len(self.own)} own, {len(self.platform)} platform settings>"
