"""The audit log: complete, once each, unbroken; and whoever meddles is found out."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from kernel import accounts, audit, execute, now, set_setting, sql, unit_of_work
from kernel.base.clock import shifted_by
from kernel.tenancy.toggles import switch
from kernel.testing.people import TenantKit
from plugins.compliance import queries
from plugins.compliance.models import AuditDetail, AuditEntry
from plugins.compliance.queries import Wanted, changes
from plugins.compliance.recording import Act
from plugins.compliance.routes.audit import harmless
from plugins.compliance.services import log

RunJobs = Callable[..., Awaitable[int]]


async def fill(tenant: TenantKit, count: int = 6) -> None:
    with tenant.scope():
        for number in range(count):
            act = Act(action="shop.price_changed", subject="price", subject_id=str(number), after='{"minor": 1}')
            await log.append(act, event_id=uuid4(), source="", at=now())


# --- writing ---------------------------------------------------------------------------------------------------


async def test_what_the_kernel_tells_becomes_entries(tenant: TenantKit, run_jobs: RunJobs) -> None:
    admin = await tenant.sign_in("admin")
    await admin.post("/admin/settings/users", {"shown": "users.purge_days", "users.purge_days": "9"})
    await run_jobs(tenant)
    with tenant.scope():
        rows = {e.action: e for e in await queries.entries(Wanted(), limit=200)}
    assert {"kernel.tenant_created", "kernel.account_created", "kernel.signed_in", "kernel.role_granted"} <= rows.keys()
    changed = rows["kernel.setting_changed"]
    assert (changed.subject_id, changed.actor_id) == ("users.purge_days", admin.account_id)
    assert [(c.name, c.before, c.after) for c in changed.changes] == [("value", None, "9")]
    assert changed.request_id


async def test_an_event_delivered_twice_is_one_entry(tenant: TenantKit, run_jobs: RunJobs) -> None:
    await fill(tenant, 1)
    event_id = uuid4()
    act = Act(action="a.b", subject="s", subject_id="1")
    with tenant.scope():
        assert await log.append(act, event_id=event_id, source="", at=now())
        assert not await log.append(act, event_id=event_id, source="", at=now())
        assert await AuditEntry.filter(event_id=event_id).count() == 1


async def test_fifty_at_once_make_one_chain(tenant: TenantKit) -> None:
    with tenant.scope():
        acts = (
            log.append(Act(action="a.b", subject="s", subject_id=str(i)), event_id=uuid4(), source="", at=now())
            for i in range(50)
        )
        await asyncio.gather(*acts)
        assert await queries.size() == 50
        verdict = await log.verify()
        assert (verdict.ok, verdict.checked) == (True, 50)


async def test_what_happened_while_the_plugin_was_off_is_caught_up(tenant: TenantKit, run_jobs: RunJobs) -> None:
    await run_jobs(tenant)
    with tenant.scope():
        await switch(tenant.ref, "compliance", False, reason="quiet")
        await set_setting("users.purge_days", 7, reason="while nobody looked")
        await audit.record("shop.price_changed", subject="price", subject_id="1")
    await run_jobs(tenant)
    with tenant.scope():
        assert await AuditEntry.filter(subject_id="users.purge_days").count() == 0
        await switch(tenant.ref, "compliance", True, reason="back")
    await run_jobs(tenant)
    with tenant.scope():
        found = await queries.entries(Wanted(words="while nobody looked"))
        assert [e.subject_id for e in found] == ["users.purge_days"]
        assert await AuditEntry.filter(action="shop.price_changed").count() == 1
        assert await AuditEntry.filter(action="kernel.plugin_switched_off", subject_id="compliance").count() == 1
        before = await queries.size()
        assert await log.reconcile() == 0
        assert await queries.size() == before
        assert (await log.verify()).ok


async def test_secrets_do_not_reach_the_log(tenant: TenantKit, run_jobs: RunJobs) -> None:
    with tenant.scope():
        await audit.record("a.b", subject="s", subject_id="1", after={"api_key": "hunter2-hunter2", "name": "x"})
    await run_jobs(tenant)
    with tenant.scope():
        assert "hunter2" not in str(await AuditDetail.all().values_list("after", flat=True))


# --- meddling --------------------------------------------------------------------------------------------------


@pytest.fixture
async def owner(database: tuple[str, str]) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the tables, who can do what the application cannot."""
    conn = await asyncpg.connect(database[0])
    await conn.execute("SELECT set_config('app.tenant', '*', false)")
    yield conn
    await conn.close()


