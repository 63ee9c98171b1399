"""The JSON twins, the contract of events, and the demo's people."""

from __future__ import annotations

import dataclasses
import time

import pytest

from kernel import accounts, from_data, new_id, services, to_data
from plugins.users import demo, events
from plugins.users.api import Interviewers
from plugins.users.models import Application

from .conftest import BIO, MOTIVATION
from .test_interviewers import made

API = "/api/v1/users"
ANSWERS = {
    "headline": "Staff engineer, storage", "years": "11", "bio": BIO, "skills": "Go, SQL", "languages": ["en"],
    "rate": "95", "motivation": MOTIVATION,
}  # fmt: skip


async def test_sign_up_tells_programs_no_more_than_people(tenant, run_jobs, outbox) -> None:
    await tenant.account("candidate", email="known@example.test")
    site = tenant.visitor()
    data = {"name": "Ida", "password": "horses staple correctly"}
    for email in ("known@example.test", "new@example.test"):
        answer = await site.post(f"{API}/sign-up", json=data | {"email": email})
        assert (answer.status, answer.json()) == (202, {"sent": True})
    bad = await site.post(f"{API}/sign-up", json=data | {"email": "x"})
    assert (bad.status, [e["field"] for e in bad.json()["errors"]]) == (422, ["email"])
    await run_jobs(tenant)
    assert sorted(outbox.types()) == ["users.account_exists", "users.verify_email"]


async def test_application_by_program_from_draft_to_decision(tenant) -> None:
    site, admin = await tenant.sign_in("candidate"), await tenant.sign_in("admin")
    assert (await site.get(f"{API}/application")).status == 404
    part = await site.post(f"{API}/application", json={"headline": "Staff engineer, storage"}, method="PUT")
    assert part.json()["incomplete"] == ["about", "experience", "rate"]
    early = await site.post(f"{API}/application/submit", json={"version": part.json()["version"]})
    assert early.status == 422
    whole = await site.post(f"{API}/application", json=ANSWERS, method="PUT")
    assert whole.json()["incomplete"] == []
    sent = await site.post(f"{API}/application/submit", json={"version": whole.json()["version"]})
    assert sent.json()["state"] == "submitted"
    queue = (await admin.get(f"{API}/applications")).json()
    assert [a["id"] for a in queue["items"]] == [sent.json()["id"]]
    decide = f"{API}/applications/{sent.json()['id']}/decide"
    no_reason = await admin.post(decide, json={"decision": "rejected", "version": sent.json()["version"]})
    assert [e["field"] for e in no_reason.json()["errors"]] == ["reason"]
    unknown = await admin.post(
        decide, json={"decision": "draft", "reason": "Back to you.", "version": sent.json()["version"]}
    )
    assert unknown.status == 409
    done = await admin.post(decide, json={"decision": "approved", "version": sent.json()["version"]})
    assert done.json()["state"] == "approved"
    late = await admin.post(decide, json={"decision": "approved", "version": sent.json()["version"]})
    assert late.status == 409
    assert late.headers["Content-Type"].startswith("application/problem+json")
    assert (await site.post(decide, json={"decision": "approved", "version": 1})).status == 403


async def test_interviewer_profile_by_program(tenant) -> None:
    site = await made(tenant, name="Ida Berg")
    now = (await site.get(f"{API}/interviewer")).json()
    data = {k: now[k] for k in ("headline", "bio", "years", "skills", "languages", "version")} | {"rate": "80"}
    saved = await site.post(f"{API}/interviewer", json=data | {"accepting": False}, method="PUT")
    assert (saved.status, saved.json()["rate_minor"], saved.json()["accepting"]) == (200, 8000, False)
    stale = await site.post(f"{API}/interviewer", json=data, method="PUT")
    assert stale.status == 409
    low = await site.post(
        f"{API}/interviewer", json=data | {"rate": "1", "version": saved.json()["version"]}, method="PUT"
    )
    assert "between" in {e["field"]: e["detail"] for e in low.json()["errors"]}["rate"]
    listed = (await tenant.visitor().get(f"{API}/interviewers?skill=go")).json()
    assert [i["name"] for i in listed["items"]] == ["Ida Berg"]
    assert "email" not in listed["items"][0]


async def test_profile_and_people_by_program(tenant) -> None:
    site, admin = await tenant.sign_in("candidate", name="Eve"), await tenant.sign_in("admin")
    saved = await site.post(f"{API}/profile", json={"name": "Eve Adams", "target_roles": ["Lead"]}, method="PUT")
    assert (saved.json()["name"], saved.json()["target_roles"]) == ("Eve Adams", ["Lead"])
    bad = await site.post(f"{API}/profile", json={"name": "Eve", "links": ["ftp://x.y"]}, method="PUT")
    assert (bad.status, [e["field"] for e in bad.json()["errors"]]) == (422, ["links"])
    assert (await tenant.visitor().get(f"{API}/profile")).status == 401
    found = (await admin.get(f"{API}/people?q=adams")).json()
    assert (len(found["items"]), found["items"][0]["roles"]) == (1, ["candidate", "member"])
    assert (await site.get(f"{API}/people")).status == 403


async def test_decisions_on_ids_of_another_tenant(tenant, other_tenant) -> None:
    site = await tenant.sign_in("candidate")
    await site.post(f"{API}/application", json=ANSWERS, method="PUT")
    with tenant.scope():
        row = await Application.get(account_id=site.account_id)
    stranger = await other_tenant.sign_in("admin")
    for bad in (row.id, new_id(), "x"):
        answer = await stranger.post(f"{API}/applications/{bad}/decide", json={"decision": "approved", "version": 1})
        assert answer.status == 404


@pytest.mark.parametrize("cls", events.ALL)
def test_events_survive_json(cls) -> None:
    values = {"account_id": new_id(), "application_id": new_id(), "decision": "approved", "reason": "ä"}
    event = cls(**{f.name: values[f.name] for f in dataclasses.fields(cls) if f.name in values})
    assert from_data(cls, to_data(event)) == event


@pytest.mark.parametrize(("slug", "name"), [("acme", "Tomás Ferreira"), ("fern", "Jonas Keller")])
async def test_demo_people(make_tenant, slug, name) -> None:
    tenant = await make_tenant()
    with tenant.scope():
        await accounts.create_account(
            "interviewer@demo.test", name, state="active", roles=("interviewer",), by_rule=True
        )
        started = time.perf_counter()
        await demo.seed(slug)
        assert time.perf_counter() - started < 2
        listed = await services.need(Interviewers).listed()
        assert len(listed) == 12
        assert name in [card.name for card in listed]
        assert len({card.zone for card in listed}) > 3
        assert all(len(card.bio) >= 80 and card.skills and card.languages and card.rate_minor for card in listed)
        assert await Application.filter(state="submitted").count() == 2
    admin = await tenant.sign_in("admin")
    with tenant.scope():
        row = await Application.filter(state="submitted").first()
    data = {"decision": "approved", "version": str(row.version)}
    assert (await admin.post(f"/admin/applications/{row.id}", data)).status == 303
