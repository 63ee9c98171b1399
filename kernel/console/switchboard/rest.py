"""Switches as JSON: the same as on the pages, with the same refusals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from ...auth.sessions import actor_of
from ...base.context import current_tenant
from ...base.errors import Invalid, NotFound
from ...base.i18n import _
from ...base.ids import parse_id
from ...base.runtime import runtime
from ...plugging.manifest import KERNEL
from ...tenancy.planning import rehearse
from ...tenancy.snapshots import Snapshot, whole_snapshot
from ...tenancy.switch_rules import reader_of
from ...tenancy.toggles import switch
from ...web.body import read_json
from ...web.forms import Form, read_query
from ...web.paging import Listing, Page, answer_whole, read_listing
from ...web.views import json_answer
from .explaining import Names, explain, names_for
from .history import Change, recent, take_back_change
from .planned import cancel_plan, plan_switch, plans
from .rule_form import RuleIn, rule_sent
from .touching import touched_by


class StepOut(BaseModel):
    text: str
    ok: bool


class SwitchOut(BaseModel):
    """`kind` is plugin, or what kind of feature it is. `rule` is null for everybody, always."""

    key: str
    title: str
    kind: str
    on: bool
    chosen: bool | None
    rule: RuleIn | None
    steps: list[StepOut]


class SwitchQuery(Form):
    account: Annotated[str, Field(max_length=40, description="The person to look as; empty: everybody.")] = ""


class SwitchPatch(BaseModel):
    """`follow` agrees to what a rehearsal lists: dependants and rivals go off, requirements come on."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    on: bool
    reason: Annotated[str, Field(max_length=500)] = ""
    follow: bool = False
    rule: RuleIn | None = None


class RehearsalOut(BaseModel):
    """Names of what appears or goes; counts of jobs and of connections of the answering process."""

    key: str
    on: bool
    refusal: str
    follows: list[str]
    yields: list[str]
    plugins: list[str]
    features: list[str]
    routes: list[str]
    jobs: list[str]
    widgets: list[str]
    subscribers: list[str]
    own: dict[str, list[str]]
    jobs_waiting: int
    jobs_parked: int
    jobs_finishing: int
    sockets: int


class MovedOut(BaseModel):
    key: str
    on: bool


class ChangeOut(BaseModel):
    """`may_undo`: nothing of it was changed since."""

    id: UUID
    switches: list[MovedOut]
    by: str
    reason: str
    at: datetime
    may_undo: bool


class RehearsalQuery(Form):
    on: Annotated[bool, Field(description="Rehearse switching on, not off.")] = False


