"""A person's right to be forgotten: asking, deciding, erasing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from kernel import PrivacyProvider, accounts, now, save_file, sql
from kernel.base.clock import shifted_by
from kernel.engines.storage import File
from kernel.testing.people import PASSWORD, Answer, Site, TenantKit
from plugins.compliance import states
from plugins.compliance.models import DataRequest
from plugins.compliance.notifications import TYPES
from plugins.compliance.services import erasing, log

from .kit import RunJobs, Shelf, ask_for_copy, happened, latest, shelves


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
        notices = await compose(happened("compliance.request_closed.v1", row, state=states.DECLINED))
        assert [(n.account_id, n.params["reason"]) for n in notices] == [(site.account_id, reason)]
        assert await compose(happened("compliance.request_closed.v1", row, state=states.DONE)) == []


async def test_administrators_are_told_of_a_request(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    site, row = await requested(tenant)
    compose = {t.id: t for t in TYPES}["compliance.request_received"].compose
    assert compose is not None
    with tenant.scope():
        notices = await compose(happened("compliance.request_received.v1", row, kind=states.ERASURE))
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
