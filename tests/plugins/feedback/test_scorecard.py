"""The interviewer's scorecard: refused when incomplete, drafted, handed in, locked, corrected as a new version."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel import now
from kernel.base.clock import frozen_at as frozen_time
from plugins.feedback.models import Edition, Scorecard

from .kit import Duo, card_form


async def test_form_shows_anchors_while_choosing(duo: Duo) -> None:
    form = await duo.interviewer.get(f"{duo.path}/scorecard")
    assert form.status == 200
    assert form.text.count('type="radio"') == 25
    assert "Reached a sound answer alone, compared options, and named the edge cases." in form.text
    assert "Save draft" in form.text


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"score_structure": None}, "score_structure", "Choose a score for “Structure”"),
        ({"evidence_structure": ""}, "evidence_structure", "a score other than 3 needs evidence"),
        ({"evidence_structure": "good"}, "evidence_structure", "a score other than 3 needs evidence"),
        ({"score_structure": "6"}, "score_structure", "Choose a score from 1 to 5"),
        ({"score_structure": "x"}, "score_structure", "Choose a score from 1 to 5"),
        ({"strengths": "ok"}, "strengths", "Name at least one strength"),
        ({"next_step": ""}, "next_step", "Suggest one concrete next step"),
        ({"strengths": "x" * 4001}, "strengths", "Use at most 4000 characters"),
    ],
)
async def test_incomplete_is_refused_with_everything_kept(
    duo: Duo, changes: dict[str, str | None], field: str, words: str
) -> None:
    answer = await duo.send_card(**changes)
    assert answer.status == 422
    assert words in answer.text
    assert f'href="#f-{field}"' in answer.text
    assert "Leave ten minutes for what can go wrong." in answer.text
    assert await duo.card() is None


async def test_middle_score_needs_no_evidence(duo: Duo) -> None:
    assert (await duo.send_card(score_structure=3, evidence_structure="")).status == 303


async def test_draft_keeps_what_is_there_and_is_invisible(duo: Duo) -> None:
    draft = {"version": "0", "rubric": "general@1", "score_structure": "2", "strengths": "half a"}
    saved = await duo.interviewer.post(f"{duo.path}/scorecard/draft", draft)
    assert saved.status == 303
    form = await duo.interviewer.get(f"{duo.path}/scorecard")
    assert "half a" in form.text
    assert 'name="score_structure" value="2" checked' in form.text
    assert "half a" not in (await duo.candidate.get(duo.path)).text
    assert await duo.events("feedback.scorecard_submitted.v1") == 0


async def test_draft_by_script_answers_with_the_version(duo: Duo) -> None:
    draft = {"version": "0", "rubric": "general@1", "strengths": "a"}
    first = await duo.interviewer.post(f"{duo.path}/scorecard/draft", draft, headers={"Accept": "application/json"})
    assert first.status == 200
    version = first.json()["version"]
    stale = await duo.interviewer.post(f"{duo.path}/scorecard/draft", draft, headers={"Accept": "application/json"})
    assert stale.status == 409
    draft |= {"version": str(version), "strengths": "ab"}
    again = await duo.interviewer.post(f"{duo.path}/scorecard/draft", draft, headers={"Accept": "application/json"})
    assert again.json()["version"] == version + 1


async def test_other_window_wins_and_nothing_typed_is_lost(duo: Duo) -> None:
    await duo.interviewer.post(
        f"{duo.path}/scorecard/draft", card_form(strengths="From the first window, long enough.")
    )
    second = await duo.send_card(strengths="From the second window, long enough.")
    assert second.status == 409
    assert "From the second window" in second.text
    version = second.fields()["version"]
    assert (await duo.send_card(version=version)).status == 303


async def test_submitting_counts_the_weighted_mean(duo: Duo) -> None:
    answer = await duo.send_card(score_problem_solving=5, score_collaboration=1)
    assert answer.status == 303
    assert answer.location == duo.path
    card = await duo.card()
    assert card is not None
    assert card.state == "submitted"
    assert card.score == 400  # (3*5 + 2*4 + 3*4 + 2*4 + 1*1) / 11
    assert await duo.events("feedback.scorecard_submitted.v1") == 1


async def test_double_click_submits_once(duo: Duo) -> None:
    form = card_form() | {"_key": "one-and-the-same-key"}
    first = await duo.interviewer.post(f"{duo.path}/scorecard", form)
    second = await duo.interviewer.post(f"{duo.path}/scorecard", form)
    assert (first.status, second.status) == (303, 303)
    assert await duo.events("feedback.scorecard_submitted.v1") == 1


async def test_correction_makes_a_version_and_keeps_the_old_one(duo: Duo) -> None:
    await duo.both()
    card = await duo.card()
    assert card is not None
    corrected = await duo.send_card(version=card.version, strengths="Corrected: asks the best questions first.")
    assert corrected.status == 303
    with duo.tenant.scope():
        kept = await Edition.filter(target_id=card.id)
        assert [e.number for e in kept] == [1]
        assert kept[0].content["content"]["strengths"].startswith("Thinks aloud")
        assert (await Scorecard.get(id=card.id)).edition == 2
    page = await duo.candidate.get(duo.path)
    assert "Corrected: asks the best questions first." in page.text
    old = await duo.candidate.get(f"{duo.path}?version=1")
    assert "Thinks aloud and checks" in old.text
    assert "earlier version" in old.text
    assert await duo.events("feedback.scorecard_revised.v1") == 1


async def test_same_content_again_is_no_version(duo: Duo) -> None:
    await duo.send_card()
    card = await duo.card()
    assert card is not None
    assert (await duo.send_card(version=card.version)).status == 303
    assert (await duo.card()).edition == 1  # type: ignore[union-attr]


async def test_locked_after_a_day(duo: Duo) -> None:
    await duo.send_card()
    card = await duo.card()
    assert card is not None
    with frozen_time(now() + timedelta(hours=25)):
        late = await duo.send_card(version=card.version, strengths="Too late to say this differently.")
        assert late.status == 409
        form = await duo.interviewer.get(f"{duo.path}/scorecard")
        assert (form.status, form.location) == (303, duo.path)
    assert (await duo.card()).edition == 1  # type: ignore[union-attr]


async def test_submitted_one_is_no_draft_any_more(duo: Duo) -> None:
    await duo.send_card()
    card = await duo.card()
    assert card is not None
    draft = await duo.interviewer.post(f"{duo.path}/scorecard/draft", card_form(version=card.version))
    assert draft.status == 409


async def test_markup_in_texts_is_harmless(duo: Duo) -> None:
    evil = '<img src=x onerror="alert(1)"> and [x](javascript:alert(1)) %s {0} strengths'
    await duo.send_card(strengths=evil, evidence_structure=evil)
    await duo.send_review(text=evil)
    page = await duo.candidate.get(duo.path)
    assert "<img src=x" not in page.text
    assert 'href="javascript:' not in page.text
    assert "<img src=x" not in (await duo.interviewer.get(duo.path)).text
