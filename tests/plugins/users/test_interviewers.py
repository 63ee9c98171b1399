"""The interviewer's own profile, and what other plugins are told about interviewers."""

from __future__ import annotations

import pytest

from kernel import accounts, services, set_setting, sql
from plugins.users.api import Interviewers, People
from plugins.users.models import InterviewerProfile
from plugins.users.services import interviewers

from .conftest import BIO, png
from .test_profile import picture

PROFILE = {
    "headline": "Staff engineer, storage", "company": "Northwind", "years": "11", "bio": BIO, "skills": "Go, SQL",
    "languages": ["en", "de"], "rate": "120",
}  # fmt: skip


def pairs(version: str, **changes: object) -> list[tuple[str, str]]:
    values = {**PROFILE, **changes, "version": version}
    return [(k, str(v)) for k, vs in values.items() for v in (vs if isinstance(vs, list) else [vs])]


async def made(tenant, *, published: bool = True, **person: str):
    """A signed-in interviewer with a whole profile."""
    site = await tenant.sign_in("candidate", "interviewer", **person)
    with tenant.scope():
        await interviewers.make(
            site.account_id, headline=PROFILE["headline"], bio=BIO, company="Northwind", years=11,
            skills=["Go", "SQL"], languages=["en", "de"], rate_minor=12000, published=published,
        )  # fmt: skip
    return site


async def version_of(site) -> str:
    return (await site.get("/interviewer/profile")).fields()["version"]


async def test_a_new_interviewer_fills_in_and_publishes(tenant) -> None:
    site = await tenant.sign_in("interviewer", name="Ida Berg")
    page = await site.get("/interviewer/profile")
    assert "Before you can publish" in page.text
    with tenant.scope():
        assert await InterviewerProfile.all().count() == 0  # looking makes nothing
    early = await site.post("/interviewer/profile/published", {"on": "on"})
    assert early.status == 409
    assert "Fill in what is missing first" in early.text
    assert (await site.post("/interviewer/profile", pairs(await version_of(site)))).status == 303
    with tenant.scope():
        provider = services.need(Interviewers)
        assert await provider.by_slug("ida-berg") is None
    assert (await site.post("/interviewer/profile/published", {"on": "on"})).status == 303
    with tenant.scope():
        card = await provider.by_slug("ida-berg")
        assert (card.name, card.rate_minor, card.skills, card.languages) == (
            "Ida Berg",
            12000,
            ("Go", "SQL"),
            ("de", "en"),
        )
        assert card.accepting
    await site.post("/interviewer/profile/accepting", {"on": "off"})
    with tenant.scope():
        assert not (await provider.card(site.account_id)).accepting
    await site.post("/interviewer/profile/published", {"on": "off"})
    with tenant.scope():
        assert await provider.by_slug("ida-berg") is None
        assert await provider.listed() == []
        assert (await provider.card(site.account_id)).published is False


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": "5000"}, "between €10 and €500"),
        ({"rate": "ten"}, "between €10 and €500"),
        ({"headline": "x"}, "at least 10 characters"),
        ({"bio": BIO + " Call 0171 234 567 89."}, "Leave out email addresses"),
        ({"skills": ", ".join(f"s{n}" for n in range(21))}, "at most 20 skills"),
        ({"languages": []}, "Choose at least one language"),
        ({"years": "-1"}, "from 0 to 60"),
    ],
)
async def test_refused_values_change_nothing(tenant, changes, words) -> None:
    site = await made(tenant)
    answer = await site.post("/interviewer/profile", pairs(await version_of(site), **changes))
    assert answer.status == 422
    assert words in answer.text
    with tenant.scope():
        row = await InterviewerProfile.get(account_id=site.account_id)
        assert (row.rate_minor, row.headline) == (12000, PROFILE["headline"])


async def test_a_stale_page_keeps_what_was_typed(tenant) -> None:
    site = await made(tenant)
    version = await version_of(site)
    assert (await site.post("/interviewer/profile", pairs(version, company="Fjord"))).status == 303
    stale = await site.post("/interviewer/profile", pairs(version, company="Harbour"))
    assert stale.status == 409
    assert 'value="Harbour"' in stale.text
    assert (await site.post("/interviewer/profile", pairs(stale.fields()["version"], company="Harbour"))).status == 303
    with tenant.scope():
        assert (await InterviewerProfile.get(account_id=site.account_id)).company == "Harbour"


async def test_rates_follow_the_tenant_s_bounds_and_currency(make_tenant) -> None:
    tenant = await make_tenant(currency="JPY")
    with tenant.scope():
        await set_setting("users.rate_minimum", 1000)
        await set_setting("users.rate_maximum", 30000)
    site = await tenant.sign_in("interviewer")
    assert "¥1,000" in (await site.get("/interviewer/profile")).text.replace("JP¥", "¥")
    low = await site.post("/interviewer/profile", pairs(await version_of(site), rate="999"))
    assert low.status == 422
    assert (await site.post("/interviewer/profile", pairs(await version_of(site), rate="1500.50"))).status == 422
    assert (await site.post("/interviewer/profile", pairs(await version_of(site), rate="1500"))).status == 303
    with tenant.scope():
        row = await InterviewerProfile.get(account_id=site.account_id)
        assert (row.rate_minor, row.currency) == (1500, "JPY")


