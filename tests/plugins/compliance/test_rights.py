"""A person's rights: to know, to take along, to be forgotten."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kernel import Happened, PrivacyProvider, accounts, now, save_file, sql
from kernel.base.clock import shifted_by
from kernel.engines.storage import File
from kernel.testing.people import PASSWORD, Answer, Site, TenantKit
from plugins.compliance import states
from plugins.compliance.bundle import html_of
from plugins.compliance.models import DataRequest
from plugins.compliance.notifications import TYPES
from plugins.compliance.services import erasing, exporting, log

from .kit import Shelf, shelves

RunJobs = Callable[..., Awaitable[int]]


async def ask_for_copy(site: Site) -> DataRequest:
    assert (await site.post("/privacy/exports")).status == 303
    return await latest(states.EXPORT, site)


async def latest(kind: str, site: Site) -> DataRequest:
    rows = await sql(
        "SELECT id, tenant_id FROM compliance_data_request WHERE account_id = $1 AND kind = $2 ORDER BY id DESC",
        site.account_id, kind,
    )  # fmt: skip
    return await DataRequest.get(id=rows[0].id)


def archive(answer: Answer) -> zipfile.ZipFile:
    assert answer.status == 200, answer.text[:300]
    return zipfile.ZipFile(io.BytesIO(answer.body))


# --- the data map ------------------------------------------------------------------------------------------------


async def test_the_map_names_every_installed_plugin_also_those_that_are_off(
    tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf({"notes": ["a", "b", "c"], "profile": {"x": 1}, "empty": []})
    owner = await tenant.sign_in("owner")
    await owner.post("/admin/plugins/notifications", {"on": "0", "reason": "test", "follow": "1"})
    with shelves(monkeypatch, shelf=shelf.provider()):
        page = await owner.get("/privacy")
        answer = (await owner.get("/api/v1/compliance/map")).json()
    assert "notes · 3" in page.text
    assert "switched off, still held" in page.text
    by_plugin = {h["plugin"]: h for h in answer["plugins"]}
    assert by_plugin["shelf"]["sections"] == {"notes": 3, "profile": 1}
    assert by_plugin["notifications"]["on"] is False
    assert "kernel" in by_plugin


async def test_a_provider_that_fails_or_dawdles_does_not_break_the_page(
    tenant: TenantKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(account_id: UUID) -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    async def erase(account_id: UUID) -> list[str]:
        return []

    shelf = Shelf()
    shelf.failing = True
    site = await tenant.sign_in()
    lazy = PrivacyProvider(title="Lazy", export=slow, erase=erase)
    with shelves(monkeypatch, shelf=shelf.provider(), lazy=lazy), tenant.scope():
        held = {h.plugin: h for h in await exporting.held(site.account_id or uuid4(), patience=0.2)}
    assert held["shelf"].error == "OSError"
    assert held["lazy"].error == "timeout"
    assert held["kernel"].sections


async def test_visitors_have_to_sign_in(tenant: TenantKit) -> None:
    visitor = tenant.visitor()
    assert (await visitor.get("/privacy")).location.startswith("/sign-in")
    assert (await visitor.get("/api/v1/compliance/map")).status == 401
    assert (await visitor.post("/privacy/exports")).status in (401, 403)
    assert (await visitor.get(f"/privacy/exports/{uuid4()}/download")).location.startswith("/sign-in")


# --- the copy ------------------------------------------------------------------------------------------------------


async def test_a_copy_holds_what_machines_and_people_can_read(
    tenant: TenantKit, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf({"notes": [{"text": "<b>mine</b>", "at": now()}], "odd": UUID(int=7)})
    site = await tenant.sign_in(name="Ada Novak", email="ada@example.test")
    with tenant.scope():
        await save_file("cv.pdf", "application/pdf", b"%PDF-mine", owner_id=site.account_id)
    with shelves(monkeypatch, shelf=shelf.provider()):
        with tenant.scope():
            row = await ask_for_copy(site)
        assert "is being made" in (await site.get("/privacy")).text
        assert (await site.get(f"/privacy/exports/{row.id}/download")).status == 404
        await run_jobs(tenant)
    page = await site.get("/privacy")
    assert f"/privacy/exports/{row.id}/download" in page.text
    answer = await site.get(f"/privacy/exports/{row.id}/download")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer.headers["Cache-Control"]
    found = archive(answer)
    names = set(found.namelist())
    assert {"index.html", "data/kernel.json", "data/shelf.json", "files/001-cv.pdf"} <= names
    assert "data/missing.json" not in names
    assert found.read("files/001-cv.pdf") == b"%PDF-mine"
    account = json.loads(found.read("data/kernel.json"))["data"]["account"]
    assert account["email"] == "ada@example.test"
    assert json.loads(found.read("data/shelf.json"))["data"]["odd"] == str(UUID(int=7))
    index = found.read("index.html").decode()
    assert "The data of Ada Novak" in index
    assert "&lt;b&gt;mine&lt;/b&gt;" in index
    assert "<b>mine" not in index


async def test_the_readable_page_speaks_the_readers_language(tenant: TenantKit, run_jobs: RunJobs) -> None:
    site = await tenant.sign_in()
    with tenant.scope():
        await accounts.update_account(site.account_id or uuid4(), locale="ar")
        row = await ask_for_copy(site)
    await run_jobs(tenant)
    index = archive(await site.get(f"/privacy/exports/{row.id}/download")).read("index.html").decode()
    assert '<html lang="ar" dir="rtl">' in index


async def test_one_failing_plugin_gives_the_rest_and_is_named(
    tenant: TenantKit, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, well = Shelf(), Shelf()
    broken.failing = True
    site = await tenant.sign_in()
    with shelves(monkeypatch, broken=broken.provider(), well=well.provider()):
        with tenant.scope():
            row = await ask_for_copy(site)
        await run_jobs(tenant)
    with tenant.scope():
        row = await DataRequest.get(id=row.id)
    assert row.state == states.PARTIAL
    page = await site.get("/privacy")
    assert "Incomplete" in page.text
    assert "Could not be read: Shelf" in page.text
    found = archive(await site.get(f"/privacy/exports/{row.id}/download"))
    assert json.loads(found.read("data/missing.json")) == [{"plugin": "broken", "title": "Shelf", "error": "OSError"}]
    assert "data/well.json" in found.namelist()
    assert "could not be read" in found.read("index.html").decode()


async def test_nobody_else_gets_the_download(tenant: TenantKit, other_tenant: TenantKit, run_jobs: RunJobs) -> None:
    site = await tenant.sign_in()
    with tenant.scope():
        row = await ask_for_copy(site)
    await run_jobs(tenant)
    path = f"/privacy/exports/{row.id}/download"
    assert (await (await tenant.sign_in("owner", "admin")).get(path)).status == 404
    assert (await (await other_tenant.sign_in("owner")).get(path)).status == 404
    assert (await site.get("/privacy/exports/nonsense/download")).status == 404
    assert (await site.get(path)).status == 200


async def test_two_clicks_make_one_copy(tenant: TenantKit, run_jobs: RunJobs) -> None:
    site = await tenant.sign_in()
    await asyncio.gather(*(site.post("/privacy/exports") for _ in range(4)))
    with tenant.scope():
        assert await DataRequest.filter(account_id=site.account_id).count() == 1
    await run_jobs(tenant)
    with tenant.scope():
        assert await File.filter(owner_id=site.account_id).count() == 1
        row = await latest(states.EXPORT, site)
        await exporting.build_export(str(row.id))  # delivered again
        assert await File.filter(owner_id=site.account_id).count() == 1


async def test_a_copy_expires_and_its_file_goes(tenant: TenantKit, run_jobs: RunJobs) -> None:
    site = await tenant.sign_in()
    with tenant.scope():
        row = await ask_for_copy(site)
    await run_jobs(tenant)
    path = f"/privacy/exports/{row.id}/download"
    with shifted_by(timedelta(days=6, hours=23)):
        assert (await site.get(path)).status == 200
    with shifted_by(timedelta(days=7, minutes=1)):
        gone = await site.get(path)
        assert gone.status == 410
        assert "Ask for a new copy" in gone.text
        with tenant.scope():
            await exporting.purge_expired()
            assert await File.filter(owner_id=site.account_id).count() == 0
            assert (await DataRequest.get(id=row.id)).state == states.EXPIRED
        assert (await site.get(path)).status == 410
        assert (await site.post("/privacy/exports")).status == 303


async def test_a_promised_download_stays_when_the_plugin_goes_off(tenant: TenantKit, run_jobs: RunJobs) -> None:
    owner = await tenant.sign_in("owner")
    with tenant.scope():
        row = await ask_for_copy(owner)
    await owner.post("/admin/plugins/compliance", {"on": "0", "reason": "test"})
    await run_jobs(tenant)
    assert (await owner.get("/privacy")).status == 404
    assert (await owner.get("/admin/audit")).status == 404
    assert (await owner.get(f"/privacy/exports/{row.id}/download")).status == 200


async def test_a_ready_copy_is_announced_to_its_owner(tenant: TenantKit, run_jobs: RunJobs) -> None:
    site = await tenant.sign_in()
    with tenant.scope():
        row = await ask_for_copy(site)
    await run_jobs(tenant)
    kinds = {t.id: t for t in TYPES}
    compose = kinds["compliance.export_ready"].compose
    assert compose is not None
    with tenant.scope():
        notices = await compose(_happened("compliance.export_ready.v1", row, partial=False))
    assert [(n.account_id, n.action_url) for n in notices] == [(site.account_id, "/privacy")]


def _happened(name: str, row: DataRequest, **more: Any) -> Any:
    data = {"request_id": str(row.id), "account_id": str(row.account_id), **more}
    return Happened(id=uuid4(), name=name, occurred_at=now(), actor_id=None, data=data)


@pytest.mark.parametrize(
    ("value", "html"),
    [
        ({"a_b": "<i>"}, "<dl><dt>A b</dt><dd>&lt;i&gt;</dd></dl>"),
        ([1, None, True], "<ul><li>1</li><li>–</li><li>yes</li></ul>"),
        ({"at": "2026-11-22T11:22:16.9+00:00"}, "<dl><dt>At</dt><dd>Sun, 22 Nov 2026, 11:22</dd></dl>"),
        ("2026-99-99T11:22:16Z", "2026-99-99T11:22:16Z"),
        ({}, "–"),
        ([], "–"),
    ],
)
def test_any_json_can_be_drawn(value: object, html: str) -> None:
    assert str(html_of(value)) == html


# --- asking to be erased ---------------------------------------------------------------------------------------------


async def ask_to_be_erased(site: Site, email: str, **more: str) -> Answer:
    return await site.post("/privacy/erasure", {"confirm": email, "note": "", **more})


async def test_the_address_has_to_be_typed(tenant: TenantKit) -> None:
    site = await tenant.sign_in(email="ada@example.test")
    for typed in ("", "ada", "bob@example.test"):
        answer = await ask_to_be_erased(site, typed, note="Because I leave")
        assert answer.status == 422
        assert "Because I leave" in answer.text
    assert (await ask_to_be_erased(site, "ADA@example.test", note="x" * 501)).status == 422
    with tenant.scope():
        assert await DataRequest.all().count() == 0


async def test_one_request_at_a_time_and_it_can_be_withdrawn(tenant: TenantKit, other_tenant: TenantKit) -> None:
    site = await tenant.sign_in(email="ada@example.test")
    answers = await asyncio.gather(
        *(ask_to_be_erased(site, "ada@example.test", _key="k" * 8 + str(i)) for i in range(4))
    )
    assert sorted(a.status for a in answers) == [303, 409, 409, 409]
    with tenant.scope():
        row = await latest(states.ERASURE, site)
    assert timedelta(days=29) < row.due_at - now() <= timedelta(days=30)
    stranger, foreign = await tenant.sign_in(), await other_tenant.sign_in("owner")
    for other in (stranger, foreign):
        assert (await other.post(f"/privacy/erasure/{row.id}/withdraw", {"version": "1"})).status == 404
    assert (await site.post(f"/privacy/erasure/{row.id}/withdraw", {"version": "9"})).status == 409
    assert (await site.post(f"/privacy/erasure/{row.id}/withdraw", {"version": "1"})).status == 303
    assert (await site.post(f"/privacy/erasure/{row.id}/withdraw", {"version": "2"})).status == 409
    assert (await ask_to_be_erased(site, "ada@example.test")).status == 303


async def test_the_last_owner_cannot_ask(tenant: TenantKit) -> None:
    site = await tenant.sign_in("owner", email="grace@example.test")
    answer = await ask_to_be_erased(site, "grace@example.test")
    assert answer.status == 409
    assert "last owner" in answer.text


# --- the desk --------------------------------------------------------------------------------------------------------


async def requested(tenant: TenantKit, **person: str) -> tuple[Site, DataRequest]:
    person.setdefault("email", "ada@example.test")
    site = await tenant.sign_in("candidate", **person)
    assert (await ask_to_be_erased(site, person["email"], note="My note")).status == 303
    with tenant.scope():
        return site, await latest(states.ERASURE, site)


async def test_only_the_right_opens_the_desk(tenant: TenantKit, other_tenant: TenantKit) -> None:
    site, row = await requested(tenant)
    assert (await site.get("/admin/privacy-requests")).status == 403
    assert (await site.post(f"/admin/privacy-requests/{row.id}/execute", {"version": "1"})).status == 403
    foreign = await other_tenant.sign_in("owner", "admin")
    assert (await foreign.get(f"/admin/privacy-requests/{row.id}")).status == 404
    for action in ("execute", "decline"):
        sent = {"version": "1", "confirm": "ada@example.test", "reason": "No, sorry"}
        assert (await foreign.post(f"/admin/privacy-requests/{row.id}/{action}", sent)).status == 404
    assert "ada@example.test" not in (await foreign.get("/admin/privacy-requests")).text


async def test_nothing_happens_without_the_address_and_the_right_version(tenant: TenantKit) -> None:
    _site, row = await requested(tenant)
    admin = await tenant.sign_in("admin")
    path = f"/admin/privacy-requests/{row.id}/execute"
    wrong = await admin.post(path, {"version": "1", "confirm": "bob@example.test"})
    assert wrong.status == 422
    assert "Type the email address exactly" in wrong.text
    assert (await admin.post(path, {"version": "7", "confirm": "ada@example.test"})).status == 409
    assert (await admin.post(path, {"confirm": "ada@example.test"})).status == 422
    with tenant.scope():
        assert (await accounts.account(row.account_id)).state == "active"


async def test_an_administrator_does_not_decide_on_their_own(tenant: TenantKit) -> None:
    await tenant.sign_in("owner")
    admin = await tenant.sign_in("admin", email="grace@example.test")
    await ask_to_be_erased(admin, "grace@example.test")
    with tenant.scope():
        row = await latest(states.ERASURE, admin)
    page = await admin.get(f"/admin/privacy-requests/{row.id}")
    assert "Somebody else has to decide" in page.text
    for action, more in (("execute", {"confirm": "grace@example.test"}), ("decline", {"reason": "Not me"})):
        sent = {"version": "1", **more}
        assert (await admin.post(f"/admin/privacy-requests/{row.id}/{action}", sent)).status == 409


@dataclass(frozen=True)
class _Booking:
    starts_at: datetime
    path: str = "/bookings/1"
    type_title: str = "System design"


async def test_sessions_ahead_have_to_be_settled_first(tenant: TenantKit, monkeypatch: pytest.MonkeyPatch) -> None:
    class Bookings:
        async def upcoming(self, account_id: UUID, limit: int = 10) -> list[_Booking]:
            return [_Booking(now() + timedelta(days=1))]

    _site, row = await requested(tenant)
    admin = await tenant.sign_in("admin")
    monkeypatch.setattr(erasing.services, "get", lambda wanted: Bookings() if "Bookings" in str(wanted) else None)
    page = await admin.get(f"/admin/privacy-requests/{row.id}")
    assert "1 session is ahead" in page.text
    sent = {"version": "1", "confirm": "ada@example.test"}
    answer = await admin.post(f"/admin/privacy-requests/{row.id}/execute", sent)
    assert answer.status == 409
    assert "sessions ahead (1)" in answer.text


async def test_erasing_reaches_every_plugin_and_leaves_a_certificate(
    tenant: TenantKit, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(kept=["Receipts, because the law asks for ten years."])
    nothing = PrivacyProvider(title="Weather", nothing_because="It only knows the weather.")
    site, row = await requested(tenant, name="Ada Novak")
    admin = await tenant.sign_in("admin")
    with tenant.scope():
        await save_file("cv.pdf", "application/pdf", b"%PDF", owner_id=site.account_id)
    with shelves(monkeypatch, shelf=shelf.provider(), weather=nothing):
        page = await admin.get(f"/admin/privacy-requests/{row.id}")
        assert "notes · 2" in page.text
        assert "My note" in page.text
        sent = {"version": "1", "confirm": " ADA@example.test "}
        assert (await admin.post(f"/admin/privacy-requests/{row.id}/execute", sent)).status == 303
        # Shut at once, before the job has run.
        assert (await site.get("/home")).status == 303
        await run_jobs(tenant)
    assert shelf.erased == [row.account_id]
    with tenant.scope():
        done = await DataRequest.get(id=row.id)
        account = await accounts.account(row.account_id)
        assert (account.state, account.name) == ("erased", "")
        assert await File.filter(owner_id=row.account_id).count() == 0
        assert await accounts.find_account("ada@example.test") is None
    assert (done.state, done.note) == (states.DONE, "")
    outcomes = {r["plugin"]: r["outcome"] for r in done.results}
    assert outcomes["shelf"] == outcomes["kernel"] == outcomes["files"] == "ok"
    assert outcomes["weather"] == "nothing"
    assert done.results[-1]["plugin"] == "kernel"
    certificate = await admin.get(f"/admin/privacy-requests/{row.id}")
    assert "Certificate of erasure" in certificate.text
    assert "Receipts, because the law asks for ten years." in certificate.text
    assert "Ada Novak" not in certificate.text
    assert "ada@example.test" not in certificate.text
    sign_in = await tenant.visitor().post("/sign-in", {"email": "ada@example.test", "password": PASSWORD})
    assert sign_in.status == 422
    again = await admin.post(f"/admin/privacy-requests/{row.id}/execute", {"version": str(done.version)})
    assert again.status == 409


async def test_no_table_of_ours_knows_the_person_afterwards(tenant: TenantKit, run_jobs: RunJobs) -> None:
    site, row = await requested(tenant, name="Canary Yellow", email="canary.yellow@example.test")
    await ask_for_copy_in(tenant, site)
    await run_jobs(tenant)
    admin = await tenant.sign_in("admin")
    sent = {"version": "1", "confirm": "canary.yellow@example.test"}
    assert (await admin.post(f"/admin/privacy-requests/{row.id}/execute", sent)).status == 303
    await run_jobs(tenant)
    with tenant.scope():
        for table in ("compliance_audit_entry", "compliance_audit_detail", "compliance_data_request", "kernel_account"):
            rows = await sql(f"SELECT t::text AS row FROM {table} t WHERE tenant_id = $1", tenant.ref.id)
            hits = [r.row for r in rows if "canary" in r.row.lower()]
            assert hits == [], table
        assert (await log.verify()).ok


async def ask_for_copy_in(tenant: TenantKit, site: Site) -> DataRequest:
    with tenant.scope():
        return await ask_for_copy(site)


async def test_a_part_that_fails_can_be_tried_again_without_repeating_the_rest(
    tenant: TenantKit, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, well = Shelf(), Shelf()
    broken.failing = True
    _site, row = await requested(tenant)
    admin = await tenant.sign_in("admin")
    with shelves(monkeypatch, broken=broken.provider(), well=well.provider()):
        await admin.post(f"/admin/privacy-requests/{row.id}/execute", {"version": "1", "confirm": "ada@example.test"})
        await run_jobs(tenant)
        with tenant.scope():
            half = await DataRequest.get(id=row.id)
        assert half.state == states.PARTIAL
        page = await admin.get(f"/admin/privacy-requests/{row.id}")
        assert "OSError" in page.text
        assert "Try the rest again" in page.text
        broken.failing = False
        sent = {"version": str(half.version), "confirm": ""}
        assert (await admin.post(f"/admin/privacy-requests/{row.id}/execute", sent)).status == 303
        await run_jobs(tenant)
    with tenant.scope():
        assert (await DataRequest.get(id=row.id)).state == states.DONE
    assert broken.erased == [row.account_id]
    assert well.erased == [row.account_id]


async def test_an_erasure_that_was_begun_ends_although_the_plugin_goes_off(
    tenant: TenantKit, run_jobs: RunJobs
) -> None:
    _site, row = await requested(tenant)
    owner = await tenant.sign_in("owner")
    await owner.post(f"/admin/privacy-requests/{row.id}/execute", {"version": "1", "confirm": "ada@example.test"})
    await owner.post("/admin/plugins/compliance", {"on": "0", "reason": "test"})
    await run_jobs(tenant)
    with tenant.scope():
        assert (await DataRequest.get(id=row.id)).state == states.DONE


async def test_declining_needs_a_reason_and_the_person_reads_it(tenant: TenantKit) -> None:
    site, row = await requested(tenant)
    admin = await tenant.sign_in("admin")
    path = f"/admin/privacy-requests/{row.id}/decline"
    for reason in ("", "no"):
        assert (await admin.post(path, {"version": "1", "reason": reason})).status == 422
    reason = "An open invoice has to be settled first."
    assert (await admin.post(path, {"version": "1", "reason": reason})).status == 303
    assert reason in (await site.get("/privacy")).text
    assert (await admin.post(path, {"version": "2", "reason": reason})).status == 409
    compose = {t.id: t for t in TYPES}["compliance.request_closed"].compose
    assert compose is not None
    with tenant.scope():
        notices = await compose(_happened("compliance.request_closed.v1", row, state=states.DECLINED))
        assert [(n.account_id, n.params["reason"]) for n in notices] == [(site.account_id, reason)]
        assert await compose(_happened("compliance.request_closed.v1", row, state=states.DONE)) == []


async def test_administrators_are_told_of_a_request(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    site, row = await requested(tenant)
    compose = {t.id: t for t in TYPES}["compliance.request_received"].compose
    assert compose is not None
    with tenant.scope():
        notices = await compose(_happened("compliance.request_received.v1", row, kind=states.ERASURE))
    assert {n.account_id for n in notices} == {site.account_id, admin.account_id}
    assert len({n.key for n in notices}) == len(notices)


async def test_a_request_by_letter_is_noted(tenant: TenantKit) -> None:
    await tenant.sign_in(email="ada@example.test")
    admin = await tenant.sign_in("admin")
    for email in ("", "nobody@example.test"):
        assert (await admin.post("/admin/privacy-requests", {"email": email, "kind": "erasure"})).status == 422
    sent = {"email": "Ada@example.test", "kind": "erasure", "note": "By letter"}
    made = await admin.post("/admin/privacy-requests", sent)
    assert made.status == 303
    page = await admin.get(made.location)
    assert "By letter" in page.text
    assert "an administrator" in page.text
    assert (await admin.post("/admin/privacy-requests", sent)).status == 409
    copy = await admin.post("/admin/privacy-requests", sent | {"kind": "export"})
    assert copy.location.endswith("group=exports")


async def test_the_list_shows_deadlines_and_what_is_late(tenant: TenantKit) -> None:
    await requested(tenant, name="Ada Novak")
    admin = await tenant.sign_in("admin")
    page = await admin.get("/admin/privacy-requests")
    assert "Ada Novak" in page.text
    assert "Overdue" not in page.text
    with shifted_by(timedelta(days=31)):
        late = await (await tenant.sign_in("admin")).get("/admin/privacy-requests")
        assert "Overdue" in late.text
    assert "No closed requests" in (await admin.get("/admin/privacy-requests?group=closed")).text
    assert (await admin.get("/admin/privacy-requests?group=nonsense&page=0")).status == 200


async def test_json_does_the_same(tenant: TenantKit, run_jobs: RunJobs) -> None:
    site = await tenant.sign_in(email="ada@example.test")
    made = await site.post("/api/v1/compliance/exports", json={})
    assert (made.status, made.json()["state"]) == (202, "requested")
    assert (await site.post("/api/v1/compliance/erasure", json={"confirm": "x"})).status == 422
    asked = await site.post("/api/v1/compliance/erasure", json={"confirm": "ada@example.test"})
    assert (asked.status, asked.json()["kind"]) == (202, "erasure")
    await run_jobs(tenant)
    listed = (await site.get("/api/v1/compliance/requests")).json()["items"]
    assert {(r["kind"], r["state"]) for r in listed} == {("export", "ready"), ("erasure", "requested")}


def test_only_listed_steps_are_allowed() -> None:
    every = list(states.LABELS)
    for kind, table in states.TRANSITIONS.items():
        for state in every:
            for following in every:
                assert states.may_become(kind, state, following) == (following in table.get(state, ()))
    assert not any(states.may_become(states.ERASURE, s, f) for s in (states.DONE, states.DECLINED) for f in every)
