"""Forms made from Setting declarations: how each type is asked for, read and shown again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..base.contract import Setting
from ..base.i18n import _
from ..base.runtime import runtime
from ..plugging.values import parse_text, problem
from ..tenancy.floors import bounded, locked_words
from ..tenancy.governing import Explained, explain
from ..tenancy.settings import origin_of, rule_of, setting
from ..tenancy.snapshots import current_snapshot
from ..web.body import FormData
from ..web.routing import has_route, url
from .landmarks import plugin_title


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One setting as its form field. `value` is text, a list of texts, or a bool, as typed or as stored."""

    key: str
    label: str
    help: str
    kind: str  # check, number, select, text, textarea, password, checkboxes
    value: Any
    options: tuple[tuple[str, str], ...] = ()
    origin: str = ""
    changed: bool = False
    error: str = ""
    minimum: int | None = None
    maximum: int | None = None
    mono: bool = False
    #: Why it cannot be changed here: the operator's lock.
    locked: str = ""
    #: What an administrator should know: a value that no longer fits, or was moved to a bound.
    notice: str = ""
    #: Where it is changed instead: a page of the plugin's own.
    page: str = ""

    @property
    def anchor(self) -> str:
        """Where links lead: the control itself, or what stands in its place."""
        return f"f-{self.key.replace('.', '-')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The settings of one plugin."""

    plugin: str
    title: str
    fields: list[Asked] = field(default_factory=list)

    @property
    def editable(self) -> bool:
        """Is there anything to save?"""
        return any(not f.locked and not f.page for f in self.fields)


def kind_of(declared: Setting) -> str:
    """The form control for a setting."""
    if declared.type is bool:
        return "check"
    if declared.type is list and declared.choices:
        return "checkboxes"
    if declared.choices:
        return "select"
    if declared.secret:
        return "password"
    if declared.type is int:
        return "number"
    return "textarea" if declared.multiline or declared.type in (list, dict) else "text"


def _shown(declared: Setting, value: Any) -> Any:
    """A stored value as the control shows it; secrets never."""
    if declared.secret:
        return ""
    if declared.type is bool:
        return bool(value)
    if value is None:
        return "" if declared.type is not list else []
    if declared.type is list:
        return list(value) if declared.choices else "\n".join(value)
    if declared.type is dict:
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(value)


def origin_words(origin: str) -> str:
    """Where a value comes from, for people."""
    if origin == "account":
        return _("Set by you")
    if origin == "tenant":
        return _("Set here")
    return _("Set by the operator") if origin == "platform" else _("Default")


def _asked(declared: Setting, typed: FormData | None, problems: Mapping[str, str]) -> Asked:
    return asked(declared, None if declared.secret else setting(declared.key), typed, problems)


def asked(
    declared: Setting,
    value: Any,
    typed: FormData | None,
    problems: Mapping[str, str],
    *,
    origin: Literal["account"] | None = None,
) -> Asked:
    """The form field of a setting with `value`; `origin` "account": the reader's own. Secrets show nothing."""
    found = origin or origin_of(declared.key)
    explained = explain(declared.key)
    declared_in_bounds = bounded(declared, explained.rule)
    shown = _shown(declared, value)
    if typed is not None and not declared.secret:
        if declared.type is bool:
            shown = bool(typed.getall(declared.key))
        elif declared.type is list and declared.choices:
            shown = typed.getall(declared.key)
        else:
            shown = typed.get(declared.key)
    return Asked(
        key=declared.key,
        label=_(declared.label),
        help=_(declared.help),
        kind=kind_of(declared),
        value=shown,
        options=tuple((value, _(label)) for value, label in declared.choices),
        origin=origin_words(found),
        changed=found == ("account" if declared.scope == "account" else "tenant"),
        error=problems.get(declared.key, ""),
        minimum=declared_in_bounds.minimum if declared.type is int else None,
        maximum=declared_in_bounds.maximum if declared.type is int else None,
        mono=declared.type is dict,
        locked=locked_words(explained.rule) if explained.rule.locked else "",
        notice=_notice(explained),
        page=url(declared.page) if declared.page and has_route(declared.page) else "",
    )


def _notice(explained: Explained) -> str:
    if explained.unfit:
        return _("A stored value does not fit this setting any more, so it does not count. Save a new one.")
    return _("The operator's limit counts instead of the stored value.") if explained.clamped else ""


def settings_of(plugin: str) -> list[Setting]:
    """The settings of a plugin that a tenant may change here, not on a page of the plugin's own, unless locked."""
    return [s for s in _shown_of(plugin) if not s.page and not rule_of(s.key).locked]


def _shown_of(plugin: str) -> list[Setting]:
    """What the page shows: also what is locked, and what is changed elsewhere."""
    return [s for s in runtime().registry.settings.get(plugin, ()) if s.scope == "tenant"]


def cards(
    words: str = "",
    *,
    typed: Mapping[str, FormData] | None = None,
    problems: Mapping[str, str] | None = None,
) -> list[Card]:
    """Cards of the plugins that are on, only what matches `words`. `typed` is a refused form, by plugin."""
    registry, effective = runtime().registry, current_snapshot().effective
    sought = words.casefold()
    found = []
    for plugin in registry.ready:
        if plugin not in effective:
            continue
        title = plugin_title(plugin)
        form = (typed or {}).get(plugin)
        fields = [
            _asked(s, form if form is not None and s.key in form.getall("shown") else None, problems or {})
            for s in _shown_of(plugin)
            # What has a page of its own is found here, but would only be clutter in the whole list.
            if (sought or not s.page) and sought in " ".join((s.key, _(s.label), _(s.help), title)).casefold()
        ]
        if fields:
            found.append(Card(plugin=plugin, title=title, fields=fields))
    return found


def read(plugin: str, form: FormData) -> tuple[dict[str, Any], dict[str, str]]:
    """Changed values by key, and messages by key for those that were refused.

    Only settings that were on the form count (`shown`): a filtered page must not switch off what it did not show.
    """
    shown = set(form.getall("shown"))
    changed: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for declared in settings_of(plugin):
        if declared.key not in shown:
            continue
        if declared.secret and not form.get(declared.key):
            continue  # an empty secret field means: as it was
        try:
            value = parse(declared, form)
        except ValueError as exc:
            problems[declared.key] = str(exc)
            continue
        if declared.secret or value != setting(declared.key):
            if wrong := problem(bounded(declared, rule_of(declared.key)), value):
                problems[declared.key] = wrong
            else:
                changed[declared.key] = value
    return changed, problems


def parse(declared: Setting, form: FormData) -> Any:
    """The value that a sent form has for a setting. Raises ValueError in people's words."""
    if declared.type is bool:
        return bool(form.getall(declared.key))
    if declared.type is list and declared.choices:
        return form.getall(declared.key)
    return parse_text(declared, form.get(declared.key))
