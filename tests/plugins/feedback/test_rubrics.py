"""Rubrics: seeded, chosen by the session, revised without touching what was written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from kernel import accounts
from kernel.testing.people import Site, TenantKit
from plugins.feedback.bundled import GENERAL
from plugins.feedback.models import Rubric, RubricRevision
from plugins.feedback.rubrics import pack_criteria, unpack_criteria, weighted
from plugins.feedback.services import rubrics

from .kit import Duo


async def _form(site: Site, path: str) -> dict[str, str]:
    """The form of a rubric as it stands, ready to be sent back."""
    import html
    import re

    page = await site.get(path)
    assert page.status == 200
    fields = {
        k: v
        for k, v in page.fields().items()
        if not k.startswith(("_", "drop_")) and k not in ("q", "", "value", "next")
    }
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', page.text):
        fields[name] = html.unescape(text)
    return fields


async def _general(tenant: TenantKit) -> Rubric:
    with tenant.scope():
        return await Rubric.get(slug="general")


async def test_a_new_tenant_has_two(tenant: TenantKit) -> None:
    with tenant.scope():
        rows = await Rubric.all().order_by("position")
        assert [(r.slug, r.standard, len(r.criteria)) for r in rows] == [
            ("general", True, 5), ("behavioural", False, 4),
        ]  # fmt: skip
        await rubrics.seed()
        assert await Rubric.all().count() == 2


async def test_the_session_chooses(tenant: TenantKit, make_duo: Callable[..., Awaitable[Duo]]) -> None:
    behavioural = await make_duo(tenant, title="Leadership and behavioural questions")
    assert "Story and situation" in (await behavioural.interviewer.get(f"{behavioural.path}/scorecard")).text
    design = await make_duo(tenant)
    form = await design.interviewer.get(f"{design.path}/scorecard")
    assert "Technical depth" in form.text
    other = await design.interviewer.get(f"{design.path}/scorecard?rubric=behavioural")
    assert "Story and situation" in other.text
    assert (await design.interviewer.get(f"{design.path}/scorecard?rubric=nonsense@x")).status == 200


async def test_revision_leaves_written_scorecards_alone(duo: Duo) -> None:
    await duo.both()
    admin = await duo.tenant.sign_in("admin")
    rubric = await _general(duo.tenant)
    form = await _form(admin, f"/admin/rubrics/{rubric.id}")
    form |= {"label_1": "Problem taming", "weight_1": "9"}
    saved = await admin.post(f"/admin/rubrics/{rubric.id}", form)
    assert saved.status == 303
    changed = await _general(duo.tenant)
    assert changed.number == 2
    assert changed.criteria[0]["id"] == "problem_solving"
    with duo.tenant.scope():
        assert (await RubricRevision.get(rubric_id=rubric.id)).criteria[0]["label"] == "Problem solving"
    page = await duo.candidate.get(duo.path)
    assert "Problem solving" in page.text
    assert "Problem taming" not in page.text
    assert "27 % of the whole" in page.text


async def test_a_form_drawn_before_a_revision_still_counts(duo: Duo) -> None:
    admin = await duo.tenant.sign_in("admin")
    rubric = await _general(duo.tenant)
    form = await _form(admin, f"/admin/rubrics/{rubric.id}")
    form["drop_5"] = "1"
    assert (await admin.post(f"/admin/rubrics/{rubric.id}", form)).status == 303
    assert len((await _general(duo.tenant)).criteria) == 4
    assert (await duo.send_card()).status == 303  # drawn from general@1, with five criteria
    card = await duo.card()
    assert card is not None
    assert card.rubric["number"] == 1


async def test_nothing_changed_is_no_revision_and_keeps_translations(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    rubric = await _general(tenant)
    assert admin.account_id is not None
    with tenant.scope():
        await accounts.update_account(admin.account_id, locale="de")
    form = await _form(admin, f"/admin/rubrics/{rubric.id}")
    assert form["label_1"] == "Problemlösung"
    assert (await admin.post(f"/admin/rubrics/{rubric.id}", form)).status == 303
    same = await _general(tenant)
    assert same.criteria == pack_criteria(GENERAL.criteria)
    assert same.number == 1


async def test_two_admins(tenant: TenantKit) -> None:
    one, two = await tenant.sign_in("admin"), await tenant.sign_in("admin")
    rubric = await _general(tenant)
    first, second = await _form(one, f"/admin/rubrics/{rubric.id}"), await _form(two, f"/admin/rubrics/{rubric.id}")
    assert (await one.post(f"/admin/rubrics/{rubric.id}", first | {"title": "General, new"})).status == 303
    assert (await two.post(f"/admin/rubrics/{rubric.id}", second | {"title": "General, other"})).status == 409


async def test_new_rubric_is_checked(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    form = {"title": "Pitch", "label_1": "Hook", "weight_1": "2"}
    missing = await admin.post("/admin/rubrics/new", form)
    assert missing.status == 422
    assert "Describe what a 1 looks like for “Hook”" in missing.text
    bad = await admin.post("/admin/rubrics/new", form | {"weight_1": "99"})
    assert "Enter a weight from 1 to 10" in bad.text
    nothing = await admin.post("/admin/rubrics/new", {"title": "Pitch"})
    assert nothing.status == 422
    anchors = {f"anchor_1_{n}": f"Level {n} <b>" for n in range(1, 6)}
    made = await admin.post("/admin/rubrics/new", form | anchors | {"matches": "pitch, startup"})
    assert made.status == 303
    again = await admin.post("/admin/rubrics/new", form | anchors)
    assert again.status == 422
    assert "already a rubric of this name" in again.text
    with tenant.scope():
        row = await Rubric.get(slug="pitch")
        assert (row.matches, row.criteria[0]["id"], row.criteria[0]["weight"]) == (["pitch", "startup"], "hook", 2)
    assert "Level 1 <b>" not in (await admin.get(made.location)).text


async def test_the_standard_one_cannot_be_withdrawn(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    rubric = await _general(tenant)
    off = {"version": str(rubric.version), "on": "off"}
    assert (await admin.post(f"/admin/rubrics/{rubric.id}/switch", off)).status == 409
    with tenant.scope():
        other = await Rubric.get(slug="behavioural")
    assert (await admin.post(f"/admin/rubrics/{other.id}/switch", off | {"version": str(other.version)})).status == 303
    with tenant.scope():
        assert [r.slug for r in await rubrics.offered()] == ["general"]


def test_weighted_mean() -> None:
    assert weighted(GENERAL, {}) is None
    assert weighted(GENERAL, {c.id: 3 for c in GENERAL.criteria}) == 300
    assert weighted(GENERAL, {"problem_solving": 5, "collaboration": 1}) == 400
    assert unpack_criteria(pack_criteria(GENERAL.criteria)) == GENERAL.criteria
