"""The administrators' list of people, and what they can do there."""

from __future__ import annotations

import csv
import io

import pytest

from kernel import accounts, new_id, published_events, sql
from plugins.users import privacy
from plugins.users.models import Application, ApplicationStep, InterviewerProfile, Profile
from plugins.users.services import people

from .conftest import applied, png
from .test_interviewers import made
from .test_profile import form, picture


async def test_list_is_searched_filtered_sorted_and_paged(tenant) -> None:
    admin = await tenant.sign_in("admin", name="Zed Admin")
    for n in range(27):
        await tenant.account("candidate", name=f"Person {n:02}", email=f"p{n:02}@example.test")
    await tenant.account("interviewer", name="Ida 100% Berg", email="ida@example.test")
    first = await admin.get("/admin/people")
    assert "1–25 of 29" in first.text
    second = await admin.get("/admin/people?page=2")
    assert "Zed Admin" in second.text
    assert "Person 03" not in second.text
    down = await admin.get("/admin/people?sort=name&desc=1")
    assert down.text.index("Zed Admin") < down.text.index("Person 26")
    assert 'aria-sort="descending"' in down.text
    found = await admin.get("/admin/people?q=100%25")
    assert "Ida 100% Berg" in found.text
    assert "Person 01" not in found.text
    roles = await admin.get("/admin/people?role=interviewer")
    assert "1–1 of 1" in roles.text
    assert "Nobody matches" in (await admin.get("/admin/people?q=zzz")).text
    assert "Nobody matches" in (await admin.get("/admin/people?state=locked")).text
    for odd in ("page=-1", "sort=password_hash", "state=erased", "desc=perhaps", "role=' OR 1=1"):
        assert (await admin.get(f"/admin/people?{odd}")).status == 200


async def test_csv_is_filtered_and_harmless_in_spreadsheets(tenant) -> None:
    admin = await tenant.sign_in("admin")
    await tenant.account("candidate", name="=HYPERLINK(1)", email="eve@example.test")
    answer = await admin.get("/admin/people.csv?q=eve")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert [(r["email"], r["name"]) for r in rows] == [("eve@example.test", "'=HYPERLINK(1)")]


async def test_lock_needs_a_reason_signs_out_and_can_be_undone(tenant) -> None:
    admin = await tenant.sign_in("admin")
    victim = await tenant.sign_in("candidate", email="eve@example.test", name="Eve")
    path = f"/admin/people/{victim.account_id}"
    unsaid = await admin.post(f"{path}/lock", {"reason": " "})
    assert unsaid.status == 422
    assert "Say why" in unsaid.text
    assert (await victim.get("/home")).status == 200
    assert (await admin.post(f"{path}/lock", {"reason": "Sent spam"})).location == path
    assert (await victim.get("/home")).status == 303
    assert "Locked" in (await admin.get(path)).text
    with tenant.scope():
        rows = await sql(
            "SELECT data FROM kernel_event WHERE name = 'kernel.audited.v1' AND data::text LIKE '%Sent spam%'"
        )
    assert len(rows) == 1
    assert (await admin.post(f"{path}/unlock")).status == 303
    assert "Active" in (await admin.get(path)).text


async def test_nobody_locks_themselves_or_an_owner_above_them(tenant) -> None:
    admin, owner = await tenant.sign_in("admin"), await tenant.sign_in("owner")
    own = await admin.post(f"/admin/people/{admin.account_id}/lock", {"reason": "by mistake"})
    assert own.status == 422
    above = await admin.post(f"/admin/people/{owner.account_id}/lock", {"reason": "power"})
    assert above.status == 403
    assert (await owner.get("/home")).status == 200
    last = await owner.post(f"/admin/people/{owner.account_id}/take", {"role": "owner"})
    assert last.status == 409
    assert "last owner" in last.text


