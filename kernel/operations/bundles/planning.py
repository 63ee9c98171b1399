"""What a bundle would change about a tenant, and everything that speaks against it. Nothing is written here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...auth.permissions import OWNER, declared
from ...base.context import every_tenant, tenant_in_scope
from ...base.contract import BundlePart
from ...base.i18n import LOCALES
from ...base.runtime import runtime
from ...engines.connection import sql
from ...plugging.values import problem
from ...tenancy.floors import FREE, bounded
from ...tenancy.hosts import normalise_host
from ...tenancy.loading import read_words
from ...tenancy.resolve import Choice, Words, resolve
from ...tenancy.settings import rule_of
from ...tenancy.switch_rules import rule_of as switch_rule_of
from ...tenancy.tenants import SLUG, tenant_errors
from .format import Bundle

#: What tells the members of a list of tables apart.
_NAMES = ("slug", "key", "id", "name")
_LONGEST = 160


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One line of a plan. `old` and `new` are JSON, None where there is nothing."""

    path: str
    op: Literal["+", "-", "~"]
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.op == "+":
            return f"+ {self.path} = {_short(self.new)}"
        return (
            f"- {self.path} = {_short(self.old)}"
            if self.op == "-"
            else (f"~ {self.path}: {_short(self.old)} -> {_short(self.new)}")
        )