async def test_a_changed_rate_is_written_down(tenant) -> None:
    site = await made(tenant)
    await site.post("/interviewer/profile", pairs(await version_of(site), rate="99,50"))
    with tenant.scope():
        rows = await sql(
            "SELECT data FROM kernel_event WHERE name = 'kernel.audited.v1' AND data::text LIKE '%rate_changed%'"
        )
    assert len(rows) == 1
    assert "12000" in rows[0].data
    assert "9950" in rows[0].data


async def test_people_of_one_name_get_slugs_of_their_own(tenant) -> None:
    for name in ("Ida Berg", "Ida Berg", "Idá  Berg", "王小明"):
        await made(tenant, name=name)
    with tenant.scope():
        slugs = [card.slug for card in await services.need(Interviewers).listed()]
    assert sorted(slugs)[-3:] == ["ida-berg", "ida-berg-2", "ida-berg-3"]
    assert len(set(slugs)) == 4


async def test_list_is_searched_by_words_skill_and_language(tenant) -> None:
    await made(tenant, name="Ida Berg")
    other = await made(tenant, name="Omar Haddad")
    with tenant.scope():
        row = await InterviewerProfile.get(account_id=other.account_id)
        row.skills, row.languages, row.headline = ["Kotlin", "100%"], ["ar"], "Mobile engineer"
        await row.save()
        listed = services.need(Interviewers).listed

        async def names(**query: str) -> list[str]:
            return [card.name for card in await listed(**query)]

        assert await names() == ["Ida Berg", "Omar Haddad"]
        assert await names(q="berg storage") == ["Ida Berg"]
        assert await names(q="100%") == ["Omar Haddad"]
        assert await names(q="%") == ["Omar Haddad"]
        assert await names(skill="kotlin") == ["Omar Haddad"]
        assert await names(skill="kot") == []
        assert await names(language="de") == ["Ida Berg"]
        assert await names(q="'; DROP TABLE users_profile; --") == []


async def test_whoever_loses_the_role_or_the_account_is_gone_from_lists(tenant) -> None:
    site = await made(tenant, name="Ida Berg")
    with tenant.scope():
        provider = services.need(Interviewers)
        assert list(await provider.cards([site.account_id, site.account_id])) == [site.account_id]
        await accounts.lock(site.account_id, reason="abuse")
        assert await provider.card(site.account_id) is None
        await accounts.unlock(site.account_id)
        await accounts.revoke(site.account_id, "interviewer")
        assert await provider.listed() == []
        assert await provider.cards([site.account_id]) == {}
        assert await provider.cards([]) == {}


async def test_pictures_of_listed_interviewers_are_public(tenant) -> None:
    site = await made(tenant, name="Ida Berg")
    await site.post("/profile/picture", picture(png()))
    with tenant.scope():
        card = await services.need(Interviewers).card(site.account_id)
        people = services.need(People)
        assert (await people.names([site.account_id]))[site.account_id] == "Ida Berg"
        assert (await people.picture_urls([site.account_id]))[site.account_id].endswith("size=64")
    assert (await tenant.visitor().get(card.picture_url)).status == 200
    await site.post("/interviewer/profile/published", {"on": "off"})
    assert (await tenant.visitor().get(card.picture_url)).status == 404


async def test_another_tenant_sees_nobody(tenant, other_tenant) -> None:
    site = await made(tenant, name="Ida Berg")
    with other_tenant.scope():
        provider = services.need(Interviewers)
        assert await provider.card(site.account_id) is None
        assert await provider.by_slug("ida-berg") is None
        assert await provider.listed() == []
        assert await services.need(People).names([site.account_id]) == {}


async def test_only_interviewers_get_in(tenant) -> None:
    candidate = await tenant.sign_in("candidate")
    assert (await candidate.get("/interviewer/profile")).status == 403
    assert (await candidate.post("/interviewer/profile", pairs("1"))).status == 403
    assert (await tenant.visitor().get("/interviewer/profile")).status == 303
    admin = await tenant.sign_in("owner")
    assert (await admin.post("/interviewer/profile", pairs("1"))).status == 404
    site = await made(tenant)
    assert (await site.post("/interviewer/profile/published", {"on": "maybe"})).status == 400
    with tenant.scope():
        assert await InterviewerProfile.all().count() == 1


async def test_home_reminds_of_an_unpublished_profile(tenant) -> None:
    site = await made(tenant, published=False)
    assert "It is not public yet" in (await site.get("/home")).text
    await site.post("/interviewer/profile/published", {"on": "on"})
    assert "It is not public yet" not in (await site.get("/home")).text
