"""Settings, domains and limits as JSON: the same services as the pages, the same refusals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from ...base import errors
from ...base.contract import Setting
from ...base.i18n import _
from ...base.runtime import runtime
from ...tenancy import domains, governing, quotas
from ...tenancy.domains import DomainCard
from ...tenancy.floors import bounded
from ...tenancy.settings import (
    account_own,
    account_setting,
    origin_of,
    reset_account_setting,
    reset_setting,
    set_account_setting,
    set_setting,
    setting,
)
from ...tenancy.snapshots import current_snapshot
from ...web.body import read_json
from ...web.paging import answer_whole
from ...web.views import json_answer
from .account_pages import own_settings
from .setting_pages import attempt, found, history


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LevelOut(BaseModel):
    """One level that may give the value; `value` is JSON text, secrets masked, null when it says nothing."""

    scope: Literal["tenant", "platform", "default"]
    value: str | None
    counts: bool


class SettingOut(BaseModel):
    """A setting as it is for this tenant. `value` is null for a secret; `is_set` says whether it has one."""

    key: str
    plugin: str
    label: str
    help: str
    type: Literal["bool", "int", "str", "list", "dict"]
    value: Any
    is_set: bool
    secret: bool
    origin: Literal["account", "tenant", "platform", "default"]
    choices: list[str]
    minimum: int | None
    maximum: int | None
    locked: bool
    reason: str
    levels: list[LevelOut]


class ValueIn(_In):
    """The new value; its type is the setting's. A secret that is "" is forgotten."""

    value: Any
    reason: Annotated[str, Field(max_length=500)] = ""


class ChangeOut(BaseModel):
    """One change of a setting; values are JSON texts, secrets masked."""

    at: datetime
    by: str
    what: str
    before: str
    after: str
    reason: str


class TestedOut(BaseModel):
    works: bool
    detail: str


class DomainOut(BaseModel):
    """A host. Enter `record` (TXT) with `value` at the DNS provider to prove a claim; both are empty if unneeded."""

    host: str
    state: Literal["pending", "verified", "failed", "operator"]
    primary: bool
    serving: bool
    record: str
    value: str
    problem: str
    checked_at: datetime | None
    verified_at: datetime | None
    gives_up_at: datetime | None


class DomainIn(_In):
    host: Annotated[str, Field(min_length=1, max_length=260)]


class RemovedOut(BaseModel):
    host: str
    removed: bool = True


class QuotaOut(BaseModel):
    """A limit and its use, in `unit`; `limit` null: none. `share` is percent, over 100 when a limit was lowered."""

    id: str
    label: str
    unit: Literal["count", "bytes"]
    used: int
    limit: int | None
    share: int


# --- settings -----------------------------------------------------------------------------------------------------


def _setting(plugin: str, declared: Setting, value: Any, origin: str) -> SettingOut:
    why = governing.explain(declared.key)
    limits = bounded(declared, why.rule)
    return SettingOut(
        key=declared.key, plugin=plugin, label=_(declared.label), help=_(declared.help), type=declared.type.__name__,
        value=None if declared.secret else value, is_set=origin != "default", secret=declared.secret,
        origin=origin, choices=[key for key, _label in declared.choices],  # type: ignore[arg-type]
        minimum=limits.minimum, maximum=limits.maximum, locked=why.rule.locked, reason=why.rule.reason,
        levels=[LevelOut(scope=lv.scope, value=lv.shown, counts=lv.counts) for lv in why.levels],
    )  # fmt: skip


def _of_tenant(plugin: str, declared: Setting) -> SettingOut:
    value = None if declared.secret else setting(declared.key)
    return _setting(plugin, declared, value, origin_of(declared.key))


async def list_settings(request: web.Request) -> web.StreamResponse:
    """Every setting of the tenant, with its value and where that comes from."""
    effective = current_snapshot().effective
    items = [
        _of_tenant(plugin, declared)
        for plugin, settings in runtime().registry.settings.items()
        for declared in settings
        if plugin in effective and declared.scope == "tenant"
    ]
    return answer_whole(request, items)


def _known(request: web.Request) -> tuple[str, Setting]:
    return found(request.match_info["key"])


async def show_setting(request: web.Request) -> web.StreamResponse:
    """One setting, with its value and where that comes from."""
    return json_answer(_of_tenant(*_known(request)))