def _short(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def changes(now: Bundle, wanted: Bundle) -> list[Change]:
    """From one state to the other, by path. Sections that `wanted` leaves out are left alone."""
    before, after = dict(_flat(now, wanted)), dict(_flat(wanted, wanted))
    found = [Change(path, "+", None, new) for path, new in after.items() if path not in before]
    for path, old in before.items():
        if path not in after:
            found.append(Change(path, "-", old, None))
        elif after[path] != old:
            found.append(Change(path, "~", old, after[path]))
    return sorted(found)


def _flat(bundle: Bundle, wanted: Bundle) -> Iterator[tuple[str, str]]:
    for name in ("name", "locale", "zone", "currency"):
        yield name, _dump(getattr(bundle, name))
    yield "locales", _dump(offered(bundle))
    yield "hosts", _dump(list(bundle.hosts))
    for section in ("plugins", "settings", "roles"):
        if getattr(wanted, section) is not None:
            for key, value in (getattr(bundle, section) or {}).items():
                yield f"{section}.{key}", _dump(value)
    for part in wanted.parts or {}:
        yield from _leaves(f"parts.{part}", (bundle.parts or {}).get(part, {}))


def _leaves(path: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        name = next((n for n in _NAMES if _named(value, n)), None)
        if isinstance(value, Mapping):
            yield from _leaves(f"{path}.{key}", value)
        elif name is not None:
            for item in value:
                yield from _leaves(f"{path}.{key}[{item[name]}]", item)
        else:
            yield f"{path}.{key}", _dump(value)


def _named(value: Any, name: str) -> bool:
    """A list of tables that `name` tells apart."""
    if not isinstance(value, list) or not value or not all(isinstance(i, Mapping) and name in i for i in value):
        return False
    return len({str(item[name]) for item in value}) == len(value)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def offered(bundle: Bundle) -> list[str]:
    """Languages as they are stored: the default one first, each once."""
    return list(dict.fromkeys((bundle.locale, *bundle.locales)))


# --- what speaks against it ---------------------------------------------------------------------------------------


async def faults(wanted: Bundle, now: Bundle | None) -> list[str]:
    """Every reason why `wanted` cannot be applied to the tenant in scope; for a tenant to be, `now` is None."""
    found = [] if now else await _slug_faults(wanted.slug)
    found += [f"{field}: {words}" for field, words in tenant_errors(*_core(wanted)).items()]
    found += [f"locales: there is no language {code!r}" for code in offered(wanted) if code not in LOCALES]
    found += [text async for text in _host_faults(wanted, now)]
    found += _setting_faults(wanted, dict(now.settings or {}) if now else {})
    found += _role_faults(wanted)
    found += await _plugin_faults(wanted, now)
    found += await _part_faults(wanted, now)
    return found


async def _slug_faults(slug: str) -> list[str]:
    if not SLUG.fullmatch(slug):
        return ["slug: use lower-case letters, digits and hyphens, at most 40"]
    with every_tenant():
        there = await sql("SELECT 1 AS yes FROM kernel_tenant WHERE slug = $1", slug)
    return [f"slug: there is a tenant {slug} already; greenroom tenant apply changes it"] if there else []


def _core(wanted: Bundle) -> tuple[str, str, str, str]:
    return wanted.name, wanted.locale, wanted.zone, wanted.currency


async def _host_faults(wanted: Bundle, now: Bundle | None) -> Any:
    if not wanted.hosts:
        yield "hosts: a tenant needs at least one host name"
    ours = set(now.hosts) if now else set()
    for host in wanted.hosts:
        if normalise_host(host) != host:
            yield f"hosts: {host!r} is not a host name in its plain form"
        elif host not in ours and runtime().snapshots.for_host(host) is not None:
            yield f"hosts: {host} leads to another tenant"


def _setting_faults(wanted: Bundle, present: Mapping[str, Any]) -> Iterator[str]:
    """Of what would change only: what is stored under a later lock or floor may stay as it is."""
    for key in present.keys() - (wanted.settings if wanted.settings is not None else present).keys():
        if rule_of(key).locked:
            yield f"settings.{key}: locked by the operator, and so cannot be reset"
    for key, value in (wanted.settings or {}).items():
        if key in present and present[key] == value:
            continue
        found = runtime().registry.settings_by_key.get(key)
        if found is None:
            yield f"settings.{key}: no plugin declares it"
            continue
        setting = found[1]
        rule = rule_of(key) if tenant_in_scope() is not None else FREE
        if setting.secret:
            yield f"settings.{key}: secrets do not travel in bundles; enter it on the settings page"
        elif setting.scope == "platform":
            yield f"settings.{key}: only the operator can change it (greenroom setting set)"
        elif wrong := problem(bounded(setting, rule), value):
            yield f"settings.{key}: {wrong}"
        elif rule.locked and _effective(key) != value:
            yield f"settings.{key}: locked by the operator" + (f" ({rule.reason})" if rule.reason else "")


def _effective(key: str) -> Any:
    from ...tenancy.settings import setting

    return setting(key)


def _role_faults(wanted: Bundle) -> Iterator[str]:
    known = declared()
    for slug, role in (wanted.roles or {}).items():
        if slug == OWNER:
            yield "roles.owner: owners hold every right; this cannot be changed"
        label, lists = role.get("label"), [role.get("added", []), role.get("removed", [])]
        if not isinstance(label, str) or not 1 <= len(label) <= 80:
            yield f"roles.{slug}: label must be a text of 1 to 80 characters"
        for rights in lists:
            if not isinstance(rights, list) or not all(isinstance(r, str) for r in rights):
                yield f"roles.{slug}: added and removed must be lists of rights"
                continue
            yield from (f"roles.{slug}: there is no right {right!r}" for right in rights if right not in known)
        if extra := sorted(role.keys() - {"label", "added", "removed"}):
            yield f"roles.{slug}: there is no key {extra[0]!r}"


async def _plugin_faults(wanted: Bundle, now: Bundle | None) -> list[str]:
    """Unknown ids, odd values, and plugins wanted on that could not be: but not what is so already."""
    if wanted.plugins is None:
        return []
    registry = runtime().registry
    found = [f"plugins.{key}: not installed" for key in wanted.plugins if registry.owner(key) is None]
    for key, value in wanted.plugins.items():
        if not isinstance(value, bool) and not (isinstance(value, Mapping) and isinstance(value.get("on"), bool)):
            found.append(f"plugins.{key}: must be true or false")
    if found:
        return found
    scope = tenant_in_scope()
    words = (await read_words())(scope.id) if scope is not None and now is not None else Words()  # type: ignore[union-attr]
    known = set(_unmet(now.plugins or {}, words)) if now is not None else set()
    try:
        return [text for text in _unmet(wanted.plugins, words) if text not in known]
    except (ValueError, TypeError, KeyError) as exc:
        return [f"plugins: a rule cannot be read: {exc}"]


def _unmet(plugins: Mapping[str, Any], words: Words) -> list[str]:
    choices = choices_of(plugins)
    effective, why = resolve(runtime().registry, choices, words)
    found = [
        f"plugins.{key}: cannot be on: {why[key]}"
        for key, choice in choices.items()
        if choice.is_on and key not in effective and key in why
    ]
    for key, choice in choices.items():
        info = runtime().registry.plugins.get(key)
        if info is not None and info.locked and not choice.is_on:
            found.append(f"plugins.{key}: {info.title} cannot be switched off")
    return found


def choices_of(plugins: Mapping[str, Any]) -> dict[str, Choice]:
    """The section as choices. Raises ValueError, TypeError or KeyError for a rule that is none."""
    return {
        key: Choice(value) if isinstance(value, bool) else Choice(value["on"], rule=switch_rule_of(value.get("rule")))
        for key, value in plugins.items()
    }


def part_of(name: str) -> BundlePart | None:
    parts = (part for declared in runtime().registry.bundle_parts.values() for part in declared)
    return next((part for part in parts if part.name == name), None)


async def _part_faults(wanted: Bundle, now: Bundle | None) -> Sequence[str]:
    found = []
    for name, data in (wanted.parts or {}).items():
        part = part_of(name)
        if part is None:
            found.append(f"parts.{name}: no installed plugin knows it")
        elif now is not None:  # of a new tenant they are checked once it is there
            try:
                found += [f"parts.{name}: {text}" for text in await part.check(data)]
            except (KeyError, TypeError, ValueError, AttributeError) as exc:
                found.append(f"parts.{name}: cannot be read ({type(exc).__name__}: {exc})")
    return found
