"""The admin's pages: switchboard, settings, roles, jobs; and who may not open them."""

from __future__ import annotations

import asyncio
import html
import re
from uuid import UUID

import pytest

from kernel.app import Greenroom
from kernel.auth import accounts, permissions
from kernel.base.clock import now
from kernel.base.ids import new_id
from kernel.engines.connection import execute, sql, sql_one
from kernel.plugging.registry import PluginInfo
from kernel.tenancy.settings import setting
from kernel.tenancy.snapshots import current_snapshot
from kernel.testing.people import TenantKit
from kernel.work import isolation


def kernel_pages(greenroom: Greenroom, method: str = "GET") -> list[str]:
    """Paths of the kernel's own routes that need a right which not every member has."""
    registry = greenroom.runtime.registry
    everybodys = {p.id for p in registry.permissions["kernel"] if "member" in p.roles} | {"kernel.signed_in", None}
    return [r.path for r in registry.routes["kernel"] if r.method == method and r.permission not in everybodys]


def switchable(greenroom: Greenroom) -> list[PluginInfo]:
    return [p for p in greenroom.runtime.registry.plugins.values() if p.ready and not p.locked and p.id != "kernel"]


def filled(path: str) -> str:
    return re.sub(r"\{\w+(:([^{}]|\{[^{}]*\})*)?\}", "x", path)  # a pattern may hold braces itself


async def test_who_may_not(tenant: TenantKit, greenroom: Greenroom) -> None:
    member, visitor = await tenant.sign_in(), tenant.visitor()
    for path in kernel_pages(greenroom):
        assert (await member.get(filled(path))).status == 403, path
        asked = await visitor.get(filled(path))
        assert asked.status == 401 if "/api/" in path else asked.location.startswith("/sign-in?next="), path
    for path in kernel_pages(greenroom, "POST"):
        assert (await member.post(filled(path))).status == 403, path
        assert (await visitor.post(filled(path))).status == 401, path