async def put_setting(request: web.Request) -> web.StreamResponse:
    """Give a setting a value for this tenant."""
    plugin, declared = _known(request)
    sent = await read_json(request, ValueIn)
    await set_setting(declared.key, sent.value, reason=sent.reason)
    return json_answer(_of_tenant(plugin, declared))


async def delete_setting(request: web.Request) -> web.StreamResponse:
    """Forget the tenant's value: the operator's or the default shows again."""
    plugin, declared = _known(request)
    await reset_setting(declared.key)
    return json_answer(_of_tenant(plugin, declared))


async def setting_history(request: web.Request) -> web.StreamResponse:
    """Who changed a setting, when, from what to what; newest first."""
    _plugin, declared = _known(request)
    lines = await history(declared.key)
    items = [
        ChangeOut(at=line.at, by=line.by, what=line.what, before=line.before, after=line.after, reason=line.reason)
        for line in lines
    ]
    return answer_whole(request, items)


async def test_setting(request: web.Request) -> web.StreamResponse:
    """Ask the plugin whether what is stored works."""
    _plugin, declared = _known(request)
    wrong = await attempt(declared)
    return json_answer(TestedOut(works=wrong is None, detail=wrong or ""))


async def list_own(request: web.Request) -> web.StreamResponse:
    """What the caller may set for themselves."""
    return answer_whole(request, [await _of_account(plugin, declared) for plugin, declared in own_settings()])


async def _of_account(plugin: str, declared: Setting) -> SettingOut:
    origin = "account" if declared.key in await account_own() else origin_of(declared.key)
    return _setting(plugin, declared, await account_setting(declared.key), origin)


def _own(request: web.Request) -> tuple[str, Setting]:
    pair = next((p for p in own_settings() if p[1].key == request.match_info["key"]), None)
    if pair is None:
        raise errors.NotFound()
    return pair


async def put_own(request: web.Request) -> web.StreamResponse:
    """Give one of the caller's own settings a value."""
    plugin, declared = _own(request)
    await set_account_setting(declared.key, (await read_json(request, ValueIn)).value)
    return json_answer(await _of_account(plugin, declared))


async def delete_own(request: web.Request) -> web.StreamResponse:
    """Forget the caller's own value: the tenant's shows again."""
    plugin, declared = _own(request)
    await reset_account_setting(declared.key)
    return json_answer(await _of_account(plugin, declared))


# --- domains and limits -------------------------------------------------------------------------------------------


def _domain(card: DomainCard) -> DomainOut:
    return DomainOut(
        host=card.host, state=card.state, primary=card.primary, serving=card.serving, record=card.record,
        value=card.value, problem=card.problem, checked_at=card.checked_at, verified_at=card.verified_at,
        gives_up_at=card.gives_up_at,
    )  # fmt: skip


async def list_domains(request: web.Request) -> web.StreamResponse:
    """Every host of the tenant and every claim."""
    return answer_whole(request, [_domain(card) for card in await domains.domains()])


async def add_domain(request: web.Request) -> web.StreamResponse:
    """Claim a host; the answer says which DNS record proves it."""
    return json_answer(_domain(await domains.claim((await read_json(request, DomainIn)).host)), 201)


async def verify_domain(request: web.Request) -> web.StreamResponse:
    """Look for the record of a claim now."""
    return json_answer(_domain(await domains.verify(request.match_info["host"])))


async def primary_domain(request: web.Request) -> web.StreamResponse:
    """Make a verified host the one in links."""
    await domains.make_primary(request.match_info["host"])
    return json_answer(_domain(await domains.domain(request.match_info["host"])))


async def remove_domain(request: web.Request) -> web.StreamResponse:
    """Give up a host or a claim."""
    host = request.match_info["host"]
    if (await domains.domain(host)).state == "operator":
        raise errors.Forbidden(_("The operator has given this address; only they can take it away."))
    await domains.remove(host)
    return json_answer(RemovedOut(host=host))


async def list_quotas(request: web.Request) -> web.StreamResponse:
    """What the tenant uses of what it may use."""
    return answer_whole(
        request,
        [
            QuotaOut(id=u.id, label=u.label, unit=u.unit, used=u.used, limit=u.limit, share=u.share)
            for u in await quotas.uses()
        ],
    )
