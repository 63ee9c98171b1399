"""The switchboard: why, rehearsal, rules, plans, history, who has what; as pages and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from kernel.app import Greenroom
from kernel.auth import grants
from kernel.base import contract as c
from kernel.base.clock import now
from kernel.engines.connection import sql, sql_one
from kernel.tenancy.snapshots import Snapshot, current_snapshot, is_on
from kernel.tenancy.switch_rules import SwitchRule
from kernel.tenancy.toggles import offer, stop_everywhere, switch
from kernel.testing.people import Site, TenantKit
from kernel.web import sockets
from kernel.work import table

RunJobs = Callable[..., Awaitable[int]]
PLUGIN, FEATURE, JOB = "helpdesk", "users.applications", "helpdesk.close_solved"


@pytest.fixture
async def owner(tenant: TenantKit, greenroom: Greenroom) -> Site:
    missing = {PLUGIN, "users"} - set(greenroom.runtime.registry.ready)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return await tenant.sign_in("owner", name="Ada")


def snapshot_of(greenroom: Greenroom, kit: TenantKit) -> Snapshot:
    found = greenroom.runtime.snapshots.of(kit.ref.id)
    assert found is not None
    return found


async def actions(kit: TenantKit) -> list[str]:
    """What was recorded besides switches."""
    with kit.scope():
        rows = await sql(
            "SELECT data->>'action' AS action FROM kernel_event WHERE tenant_id = $1 AND name = 'kernel.audited.v1'"
            " ORDER BY occurred_at", kit.ref.id,
        )  # fmt: skip
    return [row.action for row in rows if row.action.startswith("kernel.") and "switch" in row.action]


# --- why -------------------------------------------------------------------------------------------------------


async def test_every_condition_is_explained(tenant: TenantKit, owner: Site) -> None:
    page = await owner.get(f"/admin/plugins/{FEATURE}")
    for words in ("Why it is on", "Installed and working", "Offered by the operator", "Requires People, which is on"):
        assert words in page.text, words
    await owner.post("/admin/plugins/users", {"on": "0", "reason": "for a rest", "follow": "1"})
    page = await owner.get(f"/admin/plugins/{FEATURE}")
    assert "Why it is off" in page.text
    assert "Requires People, which is off" in page.text
    page = await owner.get("/admin/plugins/users")
    assert "Switched off by Ada" in page.text
    assert "for a rest" in page.text


async def test_the_operators_word_is_explained(tenant: TenantKit, owner: Site) -> None:
    await offer(PLUGIN, False, tenant=tenant.ref, reason="not in your plan")
    assert "Not offered by the operator: not in your plan" in (await owner.get(f"/admin/plugins/{PLUGIN}")).text
    await stop_everywhere(PLUGIN, True, reason="it leaks")
    try:
        page = await owner.get(f"/admin/plugins/{PLUGIN}")
        assert "Stopped by the operator: it leaks" in page.text
        assert "The operator has stopped Helpdesk everywhere" in page.text
        assert (await owner.get("/help")).status == 404
    finally:
        await stop_everywhere(PLUGIN, False)


async def test_who_has_what(tenant: TenantKit, owner: Site) -> None:
    bob = await tenant.account(email="bob@example.test", name="Bob")
    rule = SwitchRule(percent=0, roles=frozenset({"owner"}), accounts=frozenset({bob}))
    await switch(tenant.ref, FEATURE, True, reason="a try", rule=rule)

    async def row(query: str) -> str:
        page = await owner.get(f"/admin/switch-playground?{query}")
        assert page.status == 200
        return re.search(r"<tr><td>(?:(?!</tr>).)*users\.applications.*?</tr>", page.text, re.DOTALL)[0]  # type: ignore[index]

    assert "Is on the list" in (found := await row("account=bob@example.test"))
    assert ">On<" in found
    assert "the first 0 have it" in (found := await row("role=owner"))
    assert ">Off<" in found
    assert "Has none of the roles Owner" in await row("role=member")
    assert "nobody is" in await row("visitor=1")
    assert "There is no account" in (await owner.get("/admin/switch-playground?account=x@y.test")).text
    assert (await owner.get("/admin/switch-playground?role=nonsense")).status == 200


# --- rehearsal -------------------------------------------------------------------------------------------------


async def test_a_rehearsal_counts_jobs_and_connections(tenant: TenantKit, greenroom: Greenroom, owner: Site) -> None:
    with tenant.scope():
        job = table.NewJob(
            tenant_id=tenant.ref.id,
            plugin=PLUGIN,
            name=JOB,
            args="{}",
            run_at=now() + timedelta(hours=1),
            max_attempts=1,
        )
        await table.insert([job])
        tie = greenroom.app[sockets.CONNECTIONS].tie(PLUGIN, "", lambda code: None)
    try:
        page = await owner.get(f"/admin/plugins/{PLUGIN}")
    finally:
        greenroom.app[sockets.CONNECTIONS].untie(tie)
    assert "1 queued job waits until it is on again" in page.text
    assert "1 open connection closes" in page.text
    assert re.search(r"[0-9]+ kinds? of background work", page.text)
    assert "GET /help" in page.text
    shown = (await owner.get(f"/api/v1/switches/{PLUGIN}/rehearsal?on=false")).json()
    assert (shown["jobs_waiting"], shown["refusal"], shown["plugins"]) == (1, "", [PLUGIN])
    assert JOB in shown["jobs"]
    with tenant.scope():
        assert is_on(PLUGIN), "a rehearsal changes nothing"


async def test_register_impacts_are_shown_and_a_failing_one_is_not_in_the_way(
    tenant: TenantKit, greenroom: Greenroom, owner: Site
) -> None:
    """Hook register_impacts: what a plugin itself counts stands before the question."""

    async def tell() -> list[str]:
        return ["3 open tickets"]

    async def fail() -> list[str]:
        raise RuntimeError("no")

    registry = greenroom.runtime.registry
    before = registry.impacts
    ours = (c.SwitchImpact(name="helpdesk.open", tell=tell), c.SwitchImpact(name="helpdesk.ill", tell=fail))
    object.__setattr__(registry, "impacts", {**before, PLUGIN: ours})
    try:
        page = await owner.get(f"/admin/plugins/{PLUGIN}")
        assert "3 open tickets" in page.text
        assert "It could not be counted." in page.text
        shown = (await owner.get(f"/api/v1/switches/{PLUGIN}/rehearsal")).json()
        assert shown["own"] == {"Helpdesk": ["3 open tickets", "It could not be counted."]}
        assert (await owner.get(f"/api/v1/switches/{PLUGIN}/rehearsal?on=true")).json()["own"] == {}
    finally:
        object.__setattr__(registry, "impacts", before)


# --- for some ---------------------------------------------------------------------------------------------------


async def test_a_rule_is_set_shown_and_lifted_on_the_page(tenant: TenantKit, greenroom: Greenroom, owner: Site) -> None:
    bob = await tenant.account(email="bob@example.test")
    sent = {
        "percent": "10", "roles": "member", "people": "bob@example.test", "domains": "example.com",
        "since": "2026-01-01T10:00", "until": "2099-01-01T10:00", "reason": "a careful start",
    }  # fmt: skip
    assert (await owner.post(f"/admin/plugins/{FEATURE}/rule", sent)).status == 303
    rule = snapshot_of(greenroom, tenant).rules[FEATURE]
    assert (rule.percent, rule.roles, rule.accounts) == (10, {"member"}, {bob})
    assert rule.since is not None
    assert rule.since.isoformat() == "2026-01-01T09:00:00+00:00", "wall time of the tenant's zone"
    listed = await owner.get("/admin/plugins")
    assert "On for 10 % of people with the role Member, 1 person on the list, @example.com" in listed.text
    page = await owner.get(f"/admin/plugins/{FEATURE}")
    assert 'value="2026-01-01T10:00"' in page.text
    assert "bob@example.test" in page.text
    assert (await owner.post(f"/admin/plugins/{FEATURE}/rule", {"reason": "for everybody"})).status == 303
    assert snapshot_of(greenroom, tenant).rules == {}


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"percent": "101"}, "Enter a share from 0 to 100"),
        ({"percent": "x"}, "Enter a whole number"),
        ({"people": "nobody@example.test"}, "No account has this address: nobody@example.test"),
        ({"roles": "emperor"}, "There is no role called emperor"),
        ({"domains": "not_one"}, "This is not a domain: not_one"),
        ({"since": "2026-03-29T02:30"}, "this time is skipped"),
        ({"since": "2027-01-01T00:00", "until": "2026-01-01T00:00"}, "The end must come after the beginning"),
        ({"reason": ""}, "Enter a reason"),
    ],
)
async def test_a_bad_rule_comes_back_as_typed(
    tenant: TenantKit, greenroom: Greenroom, owner: Site, sent: dict[str, str], words: str
) -> None:
    back = await owner.post(f"/admin/plugins/{FEATURE}/rule", {"reason": "a try", **sent})
    assert back.status == 422
    assert words in back.text
    assert snapshot_of(greenroom, tenant).choices.get(FEATURE) is None


async def test_a_plugin_that_is_locked_or_unknown_takes_no_rule(tenant: TenantKit, owner: Site) -> None:
    for key in ("kernel", "nope", "nope.x"):
        assert (await owner.post(f"/admin/plugins/{key}/rule", {"reason": "a try", "percent": "5"})).status == 404


# --- later ------------------------------------------------------------------------------------------------------


async def plan(owner: Site, key: str, on: bool, at: str = "2027-01-15T08:00") -> None:
    answer = await owner.post(f"/admin/plugins/{key}/plan", {"on": str(int(on)), "at": at, "reason": "as agreed"})
    assert answer.status == 303, answer.text[:2000]


@pytest.fixture
def year() -> str:
    return f"{(now() + timedelta(days=30)):%Y-%m-%d}T08:00"


async def test_a_planned_switch_is_done_once_at_its_time(
    tenant: TenantKit, greenroom: Greenroom, owner: Site, run_jobs: RunJobs, year: str
) -> None:
    await plan(owner, PLUGIN, False, year)
    assert "Goes off" in (await owner.get("/admin/plugins")).text
    await run_jobs(tenant)
    with tenant.scope():
        assert is_on(PLUGIN), "not before its time"
    await run_jobs(tenant, until=now() + timedelta(days=40))
    with tenant.scope():
        assert not is_on(PLUGIN)
        why = current_snapshot().why[PLUGIN]
        rows = await sql("SELECT state FROM kernel_planned_switch WHERE tenant_id = $1", tenant.ref.id)
    assert (why.reason, why.actor_id) == ("as agreed", owner.account_id)
    assert [row.state for row in rows] == ["done"]
    assert await actions(tenant) == ["kernel.switch_planned"]
    await owner.post(f"/admin/plugins/{PLUGIN}", {"on": "1"})
    await run_jobs(tenant, until=now() + timedelta(days=40))
    with tenant.scope():
        assert is_on(PLUGIN), "once and not again"


async def test_a_plan_is_called_off(tenant: TenantKit, owner: Site, run_jobs: RunJobs, year: str) -> None:
    await plan(owner, PLUGIN, False, year)
    page = await owner.get(f"/admin/plugins/{PLUGIN}")
    target = re.search(r'action="(/admin/switch-plans/[0-9a-f-]+/cancel)"', page.text)
    assert target is not None
    assert (await owner.post(target[1])).status == 303
    assert (await owner.post(target[1])).status == 409
    assert await actions(tenant) == ["kernel.switch_planned", "kernel.switch_plan_cancelled"]
    await run_jobs(tenant, until=now() + timedelta(days=40))
    with tenant.scope():
        assert is_on(PLUGIN)


async def test_a_plan_whose_ground_is_gone_is_refused_and_told(
    tenant: TenantKit, owner: Site, run_jobs: RunJobs, year: str
) -> None:
    await owner.post("/admin/plugins/users", {"on": "0", "reason": "for a rest", "follow": "1"})
    await owner.post("/admin/plugins/users", {"on": "1"})
    await plan(owner, "users", False, year)  # without agreeing to what follows
    await run_jobs(tenant, until=now() + timedelta(days=40))
    with tenant.scope():
        assert is_on("users")
        row = await sql_one("SELECT state, note FROM kernel_planned_switch WHERE tenant_id = $1", tenant.ref.id)
    assert row is not None
    assert row.state == "refused"
    assert "Other plugins need it" in row.note
    page = await owner.get("/admin/plugins/users")
    assert "Could not be done" in page.text


async def test_whoever_lost_the_right_switches_nothing_later(
    tenant: TenantKit, owner: Site, run_jobs: RunJobs, year: str
) -> None:
    admin = await tenant.sign_in("admin")
    await plan(admin, PLUGIN, False, year)
    with tenant.scope():
        assert admin.account_id is not None
        await grants.revoke(admin.account_id, "admin")
    await run_jobs(tenant, until=now() + timedelta(days=40))
    with tenant.scope():
        assert is_on(PLUGIN)
        row = await sql_one("SELECT note FROM kernel_planned_switch WHERE tenant_id = $1", tenant.ref.id)
    assert row is not None
    assert "may no longer" in row.note


@pytest.mark.parametrize("at", ["2020-01-01T00:00", "2190-01-01T00:00", "nonsense", ""])
async def test_odd_times_are_refused(tenant: TenantKit, owner: Site, at: str) -> None:
    back = await owner.post(f"/admin/plugins/{PLUGIN}/plan", {"on": "0", "at": at, "reason": "as agreed"})
    assert back.status == 422


async def test_dates_of_a_rule_tell_plugins_and_the_record(
    tenant: TenantKit, greenroom: Greenroom, owner: Site, run_jobs: RunJobs
) -> None:
    rule = SwitchRule(until=now() + timedelta(days=10))
    await switch(tenant.ref, PLUGIN, True, reason="a trial", rule=rule)
    await run_jobs(tenant, raising=False)
    await run_jobs(tenant, until=now() + timedelta(days=11), raising=False)
    with tenant.scope():
        rows = await sql(
            "SELECT data FROM kernel_event WHERE tenant_id = $1 AND name = 'kernel.plugin_switched.v1'"
            " ORDER BY occurred_at", tenant.ref.id,
        )  # fmt: skip
    told = [json.loads(row.data) if isinstance(row.data, str) else row.data for row in rows]
    assert [(one["key"], one["after"], one["reason"]) for one in told] == [
        (PLUGIN, True, "a trial"), (PLUGIN, False, "As planned by its dates"),
    ]  # fmt: skip


# --- history ----------------------------------------------------------------------------------------------------


async def test_the_last_change_is_taken_back_with_one_click(tenant: TenantKit, owner: Site) -> None:
    await owner.post(f"/admin/plugins/{PLUGIN}", {"on": "0", "reason": "too loud"})
    history = await owner.get("/admin/switch-history")
    assert "too loud" in history.text
    target = re.search(r'action="(/admin/switch-history/[0-9a-f-]+/undo)"', history.text)
    assert target is not None
    assert (await owner.post(target[1])).status == 303
    with tenant.scope():
        assert is_on(PLUGIN)
    assert "Taken back: too loud" in (await owner.get("/admin/switch-history")).text
    assert (await owner.post(target[1])).status == 409
    assert (await owner.post(f"/admin/switch-history/{uuid4()}/undo")).status == 404
    assert (await owner.post("/admin/switch-history/x/undo")).status == 404


async def test_another_tenants_history_and_plans_are_not_there(
    tenant: TenantKit, other_tenant: TenantKit, owner: Site, year: str
) -> None:
    await owner.post(f"/admin/plugins/{PLUGIN}", {"on": "0", "reason": "too loud"})
    await plan(owner, PLUGIN, True, year)
    changes = (await owner.get("/api/v1/switch-changes")).json()["items"]
    plans = (await owner.get("/api/v1/switch-plans")).json()["items"]
    stranger = await other_tenant.sign_in("owner")
    assert (await stranger.post(f"/api/v1/switch-changes/{changes[0]['id']}/undo", json={})).status == 404
    assert (await stranger.post(f"/api/v1/switch-plans/{plans[0]['id']}", method="DELETE")).status == 404
    assert (await stranger.get("/api/v1/switch-changes")).json() == {"items": [], "next": None}
    assert "too loud" not in (await stranger.get("/admin/switch-history")).text


# --- stale ------------------------------------------------------------------------------------------------------


async def test_a_feature_that_outlived_its_purpose_is_reported(
    tenant: TenantKit, greenroom: Greenroom, owner: Site
) -> None:
    registry = greenroom.runtime.registry
    before = registry.features_by_id
    plugin, _feature = before[FEATURE]
    dated = c.Feature(id=FEATURE, label="Applications of interviewers", kind="release")
    object.__setattr__(registry, "features_by_id", {**before, FEATURE: (plugin, dated)})
    try:
        assert "outlived" not in (await owner.get("/admin/plugins")).text
        with tenant.scope():
            await switch(tenant.ref, FEATURE, True)
            await sql(
                "UPDATE kernel_toggle SET changed_at = $2 WHERE tenant_id = $1",
                tenant.ref.id,
                now() - timedelta(days=90),
            )
        await greenroom.runtime.snapshots.refresh(force=True)
        page = await owner.get("/admin/plugins")
        assert "on for everybody since 90 days; it was meant for 40. Remove the switch." in page.text
    finally:
        object.__setattr__(registry, "features_by_id", before)
