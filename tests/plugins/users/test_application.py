"""The application of an interviewer: drafts, sending, decisions, two reviewers at once."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from kernel import accounts, new_id, published_events, set_setting, sql
from kernel.base.clock import frozen_at, now
from plugins.users.models import Application, ApplicationStep, InterviewerProfile
from plugins.users.services import applications

from .conftest import ABOUT, BIO, MOTIVATION, applied, apply_whole, fill_in


async def row_of(tenant, account_id) -> Application:
    with tenant.scope():
        return await Application.get(account_id=account_id)


async def test_draft_is_kept_as_typed_and_resumed_on_another_device(tenant) -> None:
    site = await tenant.sign_in("candidate")
    assert "Start application" in (await site.get("/apply")).text
    await site.post("/apply")
    answer = await site.post("/apply/step/about", {"headline": "Short", "years": "many", "bio": "", "act": "draft"})
    assert answer.location == "/apply"
    elsewhere = await tenant.sign_in(account_id=site.account_id)
    page = await elsewhere.get("/apply")
    assert "Your draft" in page.text
    step = await elsewhere.get("/apply/step/about")
    assert 'value="Short"' in step.text
    assert 'value="many"' in step.text


@pytest.mark.parametrize(
    ("step", "changes", "words"),
    [
        ("about", {"headline": "Short"}, "at least 10 characters"),
        ("about", {"years": "99"}, "from 0 to 60"),
        ("about", {"bio": "Too short."}, "at least 80 characters"),
        ("about", {"bio": BIO + " Mail me: ida (at) example.com"}, "Leave out email addresses"),
        ("experience", {"skills": " , ", "languages": "en"}, "Add at least one skill"),
        ("experience", {"skills": "Go"}, "Choose at least one language"),
        ("experience", {"skills": "Go", "languages": "xx"}, ""),
        ("rate", {"rate": "9", "motivation": MOTIVATION}, "between €10 and €500"),
        ("rate", {"rate": "-5", "motivation": MOTIVATION}, "between €10 and €500"),
        ("rate", {"rate": "95.555", "motivation": MOTIVATION}, "between €10 and €500"),
        ("rate", {"rate": "1e9", "motivation": MOTIVATION}, "between €10 and €500"),
        ("rate", {"rate": "95", "motivation": "why not"}, "at least 40 characters"),
    ],
)
async def test_each_step_is_checked_and_keeps_what_was_typed(tenant, step, changes, words) -> None:
    site = await tenant.sign_in("candidate")
    await site.post("/apply")
    data = {**(ABOUT if step == "about" else {}), **changes, "act": "next"}
    answer = await site.post(f"/apply/step/{step}", data)
    if words:
        assert answer.status == 422
        assert words in answer.text
    review = await site.get("/apply/step/review")
    assert "Incomplete" in review.text


async def test_incomplete_or_unconfirmed_is_not_sent(tenant) -> None:
    site = await tenant.sign_in("candidate")
    await site.post("/apply")
    version = (await row_of(tenant, site.account_id)).version
    refused = await site.post("/apply/submit", {"version": str(version), "agree": "1"})
    assert refused.status == 422
    assert "Complete every step first" in refused.text
    await fill_in(site)
    version = (await row_of(tenant, site.account_id)).version
    unticked = await site.post("/apply/submit", {"version": str(version)})
    assert unticked.status == 422
    assert "Confirm this" in unticked.text
    assert (await row_of(tenant, site.account_id)).state == "draft"


async def test_whole_way_from_application_to_interviewer(tenant, run_jobs) -> None:
    site = await applied(tenant, name="Ida Berg")
    row = await row_of(tenant, site.account_id)
    assert row.state == "submitted"
    assert "We are reading your application" in (await site.get("/apply")).text
    assert (await site.get("/interviewer/profile")).status == 403
    admin = await tenant.sign_in("admin", name="Grace Okoye")
    queue = await admin.get("/admin/applications")
    assert "Ida Berg" in queue.text
    assert "1 application to decide" in (await admin.get("/home")).text
    page = await admin.get(f"/admin/applications/{row.id}")
    assert "<strong>trade-offs</strong>" in page.text
    assert "€95.50" in page.text
    done = await admin.post(f"/admin/applications/{row.id}", {"decision": "approved", "version": str(row.version)})
    assert done.location == "/admin/applications"
    with tenant.scope():
        assert "interviewer" in await accounts.roles_of(site.account_id)
        profile = await InterviewerProfile.get(account_id=site.account_id)
        assert (profile.slug, profile.rate_minor, profile.currency) == ("ida-berg", 9550, "EUR")
        assert (profile.skills, profile.languages) == (["System design", "Go"], ["de", "en"])
        assert profile.published is False
        approved = [e.data async for e in published_events("users.interviewer_approved.v1")]
    assert approved == [{"account_id": str(site.account_id)}]
    assert "You are an interviewer" in (await site.get("/apply")).text
    assert (await site.get("/interviewer/profile")).status == 200
    history = await admin.get(f"/admin/applications/{row.id}")
    assert "Grace Okoye" in history.text


async def test_second_reviewer_is_shown_the_first_decision(tenant) -> None:
    site = await applied(tenant)
    row = await row_of(tenant, site.account_id)
    first, second = await tenant.sign_in("admin", name="Grace Okoye"), await tenant.sign_in("admin")
    path = f"/admin/applications/{row.id}"
    reject = {"decision": "rejected", "reason": "We have enough people for this field.", "version": str(row.version)}
    approve = {"decision": "approved", "version": str(row.version)}
    assert (await first.post(path, reject)).status == 303
    late = await second.post(path, approve)
    assert late.status == 409
    assert "Somebody else has decided in the meantime" in late.text
    assert "Grace Okoye" in late.text
    assert "We have enough people" in late.text
    with tenant.scope():
        assert (await Application.get(id=row.id)).state == "rejected"
        assert "interviewer" not in await accounts.roles_of(site.account_id)


async def test_two_decisions_at_the_same_instant_leave_one(tenant) -> None:
    site = await applied(tenant)
    row = await row_of(tenant, site.account_id)
    admins = [await tenant.sign_in("admin") for _ in range(4)]
    for admin in admins:
        await admin.token()
    data = {"decision": "approved", "version": str(row.version)}
    answers = await asyncio.gather(*(a.post(f"/admin/applications/{row.id}", data) for a in admins))
    assert sorted(a.status for a in answers) == [303, 409, 409, 409]
    with tenant.scope():
        assert await InterviewerProfile.filter(account_id=site.account_id).count() == 1
        assert await ApplicationStep.filter(application_id=row.id, after="approved").count() == 1


async def test_decisions_need_a_reason_a_choice_and_somebody_else(tenant) -> None:
    site = await applied(tenant)
    row = await row_of(tenant, site.account_id)
    admin = await tenant.sign_in("admin")
    path = f"/admin/applications/{row.id}"
    for data, words in (
        ({"decision": "rejected", "reason": "no", "version": str(row.version)}, "Tell the applicant why"),
        ({"version": str(row.version)}, "Choose a decision"),
        ({"decision": "maybe", "version": str(row.version)}, "Choose one of the options"),
    ):
        answer = await admin.post(path, data)
        assert answer.status == 422, data
        assert words in answer.text
    with tenant.scope():
        await accounts.grant(site.account_id, "admin", by_rule=True)
    own = await site.post(path, {"decision": "approved", "version": str(row.version)})
    assert own.status == 403
    assert (await row_of(tenant, site.account_id)).state == "submitted"


async def test_changes_are_asked_for_and_answered(tenant) -> None:
    site = await applied(tenant)
    row = await row_of(tenant, site.account_id)
    admin = await tenant.sign_in("admin")
    data = {
        "decision": "changes_requested",
        "reason": "Tell us which companies you hired for.",
        "version": str(row.version),
    }
    assert (await admin.post(f"/admin/applications/{row.id}", data)).status == 303
    page = await site.get("/apply")
    assert "which companies you hired for" in page.text
    step = await site.get("/apply/step/about")
    assert "which companies you hired for" in step.text
    changed = await site.post("/apply/step/about", {**ABOUT, "company": "Northwind, Fjord"})
    assert changed.status == 303
    version = (await row_of(tenant, site.account_id)).version
    assert (await site.post("/apply/submit", {"version": str(version), "agree": "1"})).status == 303
    with tenant.scope():
        sent = [e.data async for e in published_events("users.application_submitted.v1")]
    assert [e["again"] for e in sent] == [False, True]
    # The reviewer's old page must not decide on answers that it does not show.
    late = await admin.post(f"/admin/applications/{row.id}", {"decision": "approved", "version": str(row.version)})
    assert late.status == 409


async def test_rejection_waits_before_the_next_try(tenant) -> None:
    site = await applied(tenant)
    row = await row_of(tenant, site.account_id)
    admin = await tenant.sign_in("admin")
    data = {"decision": "rejected", "reason": "Not enough years in the field yet.", "version": str(row.version)}
    await admin.post(f"/admin/applications/{row.id}", data)
    page = await site.get("/apply")
    assert "Not enough years" in page.text
    assert "You can apply again from" in page.text
    assert (await site.post("/apply")).status == 409
    with frozen_at(now() + timedelta(days=31)):
        again = await tenant.sign_in(account_id=site.account_id)
        assert (await again.post("/apply")).location == "/apply/step/about"
    assert (await row_of(tenant, site.account_id)).state == "draft"


async def test_withdrawing_and_double_clicks(tenant) -> None:
    site = await tenant.sign_in("candidate")
    await fill_in(site)
    version = (await row_of(tenant, site.account_id)).version
    data = {"version": str(version), "agree": "1"}
    answers = await asyncio.gather(*(site.post("/apply/submit", data) for _ in range(3)))
    assert {a.status for a in answers} == {303}
    with tenant.scope():
        assert len([e async for e in published_events("users.application_submitted.v1")]) == 1
    stale = await site.post("/apply/withdraw", {"version": str(version)})
    assert stale.status == 409
    version = (await row_of(tenant, site.account_id)).version
    assert (await site.post("/apply/withdraw", {"version": str(version)})).status == 303
    assert (await site.post("/apply/withdraw", {"version": str(version)})).status == 303
    assert "was withdrawn" in (await site.get("/apply")).text
    admin = await tenant.sign_in("admin")
    row = await row_of(tenant, site.account_id)
    late = await admin.post(f"/admin/applications/{row.id}", {"decision": "approved", "version": str(row.version)})
    assert late.status == 409
    assert (await site.post("/apply")).location == "/apply/step/about"


async def test_a_rate_that_no_longer_fits_is_not_approved(tenant) -> None:
    site = await applied(tenant)
    row = await row_of(tenant, site.account_id)
    with tenant.scope():
        await set_setting("users.rate_maximum", 50)
    admin = await tenant.sign_in("admin")
    answer = await admin.post(f"/admin/applications/{row.id}", {"decision": "approved", "version": str(row.version)})
    assert answer.status == 422
    assert "no longer fits the settings" in answer.text
    with tenant.scope():
        assert (await Application.get(id=row.id)).state == "submitted"
        assert "interviewer" not in await accounts.roles_of(site.account_id)


async def test_drafts_are_private_and_queue_is_for_reviewers(tenant, other_tenant) -> None:
    site = await tenant.sign_in("candidate")
    await fill_in(site)
    row = await row_of(tenant, site.account_id)
    admin = await tenant.sign_in("admin")
    assert (await admin.get(f"/admin/applications/{row.id}")).status == 404
    assert str(row.id) not in (await admin.get("/admin/applications?state=")).text
    await apply_whole(site)
    assert (await admin.get(f"/admin/applications/{row.id}")).status == 200
    assert (await site.get("/admin/applications")).status == 403
    assert (await site.get(f"/admin/applications/{row.id}")).status == 403
    stranger = await other_tenant.sign_in("admin")
    for path in (f"/admin/applications/{row.id}", f"/admin/applications/{new_id()}", "/admin/applications/x"):
        assert (await stranger.get(path)).status == 404
        assert (await stranger.post(path, {"decision": "approved", "version": "1"})).status == 404


async def test_queue_is_searched_and_paged(tenant) -> None:
    for name in ("Ida Berg", "Omar Haddad"):
        await applied(tenant, name=name)
    admin = await tenant.sign_in("admin")
    found = await admin.get("/admin/applications?q=omar")
    assert "Omar Haddad" in found.text
    assert "Ida Berg" not in found.text
    none = await admin.get("/admin/applications?q=%25")
    assert "No application matches" in none.text
    assert "Nothing to decide" not in none.text
    for odd in ("page=0", "page=x", "state=draft", "q=" + "x" * 300):
        assert (await admin.get(f"/admin/applications?{odd}")).status == 200


async def test_the_feature_can_be_switched_off_alone(make_tenant) -> None:
    tenant = await make_tenant(plugins={"users.applications": False})
    site = await tenant.sign_in("candidate")
    admin = await tenant.sign_in("admin")
    assert (await site.get("/apply")).status == 404
    assert (await admin.get("/admin/applications")).status == 404
    assert "/apply" not in (await site.get("/profile")).text
    assert (await admin.get("/admin/people")).status == 200


async def test_each_transition_is_written_with_its_actor(tenant) -> None:
    site = await applied(tenant)
    row = await row_of(tenant, site.account_id)
    admin = await tenant.sign_in("admin")
    await admin.post(f"/admin/applications/{row.id}", {"decision": "approved", "version": str(row.version)})
    with tenant.scope():
        steps = await ApplicationStep.filter(application_id=row.id).order_by("at")
        audited = await sql("SELECT data FROM kernel_event WHERE name = 'kernel.audited.v1'")
    assert [(s.before, s.after, s.actor_id) for s in steps] == [
        ("draft", "submitted", site.account_id),
        ("submitted", "approved", admin.account_id),
    ]
    assert any("users.application_decided" in event.data for event in audited)


async def test_who_is_told_what(tenant, outbox) -> None:
    from plugins.users import notifications

    site = await applied(tenant, name="Ida Berg")
    admin = await tenant.sign_in("admin")
    with tenant.scope():
        [submitted] = [e async for e in published_events("users.application_submitted.v1")]
        received = await notifications._submitted(submitted)
        waiting = await notifications._waiting(submitted)
        assert [n.account_id for n in received] == [site.account_id]
        assert [n.account_id for n in waiting] == [admin.account_id]
        assert waiting[0].params == {"name": "Ida Berg"}
        row = await Application.get(account_id=site.account_id)
        await applications.decide(row.id, "rejected", "We are full at the moment.", row.version)
        [decided] = [e async for e in published_events("users.application_decided.v1")]
        [told] = await notifications._decided(decided)
        assert (told.account_id, told.params["reason"]) == (site.account_id, "We are full at the moment.")
        assert await notifications._waiting(submitted) == []
        assert re.fullmatch(r"http://.*/apply", told.action_url)
