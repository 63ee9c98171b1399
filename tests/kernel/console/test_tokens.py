"""API tokens over real HTTP: what they reach, where they end, what is kept of them."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest

from kernel import accounts, grants, now, sql, sql_one
from kernel.auth.models import ApiToken
from kernel.auth.sessions import actor_of
from kernel.auth.tokens import issuing, secret, usage
from kernel.auth.tokens.issuing import Issued, Wish
from kernel.base.clock import frozen_at
from kernel.base.context import acting_as
from kernel.testing.people import Answer, Site, TenantKit

ME = "/api/v1/me"


@pytest.fixture
async def site(tenant: TenantKit) -> Site:
    return tenant.visitor()


async def made(tenant: TenantKit, account_id: UUID, *scopes: str, **over: object) -> Issued:
    with tenant.scope():
        actor = await actor_of(account_id)
        assert actor is not None
        with acting_as(actor):
            return await issuing.create_personal(actor, Wish("Export", scopes, 30, **over))  # type: ignore[arg-type]


async def ask(site: Site, token: str, path: str = ME, method: str = "GET", **options: object) -> Answer:
    headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}  # type: ignore[dict-item]
    return await site.request(method, path, headers=headers, **options)


def test_a_token_is_recognised_by_scanners_and_checked_before_the_database() -> None:
    token = secret.make("pat")
    assert re.fullmatch(r"gr_pat_[0-9A-Za-z]{40}", token)
    assert secret.well_formed(token)
    assert not secret.well_formed(token[:-1] + ("a" if token[-1] != "a" else "b"))
    assert not secret.well_formed("gr_pat_" + "0" * 40)
    assert len({secret.make("svc") for _ in range(200)}) == 200


async def test_a_token_acts_for_its_person_and_is_stored_hashed(tenant: TenantKit, site: Site) -> None:
    person = await tenant.account()
    issued = await made(tenant, person, "read:kernel")
    answer = await ask(site, issued.text)
    assert answer.status == 200
    assert answer.json()["id"] == str(person)
    assert answer.json()["scopes"] == ["read:kernel"]
    assert answer.json()["token_id"] == str(issued.token.id)
    with tenant.scope():
        row = await sql_one("SELECT t.*::text AS everything FROM kernel_api_token t WHERE id = $1", issued.token.id)
    assert issued.text not in str(row)
    assert answer.headers["RateLimit-Policy"] == '"token";q=600;w=60'
    assert re.fullmatch(r'"token";r=599;t=\d+', answer.headers["RateLimit"])


async def test_without_the_scope_it_is_refused_by_name(tenant: TenantKit, site: Site) -> None:
    issued = await made(tenant, await tenant.account(), "read:users")
    answer = await ask(site, issued.text)
    assert answer.status == 403
    assert answer.json()["scope"] == "read:kernel"
    assert answer.json()["accepted_scopes"] == ["read:kernel", "write:kernel"]
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    read_only = await made(tenant, await tenant.account(), "read:kernel")
    write = await ask(site, read_only.text, "/api/v1/sessions/end-others", "POST")
    assert (write.status, write.json()["scope"]) == (403, "write:kernel")


async def test_a_token_never_exceeds_its_owner(tenant: TenantKit, site: Site) -> None:
    plain = await made(tenant, await tenant.account(), "write:kernel")
    refused = await ask(site, plain.text, "/api/v1/roles")
    assert (refused.status, refused.json()["permission"]) == (403, "kernel.roles.manage")
    admin = await tenant.account("admin")
    able = await made(tenant, admin, "kernel.roles.manage")
    assert (await ask(site, able.text, "/api/v1/roles")).status == 200
    with tenant.scope():
        await grants.revoke(admin, "admin")
    assert (await ask(site, able.text, "/api/v1/roles")).status == 403


async def test_an_owners_token_does_not_hand_out_what_its_scopes_leave_out(tenant: TenantKit, site: Site) -> None:
    owner, other = await tenant.account("owner"), await tenant.account()
    issued = await made(tenant, owner, "kernel.roles.manage")
    answer = await ask(site, issued.text, "/api/v1/roles/owner/give", "POST", json={"account_id": str(other)})
    assert answer.status == 403
    with tenant.scope():
        assert "owner" not in await accounts.roles_of(other)


async def test_what_ends_a_token(tenant: TenantKit, site: Site) -> None:
    person = await tenant.account()
    issued = await made(tenant, person, "read:kernel")
    unknown = await ask(site, secret.make("pat"))
    assert (unknown.status, unknown.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api", error="invalid_token"')
    with frozen_at(now() + timedelta(days=31)):
        assert (await ask(site, issued.text)).status == 401
    with tenant.scope():
        await accounts.lock(person, reason="test")
    assert (await ask(site, issued.text)).status == 401
    with tenant.scope():
        await accounts.unlock(person)
    assert (await ask(site, issued.text)).status == 200
    with tenant.scope():
        assert await issuing.revoke(issued.token)
        assert not await issuing.revoke(issued.token)
    assert (await ask(site, issued.text)).status == 401


async def test_another_tenant_does_not_know_it(tenant: TenantKit, other_tenant: TenantKit) -> None:
    issued = await made(tenant, await tenant.account("admin"), "write:kernel")
    assert (await ask(other_tenant.visitor(), issued.text)).status == 401


async def test_a_cookie_neither_helps_nor_hinders(tenant: TenantKit) -> None:
    browser = await tenant.sign_in("admin")
    assert (await ask(browser, "gr_pat_nonsense")).status == 401  # the session does not step in
    plain = await made(tenant, await tenant.account(), "write:kernel")
    answer = await ask(browser, plain.text)
    assert answer.json()["id"] == str(plain.token.account_id)
    # No page takes a token, and a token needs no form token.
    assert (await ask(tenant.visitor(), plain.text, "/account/security")).status == 303
    assert (await ask(tenant.visitor(), plain.text, "/api/v1/sessions/end-others", "POST")).status == 200


async def test_networks(tenant: TenantKit, site: Site) -> None:
    person = await tenant.account()
    here = await made(tenant, person, "read:kernel", ips=("127.0.0.0/8",))
    there = await made(tenant, person, "read:kernel", ips=("203.0.113.7",))
    assert (await ask(site, here.text)).status == 200
    assert (await ask(site, there.text)).status == 403


async def test_its_own_rate(tenant: TenantKit, site: Site) -> None:
    issued = await made(tenant, await tenant.account(), "read:kernel", per_minute=3)
    answers = [await ask(site, issued.text) for _ in range(7)]
    refused = [a for a in answers if a.status == 429]
    assert len(refused) >= 1
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert '"token";r=0' in refused[0].headers["RateLimit"]


async def test_guesses_are_slowed_and_the_right_token_is_not(tenant: TenantKit, site: Site) -> None:
    issued = await made(tenant, await tenant.account(), "read:kernel")
    statuses = [(await ask(site, secret.make("pat"))).status for _ in range(33)]
    assert statuses[:30] == [401] * 30
    assert statuses[-1] == 429
    assert (await ask(site, issued.text)).status == 200


async def test_rotation_with_overlap(tenant: TenantKit, site: Site) -> None:
    person = await tenant.account()
    old = await made(tenant, person, "read:kernel", per_minute=50, ips=("127.0.0.1/32",))
    browser = await tenant.sign_in(account_id=person)
    page = await browser.post(f"/account/tokens/{old.token.id}/rotate", {"hours": "24"})
    assert page.status == 201
    new = secret.PATTERN.search(page.text)
    assert new is not None
    assert (await ask(site, new[0])).json()["scopes"] == ["read:kernel"]
    assert (await ask(site, old.text)).status == 200
    await usage.flush()
    with tenant.scope():
        successor = await ApiToken.get(replaced_by_id=None, account_id=person)
        assert (successor.per_minute, successor.ips) == (50, "127.0.0.1/32")
    shown = await browser.get(f"/account/tokens/{successor.id}")
    assert "It is still in use." in shown.text
    with frozen_at(now() + timedelta(hours=25)):
        assert (await ask(site, old.text)).status == 401
        assert (await ask(site, new[0])).status == 200
    assert (await browser.post(f"/account/tokens/{old.token.id}/rotate", {"hours": "1"})).status == 409


async def test_the_usage_log_is_bounded(tenant: TenantKit, site: Site) -> None:
    issued = await made(tenant, await tenant.account(), "read:kernel")
    for path in (ME, ME, ME, "/api/v1/roles", "/api/v1/nothing"):
        await ask(site, issued.text, path)
    await usage.flush()
    with tenant.scope():
        rows = await sql(
            "SELECT route, status, count, last_ip FROM kernel_api_call WHERE token_id = $1", issued.token.id
        )
        token = await ApiToken.get(id=issued.token.id)
    assert {(r.route, r.status, r.count) for r in rows} == {
        ("kernel.api_me", 200, 3), ("kernel.api_roles", 403, 1), ("", 404, 1),
    }  # fmt: skip
    assert {r.last_ip for r in rows} == {"127.0.0.0/24"}
    assert token.last_used_at is not None


async def test_service_tokens_act_with_a_role_and_for_nobody(tenant: TenantKit, site: Site) -> None:
    admin = await tenant.sign_in("admin")
    form = {"name": "Nightly", "role": "admin", "days": "30", "scopes": ["read:kernel", "kernel.roles.manage"]}
    page = await admin.post("/admin/tokens", form)
    assert page.status == 201
    token = secret.PATTERN.search(page.text)
    assert token is not None
    assert token[0].startswith("gr_svc_")
    me = (await ask(site, token[0])).json()
    assert (me["name"], me["roles"]) == ("Nightly", ["admin"])
    assert (await ask(site, token[0], "/api/v1/roles")).status == 200
    listed = await admin.get("/admin/tokens")
    assert "Nightly" in listed.text
    assert token[0] not in listed.text
    (id,) = set(re.findall(r"/admin/tokens/([0-9a-f-]{36})\"", listed.text))
    assert (await admin.post(f"/admin/tokens/{id}/revoke")).status == 303
    assert (await ask(site, token[0])).status == 401


async def test_the_form_refuses_what_makes_no_sense(tenant: TenantKit) -> None:
    browser = await tenant.sign_in()
    good = {"name": "x", "days": "30", "scopes": "read:kernel"}
    for bad in (
        {"name": ""}, {"days": "0"}, {"days": "400"}, {"scopes": ""}, {"scopes": "kernel.roles.manage"},
        {"scopes": "read:nothing"}, {"ips": "not-a-network"}, {"per_minute": "0"},
    ):  # fmt: skip
        answer = await browser.post("/account/tokens", {**good, **bad})
        assert answer.status == 422, bad
        assert "gr_pat_" not in answer.text
    assert (await browser.post("/admin/tokens", {**good, "role": "admin"})).status == 403
    mine = await browser.post("/account/tokens", good)
    assert mine.status == 201
    stranger = await tenant.sign_in()
    (id,) = set(re.findall(r"/account/tokens/([0-9a-f-]{36})/revoke", mine.text))
    assert (await stranger.get(f"/account/tokens/{id}")).status == 404
    assert (await stranger.post(f"/account/tokens/{id}/revoke")).status == 404


async def test_the_audit_trail_says_which_token_acted(tenant: TenantKit, site: Site) -> None:
    issued = await made(tenant, await tenant.account("admin"), "kernel.roles.manage")
    body = {"label": "Helpers", "permissions": []}
    assert (await ask(site, issued.text, "/api/v1/roles", "POST", json=body)).status == 201
    with tenant.scope():
        row = await sql_one(
            "SELECT data ->> 'via' AS via FROM kernel_event WHERE tenant_id = $1 AND name = 'kernel.audited.v1'"
            " AND data ->> 'action' = 'kernel.role_changed'",
            tenant.ref.id,
        )
    assert row is not None
    assert row.via == f"{issued.token.prefix}… Export"


async def test_people_without_the_right_have_no_tokens(tenant: TenantKit, site: Site) -> None:
    person = await tenant.account()
    issued = await made(tenant, person, "read:kernel")
    with tenant.scope():
        await grants.save_role("member", "", [])
    assert (await ask(site, issued.text)).status == 401
    assert (await (await tenant.sign_in(account_id=person)).get("/account/tokens")).status == 403
