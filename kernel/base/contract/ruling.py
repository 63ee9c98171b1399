"""What people decide about a plugin: rights, settings, switches, quotas, bundles, privacy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A right, `<plugin>.<thing>.<verb>`; `roles` are the built-in roles that hold it in a new tenant."""

    id: str
    label: str
    roles: tuple[str, ...] = ("admin",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A built-in role. The kernel itself declares `owner` (holds everything), `admin` and `member`."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A typed value that an operator or tenant may set; checked at the edge, default otherwise.

    `key` is `<plugin>.<name>`. `minimum`/`maximum` bound an int, or the length of a str. `secret=True` is
    encrypted at rest and never shown. `check` returns a message for a bad value, else None. `page` names the
    plugin's own route where it is edited; the generated settings page then leads there. A setting of scope
    "platform" is the operator's alone, who may also give a single tenant a value of its own. `test` tries what is
    stored (a key at its provider) when an administrator asks, and gives None when it works, else one sentence.
    """

    key: str
    type: Any  # bool, int, str, list (of str) or dict (JSON object)
    default: Any
    label: str
    help: str = ""
    scope: Literal["platform", "tenant", "account"] = "tenant"
    choices: tuple[tuple[str, str], ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    secret: bool = False
    multiline: bool = False
    check: Callable[[Any], str | None] | None = None
    page: str = ""
    test: Callable[[], Awaitable[str | None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A limit of what one tenant may use. `limit` is the key of an int setting of scope "platform" of the same plugin.

    `used()` counts for the tenant in scope. `unit` "bytes" is shown as a size. The plugin asks before it adds:
    `await room_for(id, 1)`, which raises a refusal that names quota and limit. A limit of None is none.
    """

    id: str
    label: str
    limit: str
    used: Callable[[], Awaitable[int]]
    unit: Literal["count", "bytes"] = "count"
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundlePart:
    """Configuration of a plugin that travels in tenant bundles (`greenroom tenant export`), beside its settings.

    `export()` gives JSON-ready data without people's data, secrets or ids of rows, in a steady order.
    `check(data)` gives one sentence per fault and changes nothing. `apply(data)` makes the tenant so that
    `export()` then gives the same; it runs in the unit of work of the whole bundle. All in scope of the tenant,
    also while the plugin is off. `name` is `<plugin>.<part>`.
    """

    name: str
    export: Callable[[], Awaitable[Mapping[str, Any]]]
    check: Callable[[Mapping[str, Any]], Awaitable[list[str]]]
    apply: Callable[[Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A switch inside a plugin, `<plugin>.<name>`; works like the plugin's own switch, one level down.

    `kind` says what it is for: release (a new thing, until everybody has it), experiment (a comparison),
    operational (a valve for bad days), kill_switch (off in an emergency), permission (who may have it; for
    good). `days` is how long it is meant to live, else what is usual for its kind: an older one that is on for
    everybody is reported as stale. `conflicts` are ids of plugins and features that cannot be on beside it.
    """

    id: str
    label: str
    help: str = ""
    default: bool = True
    kind: Literal["release", "experiment", "operational", "kill_switch", "permission"] = "permission"
    days: int | None = None
    conflicts: tuple[str, ...] = ()

    @property
    def lives(self) -> int | None:
        """Days it is meant to live; None for good."""
        return self.days or {"release": 40, "experiment": 40, "operational": 7}.get(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchImpact:
    """What a plugin itself says is touched when it (or its `feature`) is switched off, for the question before.

    `tell()` gives short sentences in the reader's language ("12 upcoming sessions"), none when nothing is
    touched. Asked of the tenant in scope, reads only, cut off after a second.
    """

    name: str
    tell: Callable[[], Awaitable[list[str]]]
    feature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyProvider:
    """What a plugin holds about a person. Called for every installed plugin, on or off.

    `export(account_id)` gives JSON-ready data by section title; `erase(account_id)` removes or
    pseudonymises and returns one line per thing kept, with its reason. A plugin that holds nothing gives
    `nothing_because` instead. `models` are the model names covered.
    """

    title: str
    models: tuple[str, ...] = ()
    export: Callable[[UUID], Awaitable[dict[str, Any]]] | None = None
    erase: Callable[[UUID], Awaitable[list[str]]] | None = None
    nothing_because: str = ""
