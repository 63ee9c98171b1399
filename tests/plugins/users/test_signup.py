"""Sign-up, confirmation, forgotten password: unhappy paths first."""

from __future__ import annotations

import pytest

from kernel import accounts, set_setting
from kernel.base.clock import frozen_at, now
from kernel.testing.people import PASSWORD, Site, TenantKit

from .conftest import Outbox

GOOD = "horses staple correctly 77"


def form(**changes: str) -> dict[str, str]:
    return {"name": "Ida Berg", "email": "ida@example.test", "password": GOOD, "next": ""} | changes


async def signed_up(site: Site, tenant: TenantKit, run_jobs, outbox: Outbox, **changes: str) -> str:
    """Sign up and give the path of the mailed link."""
    answer = await site.post("/sign-up", form(**changes))
    assert answer.status == 303, answer.text
    assert answer.location.startswith("/sign-up/sent/")
    await run_jobs(tenant)
    return outbox.last("users.verify_email").action_url


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": "  "}, "name", "Enter your name"),
        ({"email": "ida"}, "email", "like name@example.com"),
        ({"email": "id\u0430@example.test"}, "email", "like name@example.com"),
        ({"password": "short"}, "password", "at least 10"),
        ({"name": "Ida Bergmann", "password": "bergmann rules 12"}, "password", "Leave out your name"),
        ({"password": "passwordpassword"}, "password", "easy to guess"),
    ],
)
async def test_a_refused_sign_up_says_why_and_keeps_what_was_typed(tenant, changes, field, words) -> None:
    site = tenant.visitor()
    answer = await site.post("/sign-up", form(**changes))
    assert answer.status == 422
    assert words in answer.text
    assert f'href="#f-{field}"' in answer.text
    assert GOOD not in answer.text
    assert "<title>Error:" in answer.text
    with tenant.scope():
        assert await accounts.find_account("ida@example.test") is None


async def test_link_page_changes_nothing_until_the_button_is_pressed(tenant, run_jobs, outbox) -> None:
    site = tenant.visitor()
    link = await signed_up(site, tenant, run_jobs, outbox, next="/bookings?x=1")
    scanner = tenant.visitor()
    for _ in range(3):
        page = await scanner.get(link)
        assert page.status == 200
        assert "ida@example.test" in page.text
    with tenant.scope():
        account = await accounts.find_account("ida@example.test")
        assert account.state == "pending"
        assert await accounts.roles_of(account.id) == {"member", "candidate"}
    done = await site.post(link)
    assert (done.status, done.location) == (303, "/bookings?x=1")
    assert (await site.get("/profile")).status == 200
    with tenant.scope():
        assert (await accounts.find_account("ida@example.test")).state == "active"


async def test_link_works_once_and_not_too_late(tenant, run_jobs, outbox) -> None:
    site = tenant.visitor()
    link = await signed_up(site, tenant, run_jobs, outbox)
    from datetime import timedelta

    with frozen_at(now() + timedelta(hours=49)):
        assert (await site.get(link)).status == 410
        assert (await site.post(link)).status == 410
    assert (await site.post(link)).status == 303
    again = await tenant.visitor().post(link)
    assert again.status == 410
    assert "/verify/resend" in again.text
    assert (await tenant.visitor().get("/verify/nonsense")).status == 410


async def test_next_never_leads_away(tenant, run_jobs, outbox) -> None:
    site = tenant.visitor()
    link = await signed_up(site, tenant, run_jobs, outbox, next="//evil.example/x")
    assert (await site.post(link)).location == "/home"


async def test_a_known_address_is_not_given_away(tenant, run_jobs, outbox) -> None:
    await tenant.account("candidate", email="ida@example.test")
    fresh = await tenant.visitor().post("/sign-up", form(email="new@example.test"))
    known = await tenant.visitor().post("/sign-up", form())
    assert (fresh.status, known.status) == (303, 303)
    pages = [await tenant.visitor().get(a.location) for a in (fresh, known)]
    texts = [p.text.replace("new@example.test", "X").replace("ida@example.test", "X") for p in pages]
    assert [t.count("Check your inbox") for t in texts] == [texts[0].count("Check your inbox")] * 2
    await run_jobs(tenant)
    assert sorted(outbox.types()) == ["users.account_exists", "users.verify_email"]
    with tenant.scope():
        account = await accounts.find_account("ida@example.test")
    assert (await tenant.visitor().post("/sign-in", {"email": "ida@example.test", "password": GOOD})).status == 422
    assert account.state == "active"


