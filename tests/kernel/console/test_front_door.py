"""Signing in and out, the front page, the start page, and one's own security."""

from __future__ import annotations

import re

import pytest

from kernel.auth import accounts, sessions
from kernel.auth.models import Session
from kernel.base.runtime import runtime
from kernel.engines.cache import MemoryCache
from kernel.testing.people import PASSWORD, Site, TenantKit


@pytest.fixture(autouse=True)
def unhurried(greenroom: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test begins with no attempts counted."""
    monkeypatch.setattr(runtime(), "cache", MemoryCache())


async def person(tenant: TenantKit, email: str, *, state: str = "active") -> accounts.Account:
    with tenant.scope():
        return await accounts.create_account(email, "Ada", password=PASSWORD, state=state)


async def enter(site: Site, email: str, password: str = PASSWORD, **more: str) -> tuple[int, str, str]:
    answer = await site.post("/sign-in", {"email": email, "password": password, "next": "", **more})
    return answer.status, answer.location, answer.text


async def test_in_and_out(tenant: TenantKit) -> None:
    await person(tenant, "ada@example.com")
    site = tenant.visitor()
    assert (await enter(site, " ADA@example.com "))[:2] == (303, "/home")
    assert "Ada" in (await site.get("/home")).text
    assert (await site.get("/")).location == "/home"
    assert (await site.get("/sign-in?next=/account/security")).location == "/account/security"
    cookie = site.cookies()["session"]
    out = await site.post("/sign-out")
    assert (out.status, out.location) == (303, "/")
    site.set_cookie("session", cookie)
    assert (await site.get("/home")).location.startswith("/sign-in?next=")
    await site.get("/sign-in")
    assert (await site.post("/sign-out")).status == 303  # a second time is no error


async def test_unknown_and_wrong_get_the_same_answer(tenant: TenantKit) -> None:
    await person(tenant, "ada@example.com")
    await person(tenant, "eve@example.com", state="pending")
    answers = []
    for email in ("ada@example.com", "bob@example.com", "eve@example.com"):
        status, _location, text = await enter(tenant.visitor(), email, "not the password")
        assert status == 422
        assert PASSWORD not in text
        text = re.sub(r'name="_csrf" value="[^"]*"|name="csrf-token" content="[^"]*"', "", text)
        answers.append(text.replace(email, "?"))
    assert answers[0] == answers[1] == answers[2]


async def test_empty_fields_are_named_and_input_stays(tenant: TenantKit) -> None:
    status, _location, text = await enter(tenant.visitor(), "ada@example.com", "")
    assert status == 422
    assert "Enter your password" in text
    assert 'value="ada@example.com"' in text
    assert "Error:" in text


async def test_spaces_belong_to_the_password(tenant: TenantKit) -> None:
    with tenant.scope():
        await accounts.create_account("ada@example.com", "Ada", password="  three plus four  ", state="active")
    assert (await enter(tenant.visitor(), "ada@example.com", "three plus four"))[0] == 422
    assert (await enter(tenant.visitor(), "ada@example.com", "  three plus four  "))[0] == 303


async def test_pending_and_locked_are_told_to_those_who_know_the_password(tenant: TenantKit) -> None:
    await person(tenant, "ada@example.com", state="pending")
    status, _location, text = await enter(tenant.visitor(), "ada@example.com")
    assert status == 403
    assert "Confirm your email address first" in text
    eve = await person(tenant, "eve@example.com")
    with tenant.scope():
        await accounts.lock(eve.id, reason="test")
    status, _location, text = await enter(tenant.visitor(), "eve@example.com")
    assert status == 403
    assert "This account is locked" in text


@pytest.mark.parametrize(
    "target",
    ["https://evil.test/", "//evil.test", "/\\evil.test", "\\\\evil.test", "/\t/evil.test", "javascript:alert(1)",
     "/%0d%0aSet-Cookie:x", "", " //evil.test", "http:evil.test"],
)  # fmt: skip
async def test_next_never_leaves_the_site(tenant: TenantKit, target: str) -> None:
    await person(tenant, "ada@example.com")
    status, location, _text = await enter(tenant.visitor(), "ada@example.com", next=target)
    assert status == 303
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert "\n" not in location


async def test_next_is_kept_over_a_mistake(tenant: TenantKit) -> None:
    await person(tenant, "ada@example.com")
    site = tenant.visitor()
    asked = await site.get("/account/security?x=1")
    assert asked.location == "/sign-in?next=/account/security%3Fx%3D1"
    page = await site.get(asked.location)
    assert page.fields()["next"] == "/account/security?x=1"
    _status, _location, text = await enter(site, "ada@example.com", "wrong", next="/account/security?x=1")
    assert 'name="next" value="/account/security?x=1"' in text
    assert (await enter(site, "ada@example.com", next="/account/security?x=1"))[1] == "/account/security?x=1"


async def test_guessing_has_to_wait(tenant: TenantKit) -> None:
    await person(tenant, "ada@example.com")
    site = tenant.visitor()
    statuses = [(await enter(site, "ada@example.com", "wrong"))[0] for _ in range(9)]
    assert statuses.count(422) <= 6
    assert statuses[-1] == 429
    answer = await site.post("/sign-in", {"email": "ada@example.com", "password": PASSWORD, "next": ""})
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Too many attempts" in answer.text
    forged = await site.post(
        "/sign-in",
        {"email": "ada@example.com", "password": "wrong", "next": ""},
        headers={"X-Forwarded-For": "198.51.100.77"},
    )
    assert forged.status == 429


async def test_signing_in_needs_our_own_form(tenant: TenantKit) -> None:
    await person(tenant, "ada@example.com")
    answer = await tenant.visitor().post("/sign-in", {"email": "ada@example.com", "password": PASSWORD}, csrf=False)
    assert answer.status in (400, 403)
    assert "session" not in answer.headers.get("Set-Cookie", "")


async def test_signing_in_again_ends_the_session_before(tenant: TenantKit) -> None:
    ada = await person(tenant, "ada@example.com")
    eve = await person(tenant, "eve@example.com")
    site = tenant.visitor()
    with tenant.scope():
        token = await sessions.start_session(ada, _request())
    await site.token()
    await enter(site, "eve@example.com")
    first = site.cookies()["session"]
    with tenant.scope():
        actor = await sessions.load_actor(first)
        assert actor is not None
        assert actor.id == eve.id
        assert await sessions.load_actor(token) is not None  # somebody else's browser


def _request() -> object:
    from aiohttp.test_utils import make_mocked_request

    return make_mocked_request("POST", "/sign-in")


async def test_visitors_see_the_front_page(tenant: TenantKit) -> None:
    page = await tenant.visitor().get("/")
    assert page.status == 200
    assert f"<h1>{tenant.ref.name}" in page.text or "<h1" in page.text
    assert 'href="/sign-in"' in page.text


async def test_home_greets_by_the_readers_clock(tenant: TenantKit) -> None:
    site = await tenant.sign_in(name="Ada Lovelace")
    text = (await site.get("/home")).text
    assert re.search(r"Good (morning|afternoon|evening), Ada<", text)


async def test_changing_the_password(tenant: TenantKit) -> None:
    ada = await person(tenant, "ada@example.com")
    here = await tenant.sign_in(account_id=ada.id)
    there = await tenant.sign_in(account_id=ada.id)
    wrong = await here.post("/account/security/password", {"current": "nope", "password": "another good phrase"})
    assert wrong.status == 422
    assert "Enter your current password" in wrong.text
    weak = await here.post("/account/security/password", {"current": PASSWORD, "password": "password12"})
    assert weak.status == 422
    assert "easy to guess" in weak.text
    done = await here.post("/account/security/password", {"current": PASSWORD, "password": "another good phrase"})
    assert (done.status, done.location) == (303, "/account/security")
    assert (await here.get("/home")).status == 200
    assert (await there.get("/home")).status == 303
    assert (await enter(tenant.visitor(), "ada@example.com"))[0] == 422
    assert (await enter(tenant.visitor(), "ada@example.com", "another good phrase"))[0] == 303


async def test_a_stolen_session_does_not_help_to_guess_the_password(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    form = {"current": "wrong", "password": "another good phrase"}
    statuses = [(await site.post("/account/security/password", form)).status for _ in range(8)]
    assert statuses[-1] == 429


async def test_ending_sessions(tenant: TenantKit, other_tenant: TenantKit) -> None:
    ada = await person(tenant, "ada@example.com")
    here, there, third = [await tenant.sign_in(account_id=ada.id) for _ in range(3)]
    page = await here.get("/account/security")
    assert page.text.count("Sign out there") == 2
    stranger = await tenant.sign_in()
    with tenant.scope():
        ids = {s.token_hash: s.id for s in await Session.filter(account_id=ada.id)}
        there_id = next(i for h, i in ids.items() if h == _digest(there))
    for site in (stranger, await other_tenant.sign_in("owner")):
        assert (await site.post("/account/security/end", {"session": str(there_id)})).status == 404
    for bad in ("", "x", "' OR 1=1"):
        assert (await here.post("/account/security/end", {"session": bad})).status == 404
    assert (await here.post("/account/security/end", {"session": str(there_id)})).status == 303
    assert (await there.get("/home")).status == 303
    assert (await third.get("/home")).status == 200
    assert (await here.post("/account/security/end-others")).status == 303
    assert (await third.get("/home")).status == 303
    assert (await here.get("/home")).status == 200
    assert (await stranger.get("/home")).status == 200


def _digest(site: Site) -> str:
    from kernel.auth.one_time import digest

    return digest(site.cookies()["session"])


async def test_preferences(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    answer = await site.post("/preferences/locale", {"value": "de", "next": "/home"})
    assert (answer.status, answer.location) == (303, "/home")
    assert 'lang="de"' in (await site.get("/home")).text
    assert (await site.post("/preferences/zone", {"value": "Asia/Tokyo"})).status == 303
    with tenant.scope():
        assert site.account_id is not None
        account = await accounts.account(site.account_id)
        assert (account.locale, account.zone) == ("de", "Asia/Tokyo")
    by_script = await site.post("/preferences/theme", {"value": "dark"}, headers={"Sec-Fetch-Mode": "cors"})
    assert by_script.status == 204
    assert 'data-theme="dark"' in (await site.get("/home")).text
    for kind, value in (("theme", "pink"), ("locale", "xx"), ("zone", "Mars/Base")):
        assert (await site.post(f"/preferences/{kind}", {"value": value})).status == 422
    assert (await site.post("/preferences/colour", {"value": "red"})).status == 404
    away = await site.post("/preferences/theme", {"value": "light", "next": "https://evil.test/"})
    assert away.location == "/"


async def test_a_visitors_language_stays_in_a_cookie(tenant: TenantKit) -> None:
    site = tenant.visitor()
    assert (await site.post("/preferences/locale", {"value": "ar"})).status == 303
    page = await site.get("/")
    assert 'dir="rtl"' in page.text