async def test_roles_are_given_and_taken_and_count_at_once(tenant) -> None:
    admin = await tenant.sign_in("owner")
    site = await tenant.sign_in("candidate")
    path = f"/admin/people/{site.account_id}"
    assert (await site.get("/interviewer/profile")).status == 403
    assert (await admin.post(f"{path}/give", {"role": "interviewer"})).status == 303
    assert (await site.get("/interviewer/profile")).status == 200
    with tenant.scope():
        assert await InterviewerProfile.filter(account_id=site.account_id).count() == 1
        assert len([e async for e in published_events("users.interviewer_approved.v1")]) == 1
    assert (await admin.post(f"{path}/give", {"role": "interviewer"})).status == 303
    assert (await admin.post(f"{path}/give", {"role": "wizard"})).status == 422
    assert (await admin.post(f"{path}/take", {"role": "interviewer"})).status == 303
    assert (await site.get("/interviewer/profile")).status == 403
    assert (await admin.post(f"{path}/take", {"role": "interviewer"})).status == 303


async def test_nobody_gives_more_than_they_hold(tenant) -> None:
    admin = await tenant.sign_in("admin")
    site = await tenant.sign_in("candidate")
    answer = await admin.post(f"/admin/people/{site.account_id}/give", {"role": "owner"})
    assert answer.status == 403
    with tenant.scope():
        assert "owner" not in await accounts.roles_of(site.account_id)


async def test_the_list_is_for_those_with_the_right(tenant, other_tenant) -> None:
    site = await tenant.sign_in("candidate")
    for path in ("/admin/people", "/admin/people.csv", f"/admin/people/{site.account_id}"):
        assert (await site.get(path)).status == 403
        assert (await tenant.visitor().get(path)).status == 303
    stranger = await other_tenant.sign_in("owner")
    for bad in (site.account_id, new_id(), "x"):
        assert (await stranger.get(f"/admin/people/{bad}")).status == 404
        for act, data in (
            ("lock", {"reason": "because"}),
            ("unlock", {}),
            ("confirm", {}),
            ("give", {"role": "admin"}),
        ):
            assert (await stranger.post(f"/admin/people/{bad}/{act}", data)).status == 404, act
    assert str(site.account_id) not in (await stranger.get("/admin/people")).text


async def test_palette_finds_people_for_administrators_only(tenant) -> None:
    await tenant.account("candidate", name="Quirin Findling", email="quirin@example.test")
    admin, site = await tenant.sign_in("admin"), await tenant.sign_in("candidate")
    assert "Quirin Findling" in (await admin.get("/search?q=quirin")).text
    assert "Quirin" not in (await site.get("/search?q=quirin")).text


@pytest.mark.parametrize("on", [True, False])
async def test_export_and_erasure_cover_everything_on_or_off(make_tenant, on) -> None:
    tenant = await make_tenant()
    site = await made(tenant, name="Ida Berg")
    await site.post("/profile", form())
    await site.post("/profile/picture", picture(png()))
    applicant = await applied(tenant)
    with tenant.scope():
        row = await Application.get(account_id=applicant.account_id)
        await Application.filter(id=row.id).update(decided_by=site.account_id)
        if not on:
            from kernel.tenancy.toggles import switch

            await switch(tenant.ref, "users", False, cascade=True)
        held = await privacy.export(site.account_id)
        assert held["profile"]["headline"] == "Backend engineer"
        assert held["interviewer profile"]["skills"] == ["Go", "SQL"]
        assert (await privacy.export(applicant.account_id))["application"]["answers"]["years"] == "11"
        kept = await people.erase(site.account_id)
        assert len(kept) == 1
        assert await people.erase(site.account_id) == []
        assert await privacy.export(site.account_id) == {}
        assert await Profile.filter(account_id=site.account_id).count() == 0
        assert (await Application.get(id=row.id)).decided_by is None
        assert [
            r.n for r in await sql("SELECT count(*) AS n FROM kernel_file WHERE owner_id = $1", site.account_id)
        ] == [0]
        await people.erase(applicant.account_id)
        assert await ApplicationStep.all().count() == 0