async def test_the_application_cannot_change_or_delete_entries(tenant: TenantKit) -> None:
    await fill(tenant)
    with tenant.scope():
        for statement in (
            "UPDATE compliance_audit_entry SET action = 'x' WHERE tenant_id = $1",
            "DELETE FROM compliance_audit_entry WHERE tenant_id = $1",
            "DELETE FROM compliance_audit_detail WHERE tenant_id = $1",
            "UPDATE compliance_audit_detail SET after = 'x' WHERE tenant_id = $1",
            "UPDATE compliance_audit_detail SET salt = 'x', erased = true, after = NULL WHERE tenant_id = $1",
        ):
            with pytest.raises(Exception, match=r"append-only|only be erased|permission denied"):
                await execute(statement, tenant.ref.id)
        assert (await log.verify()).ok


async def test_the_owner_too_has_to_disarm_the_table_first(tenant: TenantKit, owner: asyncpg.Connection) -> None:
    await fill(tenant)
    for statement in (
        "UPDATE compliance_audit_entry SET action = 'x'",
        "DELETE FROM compliance_audit_entry",
        "TRUNCATE compliance_audit_entry",
        "TRUNCATE compliance_audit_detail",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await owner.execute(statement)


MEDDLING: tuple[tuple[str, int, str], ...] = (
    ("UPDATE compliance_audit_entry SET action = 'innocent' WHERE tenant_id = $1 AND seq = 3", 3, "changed"),
    ("UPDATE compliance_audit_entry SET actor_id = NULL, at = at - interval '1 day' WHERE tenant_id = $1 AND seq = 1",
     1, "changed"),
    ("UPDATE compliance_audit_entry SET hash = repeat('0', 64) WHERE tenant_id = $1 AND seq = 4", 4, "changed"),
    ("DELETE FROM compliance_audit_entry WHERE tenant_id = $1 AND seq = 3", 3, "missing"),
    ("DELETE FROM compliance_audit_entry WHERE tenant_id = $1 AND seq = 1", 1, "missing"),
    ("DELETE FROM compliance_audit_entry WHERE tenant_id = $1 AND seq = 6", 6, "end"),
    ("DELETE FROM compliance_audit_entry WHERE tenant_id = $1", 1, "end"),
    ("UPDATE compliance_audit_entry SET seq = CASE seq WHEN 2 THEN 5 ELSE 2 END + 100 WHERE tenant_id = $1"
     " AND seq IN (2, 5)", 2, "missing"),
    ("UPDATE compliance_audit_detail SET after = '{\"minor\": 2}' WHERE tenant_id = $1 AND entry_id ="
     " (SELECT id FROM compliance_audit_entry WHERE tenant_id = $1 AND seq = 2)", 2, "detail"),
    ("UPDATE compliance_audit_detail SET reason = 'by order' WHERE tenant_id = $1 AND entry_id ="
     " (SELECT id FROM compliance_audit_entry WHERE tenant_id = $1 AND seq = 5)", 5, "detail"),
    ("DELETE FROM compliance_audit_detail WHERE tenant_id = $1 AND entry_id ="
     " (SELECT id FROM compliance_audit_entry WHERE tenant_id = $1 AND seq = 4)", 4, "detail"),
    ("UPDATE compliance_audit_detail SET after = NULL, erased = true WHERE tenant_id = $1 AND entry_id ="
     " (SELECT id FROM compliance_audit_entry WHERE tenant_id = $1 AND seq = 4)", 4, "detail"),
)  # fmt: skip


@pytest.mark.parametrize(("statement", "broken", "fault"), MEDDLING)
async def test_meddling_is_found_at_its_first_entry(
    tenant: TenantKit, other_tenant: TenantKit, owner: asyncpg.Connection, statement: str, broken: int, fault: str
) -> None:
    await fill(tenant)
    await fill(other_tenant)
    async with owner.transaction():
        for table in ("compliance_audit_entry", "compliance_audit_detail"):
            await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await owner.execute(statement, tenant.ref.id)
        for table in ("compliance_audit_entry", "compliance_audit_detail"):
            await owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    with tenant.scope():
        verdict = await log.verify()
    assert (verdict.ok, verdict.broken, verdict.fault) == (False, broken, fault)
    with other_tenant.scope():
        assert (await log.verify()).ok
    admin = await tenant.sign_in("admin")
    page = await admin.post("/admin/audit/verify")
    assert f"The log does not hold at entry {broken}" in page.text


async def test_swapping_two_entries_whole_is_found(tenant: TenantKit, owner: asyncpg.Connection) -> None:
    """Even with hashes made anew: the chain does not fit."""
    await fill(tenant)
    with tenant.scope():
        two, three = await AuditEntry.get(seq=2), await AuditEntry.get(seq=3)
    async with owner.transaction():
        await owner.execute("ALTER TABLE compliance_audit_entry DISABLE TRIGGER USER")
        for row, seq in ((two, 1002), (three, 2), (two, 3)):
            changed = log.link_of(row)
            hash_now = type(changed)(**{n: getattr(changed, n) for n in changed.__dataclass_fields__} | {"seq": seq})
            await owner.execute(
                "UPDATE compliance_audit_entry SET seq = $2, hash = $3 WHERE id = $1", row.id, seq, hash_now.hash()
            )
        await owner.execute("ALTER TABLE compliance_audit_entry ENABLE TRIGGER USER")
    with tenant.scope():
        verdict = await log.verify()
    assert (verdict.broken, verdict.fault) == (2, "order")


async def test_erased_details_leave_the_chain_whole(tenant: TenantKit, run_jobs: RunJobs) -> None:
    person = await tenant.account("candidate", email="canary@example.test", name="Canary Bird")
    with tenant.scope():
        await audit.record("shop.sold", subject="order", subject_id="7", after={"to": "canary@example.test"})
        await accounts.lock(person, reason="Canary Bird asked for it")
    await run_jobs(tenant)
    with tenant.scope():
        assert "canary" in str(await AuditDetail.all().values_list("after", flat=True))
        assert await log.forget(person, ("canary@example.test", "Canary Bird")) >= 3
        told = str(await AuditDetail.all().values_list("before", "after", "reason"))
        assert "canary" not in told.lower()
        verdict = await log.verify()
        assert verdict.ok, verdict
        found = await queries.entries(Wanted(action="kernel.account_locked"))
        assert (found[0].erased, found[0].reason, found[0].changes) == (True, "", [])
        assert await log.forget(person, ()) == 0


# --- reading -----------------------------------------------------------------------------------------------------


async def test_only_those_with_the_right_read_it(tenant: TenantKit) -> None:
    member = await tenant.sign_in("candidate", "interviewer")
    for path in ("/admin/audit", "/admin/audit.csv", "/api/v1/compliance/audit", "/api/v1/compliance/audit/verify"):
        assert (await member.get(path)).status == 403
    assert (await member.post("/admin/audit/verify")).status == 403


async def test_a_tenant_sees_its_own_log_only(tenant: TenantKit, other_tenant: TenantKit) -> None:
    with other_tenant.scope():
        act = Act(action="shop.secret_opened", subject="vault", subject_id="foreign-vault")
        await log.append(act, event_id=uuid4(), source="", at=now())
    admin = await tenant.sign_in("admin")
    for path in ("/admin/audit?q=vault", "/admin/audit.csv", "/api/v1/compliance/audit"):
        assert "foreign-vault" not in (await admin.get(path)).text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=blue", ["colour"]),
        ("q=100%25", []),
        ("q=Rainy+day", ["weather"]),
        ("q=req-77", ["weather"]),
        ("action=shop.colour_changed", ["colour"]),
        ("action=nothing.here", []),
        ("who=Grace", ["colour"]),
        ("who=Nobody", []),
        ("since=2026-01-02", ["weather"]),
        ("until=2026-01-01", ["colour"]),
        ("since=2026-01-01&until=2026-01-02", ["weather", "colour"]),
    ],
)
async def test_search_and_filters(tenant: TenantKit, query: str, expected: list[str]) -> None:
    admin = await tenant.sign_in("admin", zone="UTC")
    grace = await tenant.account(name="Grace Hopper")
    with tenant.scope():
        for subject, day, actor, reason, request in (
            ("colour", 1, grace, "", ""),
            ("weather", 2, None, "Rainy day", "req-77"),
        ):
            act = Act(
                action=f"shop.{subject}_changed", subject=subject, subject_id=subject, before='{"was": "red"}',
                after='{"was": "blue"}' if subject == "colour" else None, reason=reason,
            )  # fmt: skip
            at = datetime(2026, 1, day, 12, tzinfo=UTC)
            await log.append(act, event_id=uuid4(), source="", at=at, actor_id=actor, request_id=request)
    answer = await admin.get(f"/api/v1/compliance/audit?{query}")
    assert [e["subject"] for e in answer.json()["items"]] == expected
    page = await admin.get(f"/admin/audit?{query}")
    assert page.status == 200
    assert ("No entry matches" in page.text) == (not expected)


