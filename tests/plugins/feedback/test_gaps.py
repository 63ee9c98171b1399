"""Weak competencies of scorecards: which count, and how they become reasons of the search."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from kernel import services
from kernel.tenancy.toggles import switch
from kernel.testing.people import TenantKit
from plugins.feedback.api import Gap
from tests.plugins.scheduling.conftest import interviewer

from .kit import Duo


async def _gaps(duo: Duo) -> list[Gap]:
    assert duo.candidate.account_id is not None
    with duo.tenant.scope():
        found: list[Gap] = await services.need("feedback.Gaps").of(duo.candidate.account_id)
    return found


async def test_only_released_scorecards_count_and_the_latest_mark(
    tenant: TenantKit, make_duo: Callable[..., Awaitable[Duo]]
) -> None:
    duo = await make_duo(tenant)
    assert await _gaps(duo) == []
    weak = {"score_communication": 2, "score_structure": 1, "score_problem_solving": 3}
    assert (await duo.send_card(**weak)).status == 303
    assert await _gaps(duo) == []  # not released: the candidate may not know it yet, by no way round
    assert (await duo.send_review()).status == 303
    found = await _gaps(duo)
    assert [gap.score for gap in found] == [1, 2, 3]
    assert {gap.session for gap in found} == {"System design"}
    again = await make_duo(tenant, candidate=duo.candidate)
    assert (await again.send_card(score_structure=5)).status == 303
    assert (await again.send_review()).status == 303
    assert await _gaps(duo) == []  # the latest marks are good
    with duo.tenant.scope():
        assert await services.need("feedback.Gaps").of(duo.interviewer.account_id) == []


async def test_weak_competencies_become_reasons(tenant: TenantKit, make_duo: Callable[..., Awaitable[Duo]]) -> None:
    await interviewer(tenant, slug="maya")  # offers System design, in which the weakness showed
    duo = await make_duo(tenant)
    words = "Helps you improve:"
    assert words not in (await duo.candidate.get("/interviewers")).text
    assert (await duo.send_card(score_communication=2)).status == 303
    assert (await duo.send_review()).status == 303
    (gap,) = await _gaps(duo)
    assert f"{words} {gap.competency}" in (await duo.candidate.get("/interviewers")).text
    listed = (await duo.candidate.get("/api/v1/scheduling/search")).json()["interviewers"]
    assert any(f"{words} {gap.competency}" in person["reasons"] for person in listed)
    assert words not in (await tenant.visitor().get("/interviewers")).text  # nobody else's business
    await switch(tenant.ref, "feedback", False)
    page = await duo.candidate.get("/interviewers")
    assert page.status == 200
    assert words not in page.text