class PlanIn(BaseModel):
    """`at` is an instant with its offset."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    key: Annotated[str, Field(max_length=100)]
    on: bool
    at: datetime
    reason: Annotated[str, Field(min_length=3, max_length=500)]
    follow: bool = False


class PlanOut(BaseModel):
    id: UUID
    key: str
    on: bool
    at: datetime
    reason: str
    state: Literal["waiting", "done", "cancelled", "refused"]
    note: str


def _known(key: str) -> str:
    if key == KERNEL or runtime().registry.owner(key) is None:
        raise NotFound()
    return key


def _out(snapshot: Snapshot, key: str, names: Names) -> SwitchOut:
    registry = runtime().registry
    choice = snapshot.choices.get(key)
    rule = choice.rule if choice is not None and choice.is_on else None
    verdict = explain(snapshot, key, names)
    return SwitchOut(
        key=key,
        title=_(registry.title(key)),
        kind="plugin" if key in registry.plugins else registry.features_by_id[key][1].kind,
        on=verdict.on,
        chosen=choice.is_on if choice is not None else None,
        rule=RuleIn.model_validate(rule.stored()) if rule is not None else None,
        steps=[StepOut(text=step.text, ok=step.ok) for step in verdict.steps],
    )


async def list_switches(request: web.Request) -> web.StreamResponse:
    """Every plugin and feature, whether it is on, and why."""
    registry, snapshot = runtime().registry, whole_snapshot()
    names = await names_for(snapshot)
    keys = [key for pid in registry.plugins for key in (pid, *(f.id for f in registry.features.get(pid, ())))]
    return answer_whole(request, [_out(snapshot, key, names) for key in keys if key != KERNEL])


async def read_switch(request: web.Request) -> web.StreamResponse:
    """One plugin or feature; with `account`, whether that person has it, and why."""
    key, snapshot = _known(request.match_info["key"]), whole_snapshot()
    names = await names_for(snapshot)
    out = _out(snapshot, key, names)
    asked = read_query(request, SwitchQuery)
    if asked.value is None:
        raise Invalid(asked.errors)
    if asked.value.account:
        account_id = parse_id(asked.value.account)
        actor = await actor_of(account_id) if account_id is not None else None
        if actor is None:
            raise Invalid({"account": _("There is no such account.")})
        verdict = explain(snapshot, key, names, reader_of(actor))
        steps = [StepOut(text=step.text, ok=step.ok) for step in verdict.steps]
        out = out.model_copy(update={"on": verdict.on, "steps": steps})
    return json_answer(out)


async def patch_switch(request: web.Request) -> web.StreamResponse:
    """Switch on or off, for everybody or by a rule."""
    key = _known(request.match_info["key"])
    data = await read_json(request, SwitchPatch)
    if not data.on and len(data.reason) < 3:
        raise Invalid({"reason": _("Enter a reason, so that others understand later")})
    rule = await rule_sent(data.rule)
    snapshot = await switch(current_tenant(), key, data.on, reason=data.reason, cascade=data.follow, rule=rule)
    return json_answer(_out(snapshot, key, await names_for(snapshot)))


async def read_rehearsal(request: web.Request) -> web.StreamResponse:
    """What switching it on or off would touch. Changes nothing."""
    key = _known(request.match_info["key"])
    asked = read_query(request, RehearsalQuery)
    if asked.value is None:
        raise Invalid(asked.errors)
    what = rehearse(key, asked.value.on)
    touched = await touched_by(what, request.app)
    return json_answer(
        RehearsalOut(
            key=key, on=what.on, refusal=what.refusal, follows=list(what.also), yields=list(what.yields),
            plugins=list(what.plugins), features=list(what.features), routes=list(what.routes), jobs=list(what.jobs),
            widgets=list(what.widgets), subscribers=list(what.subscribers),
            own={title: list(lines) for title, lines in touched.own}, jobs_waiting=touched.waiting,
            jobs_parked=touched.parked, jobs_finishing=touched.finishing, sockets=touched.sockets,
        )
    )  # fmt: skip


async def list_changes(request: web.Request) -> web.StreamResponse:
    """What was switched last, newest first."""
    asked = read_listing(request, Listing)
    skipped = (asked.number - 1) * asked.limit
    found = await recent(limit=asked.limit + 1, offset=skipped)
    items = [_change(change) for change in found[: asked.limit]]
    return json_answer(Page[ChangeOut](items=items, next=asked.next(skipped + len(found))))


def _change(change: Change) -> ChangeOut:
    return ChangeOut(
        id=change.batch_id, switches=[MovedOut(key=one.key, on=one.on) for one in change.moved],
        by=change.who, reason=change.reason, at=change.at, may_undo=change.last,
    )  # fmt: skip


async def undo_change(request: web.Request) -> web.StreamResponse:
    """Take a change back, with all that moved along; the answer is the change that did it."""
    batch_id = parse_id(request.match_info["id"])
    if batch_id is None:
        raise NotFound()
    await take_back_change(batch_id)
    [change] = await recent(limit=1)
    return json_answer(_change(change))


def _plan(row: Any) -> PlanOut:
    return PlanOut(id=row.id, key=row.key, on=row.is_on, at=row.at, reason=row.reason, state=row.state, note=row.note)


async def list_plans(request: web.Request) -> web.StreamResponse:
    """Switches that are planned, and those of the last week that could not be done."""
    return answer_whole(request, [_plan(row) for row in await plans()])


async def create_plan(request: web.Request) -> web.StreamResponse:
    """Plan a switch for a time to come."""
    data = await read_json(request, PlanIn)
    if data.at.tzinfo is None:
        raise Invalid({"at": _("Give the time with its offset from UTC.")})
    row = await plan_switch(_known(data.key), data.on, data.at, reason=data.reason, cascade=data.follow)
    return json_answer(_plan(row), 201)


async def delete_plan(request: web.Request) -> web.StreamResponse:
    """Call a planned switch off."""
    row = await cancel_plan(request.match_info["id"])
    return json_answer(_plan(row).model_copy(update={"state": "cancelled"}))
