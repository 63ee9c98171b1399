"""A person's right to take along: the copy of their data."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from kernel import accounts, now, save_file
from kernel.base.clock import shifted_by
from kernel.engines.storage import File
from kernel.testing.people import Answer, TenantKit
from plugins.compliance import states
from plugins.compliance.bundle import html_of
from plugins.compliance.models import DataRequest
from plugins.compliance.notifications import TYPES
from plugins.compliance.services import exporting

from .kit import RunJobs, Shelf, ask_for_copy, happened, latest, shelves


def archive(answer: Answer) -> zipfile.ZipFile:
    assert answer.status == 200, answer.text[:300]
    return zipfile.ZipFile(io.BytesIO(answer.body))


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
        notices = await compose(happened("compliance.export_ready.v1", row, partial=False))
    assert [(n.account_id, n.action_url) for n in notices] == [(site.account_id, "/privacy")]


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