async def test_every_form_carries_the_token_and_every_page_one_heading(tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    for path in ("/home", "/admin/plugins", "/admin/settings", "/admin/roles", "/admin/roles/admin", "/admin/jobs",
                 "/admin/events", "/admin/events/of/kernel.account_created.v1", "/admin/problems", "/admin/domains",
                 "/admin/limits", "/admin/setting/kernel.idle_days", "/admin/tokens", "/admin/switch-history",
                 "/admin/switch-playground?visitor=1", "/admin/plugins/users", "/account/tokens", "/developers/api",
                 "/developers/api/kernel", "/account/preferences", "/account/security", "/sign-in", "/"):  # fmt: skip
        site = owner if path not in ("/sign-in", "/") else tenant.visitor()
        page = await site.get(path)
        assert page.status == 200, path
        assert len(re.findall(r"<h1[ >]", page.text)) == 1, path
        for form in re.findall(r"<form\b.*?</form>", page.text, re.DOTALL):
            if 'method="post"' in form:
                assert 'name="_csrf"' in form, (path, form[:200])
        ids = re.findall(r'\sid="([^"]+)"', page.text)
        assert len(ids) == len(set(ids)), (path, sorted(i for i in ids if ids.count(i) > 1))
        assert "style=" not in page.text, path


# --- switchboard ------------------------------------------------------------------------------------------------


async def test_switching_off_asks_first_and_needs_a_reason(tenant: TenantKit, greenroom: Greenroom) -> None:
    plugin = next(p for p in switchable(greenroom) if not greenroom.runtime.registry.dependants(p.id))
    owner = await tenant.sign_in("owner")
    with tenant.scope():
        on = plugin.id in current_snapshot().effective
    if not on:
        pytest.skip("the last plugin is off by default")
    page = await owner.get(f"/admin/plugins/{plugin.id}")
    assert "What this changes" in page.text
    for reason in ("", "  ", "x"):
        refused = await owner.post(f"/admin/plugins/{plugin.id}", {"on": "0", "reason": reason})
        assert refused.status == 422
    done = await owner.post(f"/admin/plugins/{plugin.id}", {"on": "0", "reason": "spring cleaning"})
    assert (done.status, done.location) == (303, "/admin/plugins")
    with tenant.scope():
        assert plugin.id not in current_snapshot().effective
        told = await sql_one(
            "SELECT data->>'reason' AS reason FROM kernel_event WHERE tenant_id = $1 AND name = $2"
            " ORDER BY occurred_at LIMIT 1",
            tenant.ref.id, "kernel.plugin_switched.v1",
        )  # fmt: skip
    assert told is not None
    assert told.reason == "spring cleaning"
    listed = await owner.get("/admin/plugins")
    assert "spring cleaning" in listed.text
    again = await owner.post(f"/admin/plugins/{plugin.id}", {"on": "1", "reason": "needed again"})
    assert again.status == 303
    with tenant.scope():
        assert plugin.id in current_snapshot().effective


async def test_dependants_have_to_be_agreed_to(tenant: TenantKit, greenroom: Greenroom) -> None:
    registry = greenroom.runtime.registry
    with tenant.scope():
        effective = current_snapshot().effective
    pairs = [(p, [d for d in registry.dependants(p.id) if d in effective]) for p in switchable(greenroom)]
    pair = next(((p, d) for p, d in pairs if d and p.id in effective), None)
    if pair is None:
        pytest.skip("no installed plugin requires another that may be switched")
    plugin, dependants = pair
    owner = await tenant.sign_in("owner")
    page = await owner.get(f"/admin/plugins/{plugin.id}")
    assert html.escape(registry.plugins[dependants[0]].title) in page.text
    refused = await owner.post(f"/admin/plugins/{plugin.id}", {"on": "0", "reason": "not needed"})
    assert refused.status == 409
    assert "not needed" in refused.text  # what was typed is still there
    agreed = await owner.post(f"/admin/plugins/{plugin.id}", {"on": "0", "reason": "not needed", "follow": "1"})
    assert agreed.status == 303
    with tenant.scope():
        assert not {plugin.id, *dependants} & current_snapshot().effective


async def test_what_cannot_be_switched(tenant: TenantKit, greenroom: Greenroom) -> None:
    owner = await tenant.sign_in("owner")
    for key in ("kernel", "nonsense", "no.such_feature", "x" * 99):
        assert (await owner.get(f"/admin/plugins/{key}")).status == 404
        assert (await owner.post(f"/admin/plugins/{key}", {"on": "0", "reason": "because"})).status == 404
    locked = next((p for p in greenroom.runtime.registry.plugins.values() if p.locked and p.id != "kernel"), None)
    if locked is not None:
        assert "This cannot be done" in (await owner.get(f"/admin/plugins/{locked.id}")).text
        assert (await owner.post(f"/admin/plugins/{locked.id}", {"on": "0", "reason": "because"})).status == 409


async def test_failing_parts_are_told(tenant: TenantKit, greenroom: Greenroom) -> None:
    plugin = next(p for p in greenroom.runtime.registry.plugins.values() if p.ready and p.id != "kernel")
    owner = await tenant.sign_in("owner")
    with tenant.scope():
        for _ in range(isolation.ERRORS):
            isolation.record_failure(plugin.id, "widget <b>", RuntimeError("the hose is cut"))
    text = (await owner.get("/admin/plugins")).text
    assert "the hose is cut" in text
    assert "left out until" in text
    assert "widget <b>" not in text


# --- settings ---------------------------------------------------------------------------------------------------


async def test_saving_refusing_resetting(tenant: TenantKit, other_tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    form = [("shown", "kernel.idle_days"), ("kernel.idle_days", "7"), ("q", "")]
    assert (await owner.post("/admin/settings/kernel", form)).status == 303
    with tenant.scope():
        assert setting("kernel.idle_days") == 7
    with other_tenant.scope():
        assert setting("kernel.idle_days") == 14
    assert "Set here" in (await owner.get("/admin/settings")).text
    for bad in ("0", "91", "many", "", "7.5", "९"):
        refused = await owner.post("/admin/settings/kernel", [("shown", "kernel.idle_days"), ("kernel.idle_days", bad)])
        assert refused.status == 422
        assert f'value="{bad}"' in refused.text
        assert "between 1 and 90" in refused.text
    assert (await owner.post("/admin/settings/kernel/reset", {"reset": "kernel.idle_days"})).status == 303
    with tenant.scope():
        assert setting("kernel.idle_days") == 14
    for path, field in (("/admin/settings/nonsense", "x"), ("/admin/settings/kernel/reset", "no.such")):
        assert (await owner.post(path, {"reset": field})).status == 404


async def test_all_or_nothing(tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    form = [("shown", "kernel.idle_days"), ("kernel.idle_days", "5"),
            ("shown", "kernel.session_days"), ("kernel.session_days", "9999")]  # fmt: skip
    assert (await owner.post("/admin/settings/kernel", form)).status == 422
    with tenant.scope():
        assert setting("kernel.idle_days") == 14


async def test_finding_a_setting(tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    found = await owner.get("/admin/settings?q=UNUSED+sign-in")
    assert "kernel.idle_days" in found.text
    assert "kernel.session_days" not in found.text
    none = await owner.get("/admin/settings?q=%3Cscript%3Ezz")
    assert "No setting matches" in none.text
    assert "<script>zz" not in none.text


# --- jobs -------------------------------------------------------------------------------------------------------


async def dead_job(tenant: TenantKit) -> UUID:
    job_id = new_id()
    with tenant.scope():
        await execute(
            "INSERT INTO kernel_job (id, tenant_id, plugin, name, args, queue, state, run_at, attempts, max_attempts,"
            " created_at, finished_at, request_id, last_error) VALUES ($1, $2, 'kernel', 'kernel.clean_auth',"
            " '{}'::jsonb, 'default', 'dead', $3, 3, 3, $3, $3, '', 'Traceback <b>x</b>')",
            job_id, tenant.ref.id, now(),
        )  # fmt: skip
    return job_id


async def test_failed_jobs_are_shown_replayed_and_discarded(tenant: TenantKit, other_tenant: TenantKit) -> None:
    owner, stranger = await tenant.sign_in("owner"), await other_tenant.sign_in("owner")
    job = await dead_job(tenant)
    listed = await owner.get("/admin/jobs")
    assert "kernel.clean_auth" in listed.text
    assert "<b>x</b>" not in listed.text
    assert "Traceback" in (await owner.get(f"/admin/jobs/{job}")).text
    for path in (f"/admin/jobs/{job}", f"/admin/jobs/{new_id()}", "/admin/jobs/x"):
        assert (await stranger.get(path)).status == 404
        for act in ("replay", "discard"):
            assert (await stranger.post(f"{path}/{act}")).status == 404
    assert (await owner.post(f"/admin/jobs/{job}/replay")).status == 303
    with tenant.scope():
        row = await sql_one("SELECT state FROM kernel_job WHERE id = $1", job)
        assert row is not None
        assert row.state == "ready"
    for act in ("replay", "discard"):
        assert (await owner.post(f"/admin/jobs/{job}/{act}")).status == 409
    other = await dead_job(tenant)
    answers = await asyncio.gather(*(owner.post(f"/admin/jobs/{other}/discard") for _ in range(3)))
    assert sorted(a.status for a in answers)[0] == 303
    assert all(a.status in (303, 404, 409) for a in answers)
    with tenant.scope():
        assert await sql("SELECT 1 FROM kernel_job WHERE id = $1", other) == []


async def test_strange_filters_are_harmless(tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    for query in ("state=zz", "page=0", "page=-1", "page=99999999999", "page=%E0%A5%A9", "plugin=%27%3B--"):
        assert (await owner.get(f"/admin/jobs?{query}")).status == 200


# --- roles ------------------------------------------------------------------------------------------------------


async def test_making_a_role_and_giving_it(tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    assert (await owner.post("/admin/roles", {"label": ""})).status == 422
    made = await owner.post("/admin/roles", {"label": "Night Shift"})
    assert made.location == "/admin/roles/night-shift"
    rights = [("rights", "kernel.jobs.view"), ("label", "Night Shift")]
    assert (await owner.post(made.location, rights)).status == 303
    helper = await tenant.sign_in(email="helper@example.test")
    assert (await helper.get("/admin/jobs")).status == 403
    assert (await owner.post(f"{made.location}/give", {"email": "nobody@example.test"})).status == 422
    assert (await owner.post(f"{made.location}/give", {"email": "Helper@example.test"})).status == 303
    assert (await helper.get("/admin/jobs")).status == 200  # at once, in the open session
    assert "helper@example.test" in (await owner.get(made.location)).text
    why = await owner.get("/admin/roles?email=helper@example.test&right=kernel.jobs.view")
    assert "Night Shift" in why.text
    assert (await owner.post(f"{made.location}/take", {"account": str(helper.account_id)})).status == 303
    assert (await helper.get("/admin/jobs")).status == 403
    assert (await owner.post(f"{made.location}/delete")).status == 303
    assert (await owner.get(made.location)).status == 404


async def test_admins_cannot_make_owners_and_the_last_owner_stays(tenant: TenantKit) -> None:
    owner, admin = await tenant.sign_in("owner"), await tenant.sign_in("admin", email="admin@example.test")
    assert (await admin.post("/admin/roles/owner/give", {"email": "admin@example.test"})).status == 403
    assert (await admin.post("/admin/roles/owner/take", {"account": str(owner.account_id)})).status == 403
    last = await owner.post("/admin/roles/owner/take", {"account": str(owner.account_id)})
    assert last.status == 409
    assert "last owner" in last.text
    with tenant.scope():
        assert [c.id for c in await accounts.accounts_with_role(permissions.OWNER)] == [owner.account_id]


# --- palette ----------------------------------------------------------------------------------------------------


async def test_the_palette_finds_only_what_one_may_open(tenant: TenantKit) -> None:
    owner, member = await tenant.sign_in("owner"), await tenant.sign_in()
    urls = [h["url"] for h in (await owner.get("/search?q=plug")).json()["hits"]]
    assert "/admin/plugins" in urls
    assert "/admin/plugins" not in [h["url"] for h in (await member.get("/search?q=plug")).json()["hits"]]
    assert (await owner.get("/search?q=")).json() == {"hits": []}
    assert (await tenant.visitor().get("/search?q=plug")).status in (303, 401)
