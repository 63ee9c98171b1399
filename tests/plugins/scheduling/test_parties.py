"""The form of a booking: own questions, files, alias, guests, for somebody else, packages; practice later; limits."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp

from kernel import now, published_events, set_setting
from plugins.scheduling import intake
from plugins.scheduling.models import Booking, InterviewType
from plugins.scheduling.services import parties

from .conftest import Packages, World, day_after, interviewer, stamp

QUESTIONS = [
    {"key": "role", "type": "text", "label": "Which role?", "hint": "", "required": True, "options": []},
    {"key": "level", "type": "choice", "label": "Level", "hint": "", "required": True, "options": ["Mid", "Senior"]},
    {"key": "langs", "type": "several", "label": "Languages", "hint": "", "required": False, "options": ["Go", "C"]},
    {"key": "years", "type": "number", "label": "Years", "hint": "", "required": False, "options": []},
    {"key": "when", "type": "date", "label": "Interview on", "hint": "", "required": False, "options": []},
    {"key": "nda", "type": "yesno", "label": "I agree to the NDA", "hint": "", "required": True, "options": []},
    {"key": "cv", "type": "file", "label": "Résumé", "hint": "", "required": True, "options": []},
]
GOOD = [("goal", "x"), ("q_role", "SRE"), ("q_level", "Senior"), ("q_langs", "Go"), ("q_langs", "C"),
        ("q_years", "7,5"), ("q_when", "2030-05-02"), ("q_nda", "yes")]  # fmt: skip


def _form(pairs: list[tuple[str, str]], file: bytes | None, name: str = "cv.pdf") -> aiohttp.FormData:
    form = aiohttp.FormData(pairs)
    if file is not None:
        form.add_field("q_cv", file, filename=name, content_type="text/html")
    return form


async def test_own_questions_are_checked_kept_and_shown(tenant: Any) -> None:
    world = await interviewer(tenant, questions=QUESTIONS)
    site = await tenant.sign_in("candidate")
    held = await world.hold(site, stamp(day_after(5, 10)))
    page = await site.get(held.location)
    assert "Which role?" in page.text
    bad = [("goal", "x"), ("q_level", "Boss"), ("q_langs", "Perl"), ("q_years", "many"), ("q_when", "soon"),
           ("q_nda", "no")]  # fmt: skip
    refused = await site.post(held.location, _form(bad, b"\x00\x01MZ"))
    assert refused.status == 422
    for words in ("Answer this question", "Choose from the list", "Enter a number", "Enter a date", "agree to this",
                  "Use a PDF"):  # fmt: skip
        assert words in refused.text, words
    done = await site.post(held.location, _form(GOOD, b"%PDF-1.7 me"))
    assert done.status == 303, done.text
    host = await tenant.sign_in(account_id=world.interviewer_id)
    shown = await host.get(done.location)
    for words in ("SRE", "Senior", "Go, C", "7.5", "cv.pdf"):
        assert words in shown.text, words
    row = await world.row(UUID(done.location.rsplit("/", 1)[1]))
    (file_id,) = intake.files_of(row.intake)
    path = f"{done.location}/files/{file_id}"
    got = await host.get(path)
    assert (got.status, got.body) == (200, b"%PDF-1.7 me")
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["Content-Type"] == "application/octet-stream"
    stranger = await tenant.sign_in("candidate")
    assert (await stranger.get(path)).status == 404
    assert (await host.get(f"{done.location}/files/{row.id}")).status == 404


async def test_answers_by_the_api(tenant: Any) -> None:
    world = await interviewer(tenant, questions=QUESTIONS[:2])
    site = await tenant.sign_in("candidate")
    held = await world.hold(site, stamp(day_after(5, 10)))
    path = f"/api/v1/scheduling{held.location}"
    refused = await site.post(path, json={"answers": {"role": "SRE"}})
    assert (refused.status, [e["field"] for e in refused.json()["errors"]]) == (422, ["answers.level"])
    done = await site.post(path, json={"answers": {"role": "SRE", "level": "Mid"}})
    assert done.json()["status"] == "accepted"


async def test_the_editor_of_questions(world: World) -> None:
    admin = await world.tenant.sign_in("admin")
    path = f"/admin/interview-types/{world.kind.id}"
    form = (await admin.get(path)).fields()
    base = {k: v for k, v in form.items() if not k.startswith(("_", "q"))} | {
        "mode": "request", "policy": "strict", "price_rule": "rate", "level": "any", "topic": "coding",
        "title": "Design", "active": "on",
    }  # fmt: skip
    base.pop("request_blocks", None)
    base.pop("now_allowed", None)
    rows = {"q0_label": "Which role?", "q0_type": "text", "q0_required": "on", "q1_label": "Level",
            "q1_type": "choice", "q1_options": "Mid\nSenior"}  # fmt: skip
    bad = await admin.post(path, base | rows | {"q1_options": "Mid"})
    assert (bad.status, "Enter 2 to 20 choices" in bad.text) == (422, True)
    assert (await admin.post(path, base | rows)).status == 303
    with world.tenant.scope():
        row = await InterviewType.get(id=world.kind.id)
    assert [(q["label"], q["type"], q["required"]) for q in row.questions] == [
        ("Which role?", "text", True), ("Level", "choice", False),
    ]  # fmt: skip
    assert (row.mode, row.policy) == ("request", "strict")


async def test_an_alias_hides_name_and_picture(world: World) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    held = await world.hold(site, stamp(day_after(5, 10)))
    done = await site.post(held.location, {"goal": "x", "alias": "Blue Heron"})
    host = await world.tenant.sign_in(account_id=world.interviewer_id)
    page = await host.get(done.location)
    assert "Blue Heron" in page.text
    assert "Ada Novak" not in page.text.replace("<title>", "")
    assert "Ada Novak" not in (await host.get("/bookings")).text


async def test_a_session_for_somebody_else_is_taken_over(tenant: Any) -> None:
    world = await interviewer(tenant, guests=1)
    payer, theirs = await tenant.sign_in("candidate"), await tenant.sign_in("candidate")
    start = stamp(day_after(5, 10))
    held = await world.hold(payer, start)
    wrong = await payer.post(held.location, {"goal": "x", "for_email": "nobody", "guests": "a@b.test c@d.test"})
    assert wrong.status == 422
    assert "Enter an email address" in wrong.text
    assert "At most 1 people" in wrong.text
    done = await payer.post(
        held.location, {"goal": "x", "for_email": "new@example.test", "guests": "guest@example.test"}
    )
    booking_id = UUID(done.location.rsplit("/", 1)[1])
    with tenant.scope():
        told = [dict(e.data) async for e in published_events("scheduling.session_given.v1")]
        token = await parties.claim_token(await Booking.get(id=booking_id))
    assert sorted((e["what"], e["email"]) for e in told) == [
        ("claim", "new@example.test"), ("guest", "guest@example.test"),
    ]  # fmt: skip
    path = f"/session-for-you/{token}"
    visitor = tenant.visitor()
    assert "Sign in to take it over" in (await visitor.get(path)).text
    assert "/sign-in" in (await visitor.post(path)).location
    await world.booked(theirs, stamp(day_after(6, 10)))
    taken = await asyncio.gather(*(theirs.post(path) for _n in range(3)))
    assert sorted(a.status for a in taken) == [303, 410, 410]
    row = await world.row(booking_id)
    assert (row.candidate_id, row.booked_by, row.claim_email) == (theirs.account_id, payer.account_id, "")
    assert (await theirs.get(done.location)).status == 200
    assert (await payer.get(done.location)).status == 200  # who paid still sees it
    assert (await theirs.get(path)).status == 410
    assert (await world.hold(theirs, start)).location == done.location  # it is theirs


async def test_a_package_pays_and_counts_again_when_cancelled_in_time(tenant: Any, packages: Packages) -> None:
    world = await interviewer(tenant, rate=6000)
    site = await tenant.sign_in("candidate")
    held = await world.hold(site, stamp(day_after(5, 10)))
    assert "Use one of the 1 sessions left in Five sessions" in (await site.get(held.location)).text
    done = await site.post(held.location, {"goal": "x", "use_entitlement": "on"})
    row = await world.row(UUID(done.location.rsplit("/", 1)[1]))
    assert (row.status, row.price_minor, row.entitlement) == ("accepted", 0, "pack")
    await site.post(f"{done.location}/cancel", {"code": "ill"})
    assert packages.log == ["use", "back"]


async def test_practice_later_within_what_one_may_have(tenant: Any, packages: Packages) -> None:
    world = await interviewer(tenant)
    site = await tenant.sign_in("candidate")
    with tenant.scope():
        kind = await InterviewType.filter(kind="ai", active=True).order_by("position").first()
    assert kind is not None
    later = {"type": str(kind.id), "when": f"{day_after(3, 10):%Y-%m-%dT%H:%M}", "tz": "UTC"}
    past = await site.post("/practice", later | {"when": "2020-01-01T10:00"})
    assert (past.status, "This time has passed" in past.text) == (422, True)
    booked = await site.post("/practice", later)
    row = await world.row(UUID(booked.location.rsplit("/", 1)[1]))
    assert (row.status, row.interviewer_id, row.starts_at) == ("accepted", None, day_after(3, 10))
    again = await site.post("/practice", later)
    assert again.location == booked.location  # a second click
    more = await site.post("/practice", later | {"when": f"{day_after(3, 12):%Y-%m-%dT%H:%M}"})
    assert (more.status, "in a day" in more.text) == (429, True)
    assert stamp(day_after(3, 10)) in await world.starts()  # nobody's time was taken


async def test_unconfirmed_times_are_limited(world: World) -> None:
    with world.tenant.scope():
        await set_setting("scheduling.open_holds", 1)
    other = await interviewer(world.tenant, slug="omar")
    site = await world.tenant.sign_in("candidate")
    assert (await world.hold(site, stamp(day_after(5, 10)))).status == 303
    refused = await other.hold(site, stamp(day_after(6, 10)))
    assert (refused.status, "as many times as one person may" in refused.text) == (422, True)
    assert now() < day_after(5, 10) - timedelta(days=1)