async def test_signing_up_again_before_confirming_sends_another_link(tenant, run_jobs, outbox) -> None:
    first = await signed_up(tenant.visitor(), tenant, run_jobs, outbox)
    second = await signed_up(tenant.visitor(), tenant, run_jobs, outbox, name="Somebody else", email="IDA@example.test")
    assert first != second
    assert outbox.types() == ["users.verify_email"] * 2


async def test_a_double_click_makes_one_account(tenant, run_jobs, outbox) -> None:
    site = tenant.visitor()
    key = (await site.get("/sign-up")).fields()["_key"]
    first = await site.post("/sign-up", form() | {"_key": key})
    second = await site.post("/sign-up", form() | {"_key": key})
    assert first.location == second.location
    await run_jobs(tenant)
    assert outbox.types() == ["users.verify_email"]


async def test_resend_is_limited_by_client_and_by_address(tenant, run_jobs, outbox) -> None:
    await signed_up(tenant.visitor(), tenant, run_jobs, outbox)
    answers = [await tenant.visitor().post("/verify/resend", {"email": "ida@example.test"}) for _ in range(6)]
    assert [a.status for a in answers] == [303] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    await run_jobs(tenant)
    from plugins.users.services import signup

    with tenant.scope():
        for n in range(5):
            await signup.mail_link("resend", "ida@example.test", "", f"n{n}")
    assert len(outbox.sent) == signup.MAILS_PER_HOUR


async def test_resend_for_an_unknown_address_says_the_same_and_mails_nobody(tenant, run_jobs, outbox) -> None:
    answer = await tenant.visitor().post("/verify/resend", {"email": "nobody@example.test"})
    assert answer.status == 303
    assert "Check your inbox" in (await tenant.visitor().get(answer.location)).text
    await run_jobs(tenant)
    assert outbox.sent == []


async def test_reset_sets_the_password_once_and_ends_other_sessions(tenant, run_jobs, outbox) -> None:
    other = await tenant.sign_in("candidate", email="ida@example.test", name="Ida Berg")
    site = tenant.visitor()
    assert (await site.post("/reset", {"email": "Ida@Example.test"})).status == 303
    await run_jobs(tenant)
    link = outbox.last("users.reset_password").action_url
    assert (await site.get(link)).status == 200
    weak = await site.post(link, {"password": "weak"})
    assert weak.status == 422
    assert "at least 10" in weak.text
    done = await site.post(link, {"password": GOOD})
    assert (done.status, done.location) == (303, "/home")
    assert (await site.get("/home")).status == 200
    assert (await other.get("/home")).status == 303
    assert (await tenant.visitor().post(link, {"password": GOOD + "x"})).status == 410
    late = tenant.visitor()
    assert (await late.post("/sign-in", {"email": "ida@example.test", "password": PASSWORD})).status == 422
    assert (await late.post("/sign-in", {"email": "ida@example.test", "password": GOOD})).status == 303


async def test_reset_for_an_unknown_address_says_the_same(tenant, run_jobs, outbox) -> None:
    answer = await tenant.visitor().post("/reset", {"email": "nobody@example.test"})
    assert answer.status == 303
    page = await tenant.visitor().get(answer.location)
    assert "If there is an account for nobody@example.test" in page.text
    await run_jobs(tenant)
    assert outbox.sent == []


async def test_reset_proves_the_address_but_does_not_unlock(tenant, run_jobs, outbox) -> None:
    await signed_up(tenant.visitor(), tenant, run_jobs, outbox)
    await tenant.visitor().post("/reset", {"email": "ida@example.test"})
    await run_jobs(tenant)
    link = outbox.last("users.reset_password").action_url
    with tenant.scope():
        account = await accounts.find_account("ida@example.test")
        await accounts.lock(account.id, reason="abuse")
    answer = await tenant.visitor().post(link, {"password": GOOD})
    assert answer.status == 403
    assert "locked" in answer.text
    with tenant.scope():
        assert (await accounts.find_account("ida@example.test")).state == "locked"