async def test_odd_filters_do_no_harm(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    for query in (
        "since=yesterday",
        "before=abc",
        "before=-1",
        "q=%00",
        "q=" + "x" * 200,
        "until=9999-99-99",
        "until=9999-12-31",
        "since=0001-01-01",
        "who=%25",
    ):
        refused = 400 if "%00" in query else 200
        assert (await admin.get(f"/admin/audit?{query}")).status == refused
        assert (await admin.get(f"/api/v1/compliance/audit?{query}")).status in (200, 400, 422)
        assert (await admin.get(f"/admin/audit.csv?{query}")).status in (200, 400)


async def test_pages_follow_each_other_without_gap_or_repetition(tenant: TenantKit) -> None:
    await fill(tenant, 120)
    admin = await tenant.sign_in("admin")
    seen: list[int] = []
    path = "/api/v1/compliance/audit?action=shop.price_changed"
    while True:
        answer = (await admin.get(path)).json()
        seen += [e["seq"] for e in answer["items"]]
        if answer["next"] is None:
            break
        path = f"/api/v1/compliance/audit?action=shop.price_changed&cursor={answer['next']}"
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == len(seen) == 120


async def test_the_export_is_safe_in_a_spreadsheet_and_itself_on_record(tenant: TenantKit, run_jobs: RunJobs) -> None:
    admin = await tenant.sign_in("admin")
    with tenant.scope():
        act = Act(action="a.b", subject="s", subject_id="=cmd|' /C calc'!A0", after='{"x": "@SUM(1)"}', reason="+1+1")
        await log.append(act, event_id=uuid4(), source="", at=now())
    answer = await admin.get("/admin/audit.csv?q=cmd")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert rows[0][:3] == ["number", "time_utc", "actor"]
    assert len(rows) == 2
    assert not any(cell[:1] in "=+-@" for cell in rows[1] if cell)
    await run_jobs(tenant)
    with tenant.scope():
        exported = await queries.entries(Wanted(action="compliance.audit_exported"))
    assert [e.actor_id for e in exported] == [admin.account_id]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_formulas_are_disarmed(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert harmless("a=1") == "a=1"


def test_differences_are_shown_field_by_field() -> None:
    found = changes('{"a": {"b": 1, "c": 2}, "list": ["x", "y"]}', '{"a": {"b": 1, "c": 3}, "new": null}')
    assert [(c.name, c.before, c.after) for c in found] == [
        ("a.b", "1", "1"),
        ("a.c", "2", "3"),
        ("list", "x, y", None),
        ("new", None, ""),
    ]
    assert changes("not json", None)[0].before == "not json"
    assert changes(None, None) == []


async def test_the_check_says_that_all_is_well(tenant: TenantKit) -> None:
    await fill(tenant)
    admin = await tenant.sign_in("admin")
    page = await admin.post("/admin/audit/verify")
    assert "The log is intact" in page.text
    assert "6 entries were checked." in page.text
    assert (await admin.get("/api/v1/compliance/audit/verify")).json()["ok"] is True


async def test_entries_of_later_reach_the_top(tenant: TenantKit) -> None:
    await fill(tenant, 1)
    with shifted_by(timedelta(hours=1)), tenant.scope():
        act = Act(action="shop.closed", subject="shop", subject_id="1")
        await log.append(act, event_id=uuid4(), source="", at=now())
    with tenant.scope():
        assert (await queries.entries(Wanted()))[0].action == "shop.closed"


async def test_a_failed_act_leaves_no_entry(tenant: TenantKit, run_jobs: RunJobs) -> None:
    async def act_and_fail() -> None:
        async with unit_of_work():
            await audit.record("shop.sold", subject="order", subject_id="1")
            raise OSError("no money")

    with tenant.scope(), pytest.raises(OSError, match="no money"):
        await act_and_fail()
    await run_jobs(tenant)
    with tenant.scope():
        assert await AuditEntry.filter(action="shop.sold").count() == 0
        assert await sql("SELECT 1 AS x FROM kernel_event WHERE data->>'action' = 'shop.sold'") == []
