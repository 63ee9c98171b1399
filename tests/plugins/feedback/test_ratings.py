"""Ratings: from three released, visible reviews on; hiding one counts anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from kernel import services
from kernel.testing.people import TenantKit
from plugins.feedback.api import Ratings

from .kit import Duo


async def _ratings(tenant: TenantKit, *ids: object) -> dict[object, tuple[float, int]]:
    with tenant.scope():
        provider = services.need(Ratings)
        assert services.get("feedback.Ratings") is provider
        return dict(await provider.of(list(ids)))  # type: ignore[arg-type]


async def test_shown_from_three_reviews_and_counted_anew_when_one_is_hidden(
    tenant: TenantKit, make_duo: Callable[..., Awaitable[Duo]]
) -> None:
    interviewer = await tenant.sign_in("interviewer", name="Tomás Ferreira")
    duos = [await make_duo(tenant, interviewer=interviewer) for _ in range(4)]
    for duo in duos[:2]:
        await duo.both()
    assert await _ratings(tenant, interviewer.account_id) == {}
    # handed in, not released: it must not show through the average
    await duos[2].send_review(realism=1, clarity=1, usefulness=1, text="Nothing of it was of any use to me.")
    assert await _ratings(tenant, interviewer.account_id) == {}
    await duos[2].send_card()
    assert await _ratings(tenant, interviewer.account_id) == {interviewer.account_id: (3.44, 3)}
    await duos[3].both()
    bad = await duos[2].review()
    assert bad is not None
    moderator = await tenant.sign_in("moderator")
    form = {"version": str(bad.version), "reason": "Another session altogether."}
    assert (await moderator.post(f"/admin/feedback/{bad.id}/hide", form)).status == 303
    assert await _ratings(tenant, interviewer.account_id) == {interviewer.account_id: (4.67, 3)}
    page = await interviewer.get("/feedback")
    assert "from 3 reviews" in page.text
    with tenant.scope():
        recent = await services.need(Ratings).recent(interviewer.account_id or bad.id)
        assert all("of any use" not in r.text for r in recent)
        summary = await services.need(Ratings).summary(interviewer.account_id or bad.id)
        assert (summary.realism, summary.clarity, summary.usefulness) == (5.0, 4.0, 5.0)


async def test_other_tenants_do_not_count(
    tenant: TenantKit, other_tenant: TenantKit, make_duo: Callable[..., Awaitable[Duo]]
) -> None:
    interviewer = await tenant.sign_in("interviewer")
    for _ in range(3):
        await (await make_duo(tenant, interviewer=interviewer)).both()
    assert len(await _ratings(tenant, interviewer.account_id)) == 1
    assert await _ratings(other_tenant, interviewer.account_id) == {}
    assert await _ratings(tenant) == {}


async def test_few_reviews_are_said_to_be_few(duo: Duo) -> None:
    await duo.both()
    page = await duo.interviewer.get("/feedback")
    assert "You have 1 released review" in page.text