async def test_links_are_worth_nothing_elsewhere(tenant, other_tenant, run_jobs, outbox) -> None:
    link = await signed_up(tenant.visitor(), tenant, run_jobs, outbox)
    path = link.removeprefix(tenant.origin)
    assert path.startswith("/verify/")
    assert (await other_tenant.visitor().get(path)).status == 410
    assert (await other_tenant.visitor().post(path)).status == 410
    assert (await tenant.visitor().get(path.replace("/verify/", "/reset/"))).status == 410
    # An address that has changed since does not get in with the old link.
    with tenant.scope():
        account = await accounts.find_account("ida@example.test")
        await accounts.change_email(account.id, "other@example.test")
    assert (await tenant.visitor().post(path)).status == 410


async def test_without_mail_an_administrator_confirms(tenant, run_jobs, no_mail) -> None:
    site = tenant.visitor()
    answer = await site.post("/sign-up", form())
    page = await site.get(answer.location)
    assert "an administrator has to confirm your account" in page.text
    await run_jobs(tenant)
    refused = await site.post("/sign-in", {"email": "ida@example.test", "password": GOOD})
    assert refused.status == 403
    admin = await tenant.sign_in("admin")
    with tenant.scope():
        account = await accounts.find_account("ida@example.test")
    path = f"/admin/people/{account.id}"
    assert "Confirm account" in (await admin.get(path)).text
    assert (await admin.post(f"{path}/confirm")).location == path
    assert (await admin.post(f"{path}/confirm")).status == 409
    assert (await site.post("/sign-in", {"email": "ida@example.test", "password": GOOD})).status == 303


async def test_sign_up_can_be_closed_and_limited_to_domains(tenant) -> None:
    site = tenant.visitor()
    with tenant.scope():
        await set_setting("users.blocked_domains", ["bad.test"])
        await set_setting("users.allowed_domains", ["example.test", "bad.test"])
    assert (await site.post("/sign-up", form(email="a@elsewhere.test"))).status == 422
    assert (await site.post("/sign-up", form(email="a@bad.test"))).status == 422
    assert (await site.post("/sign-up", form())).status == 303
    with tenant.scope():
        await set_setting("users.sign_up", "closed")
    page = await site.get("/sign-up")
    assert "Sign-up is closed" in page.text
    assert (await site.post("/sign-up", form(email="b@example.test"))).status == 403
    with tenant.scope():
        assert await accounts.find_account("b@example.test") is None


async def test_accounts_never_confirmed_are_forgotten(tenant, run_jobs, outbox) -> None:
    from datetime import timedelta

    from plugins.users.services import people

    await signed_up(tenant.visitor(), tenant, run_jobs, outbox)
    kept = await tenant.account("candidate", email="kept@example.test")
    with tenant.scope():
        await people.purge_unconfirmed()
        assert await accounts.find_account("ida@example.test") is not None
        with frozen_at(now() + timedelta(days=15)):
            await people.purge_unconfirmed()
        assert await accounts.find_account("ida@example.test") is None
        assert (await accounts.account(kept)).state == "active"


async def test_sign_in_leads_here_and_takes_the_way_along(tenant) -> None:
    page = await tenant.visitor().get("/sign-in?next=/book/x")
    assert 'href="/sign-up?next=%2Fbook%2Fx"' in page.text
    assert 'href="/reset"' in page.text
    sign_up = await tenant.visitor().get("/sign-up?next=/book/x")
    assert sign_up.fields()["next"] == "/book/x"
    signed_in = await tenant.sign_in("candidate")
    assert (await signed_in.get("/sign-up?next=/book/x")).location == "/book/x"
    assert 'href="/sign-up"' in (await tenant.visitor().get("/")).text


async def test_with_the_plugin_off_nobody_signs_up(make_tenant) -> None:
    off = await make_tenant(plugins={"users": False})
    site = off.visitor()
    for path in ("/sign-up", "/reset", "/verify/resend", "/profile", "/apply", "/admin/people"):
        assert (await site.get(path)).status == 404, path
    assert (await site.post("/sign-up", form())).status == 404
    page = await site.get("/sign-in")
    assert page.status == 200
    assert "/sign-up" not in page.text
