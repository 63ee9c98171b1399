"""Events of this floor, and how higher floors hear of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from ..base.events import event


@event("kernel.plugin_switched.v1", personal=("reason", "rule_before", "rule_after"))
@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSwitched:
    """A plugin or feature was switched. `before`/`after` say whether it was effective, not merely chosen.

    The rules are JSON: for whom and when it was and is on; empty for everybody, always.
    """

    key: str
    on: bool
    before: bool
    after: bool
    actor_id: UUID | None = None
    reason: str = ""
    rule_before: str = ""
    rule_after: str = ""


@event("kernel.setting_changed.v1", personal=("before", "after", "reason"), webhooks=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged:
    """A tenant's setting got another value. Texts are JSON; those of a secret are masked."""

    key: str
    before: str
    after: str
    actor_id: UUID | None = None
    reason: str = ""


@event("kernel.tenant_created.v1")
@dataclass(frozen=True, slots=True, kw_only=True)
class TenantCreated:
    """A tenant was made."""

    tenant_id: UUID
    slug: str
    name: str


@event("kernel.tenant_state_changed.v1", personal=("reason",))
@dataclass(frozen=True, slots=True, kw_only=True)
class TenantStateChanged:
    """The operator suspended a tenant, or took it up again. States: active, suspended, erasing."""

    before: str
    after: str
    reason: str = ""


@event("kernel.domain_changed.v1", personal=("note",))
@dataclass(frozen=True, slots=True, kw_only=True)
class DomainChanged:
    """A host of a tenant was added, verified, failed, made_primary or removed."""

    host: str
    what: str
    actor_id: UUID | None = None
    note: str = ""


Listener = Callable[[object], Awaitable[None]]

#: Called with each event inside the unit of work that made the change. Publishing is the work of a higher
#: floor, so that floor registers itself here at start-up (`listeners.append(publish)`) instead of being imported.
listeners: list[Listener] = []


async def announce(happened: object) -> None:
    """Tell every listener, within the open unit of work: an exception undoes the change."""
    for listener in tuple(listeners):
        await listener(happened)


ALL: tuple[type, ...] = (PluginSwitched, SettingChanged, TenantCreated, TenantStateChanged, DomainChanged)
