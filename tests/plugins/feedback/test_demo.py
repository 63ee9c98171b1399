"""The demo's data: for finished sessions, released, in the tenant's language, with something left to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from kernel import speaking
from kernel.testing.people import TenantKit
from plugins.feedback.demo_data import seed
from plugins.feedback.demo_texts import DE, EN
from plugins.feedback.models import Exchange, Review, Scorecard

from .kit import booked


@pytest.mark.parametrize(("locale", "words"), [("en", EN), ("de", DE)])
async def test_sessions_get_scorecards_and_reviews(
    make_tenant: Callable[..., Awaitable[TenantKit]], locale: str, words: object
) -> None:
    from datetime import timedelta

    tenant = await make_tenant(locale=locale)
    me = await tenant.account("candidate", email="candidate@demo.test")
    host = await tenant.account("interviewer", email="interviewer@demo.test")
    others = [await tenant.account("candidate") for _ in range(4)]
    teachers = [await tenant.account("interviewer") for _ in range(3)]
    for n in range(8):
        await booked(tenant, others[n % 4], teachers[n % 3], ago=timedelta(days=40 - n))
    last_of_mine = await booked(tenant, me, teachers[0], ago=timedelta(days=12))
    last_of_host = await booked(tenant, others[0], host, ago=timedelta(days=9))
    await booked(tenant, me, None, ago=timedelta(days=3))
    await booked(tenant, me, teachers[1], outcome="no_show_candidate", ago=timedelta(days=2))
    with tenant.scope(locale=locale), speaking(locale, "Europe/Berlin"):
        await seed(tenant.ref.slug)
        assert await Exchange.all().count() == 11
        assert await Scorecard.all().count() == 9
        assert await Review.all().count() == 9
        assert await Exchange.filter(released_at__isnull=False).count() == 8
        assert not await Review.filter(booking_id=last_of_mine).exists()
        assert not await Scorecard.filter(booking_id=last_of_host).exists()
        assert await Review.filter(hidden_at__isnull=False).count() == 1
        assert await Review.filter(report_state="open").count() == 1
        card = await Scorecard.all().first()
        assert card is not None
        assert isinstance(words, type(EN))
        assert card.content["strengths"] in words.summaries["general"][0]
    site = await tenant.sign_in(account_id=me)
    assert f"/feedback/{last_of_mine}/review" in (await site.get("/feedback")).text
