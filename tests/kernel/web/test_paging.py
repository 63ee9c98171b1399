"""Pages of a list follow each other, and a cursor counts only where it was given."""

from __future__ import annotations

from kernel.testing.people import Site, TenantKit

ROLES, SESSIONS = "/api/v1/roles", "/api/v1/sessions"


async def _all(site: Site, path: str, limit: int) -> list[str]:
    found: list[str] = []
    cursor = ""
    for _page in range(50):
        answer = await site.get(f"{path}?limit={limit}&cursor={cursor}")
        assert answer.status == 200, answer.text
        assert len(answer.json()["items"]) <= limit
        found += [item["id"] for item in answer.json()["items"]]
        if (cursor := answer.json()["next"]) is None:
            return found
    raise AssertionError("the list does not end")


async def test_pages_follow_each_other_without_gap_or_repetition(tenant: TenantKit) -> None:
    site = await tenant.sign_in("owner")
    whole = [role["id"] for role in (await site.get(ROLES)).json()["items"]]
    assert len(whole) >= 3
    for limit in (1, 2, len(whole), 100):
        assert await _all(site, ROLES, limit) == whole


async def test_a_cursor_of_elsewhere_is_refused(tenant: TenantKit, other_tenant: TenantKit) -> None:
    site = await tenant.sign_in("owner")
    cursor = (await site.get(f"{ROLES}?limit=1")).json()["next"]
    assert cursor
    assert (await site.get(f"{ROLES}?limit=1&cursor={cursor}")).status == 200
    stranger = await other_tenant.sign_in("owner")
    for asked, path in (
        (site, f"{ROLES}?limit=2&cursor={cursor}"),  # another question
        (site, f"{SESSIONS}?limit=1&cursor={cursor}"),  # another list
        (stranger, f"{ROLES}?limit=1&cursor={cursor}"),  # another tenant
        (site, f"{ROLES}?limit=1&cursor={cursor[:-2]}xx"),
        (site, f"{ROLES}?limit=1&cursor=x"),
        (site, f"{ROLES}?limit=1&cursor=%C3%A9%C3%A9"),
    ):
        answer = await asked.get(path)
        assert answer.status == 422, path
        assert [e["field"] for e in answer.json()["errors"]] == ["cursor"]


async def test_the_limit_is_bounded(tenant: TenantKit) -> None:
    site = await tenant.sign_in("owner")
    for limit in ("0", "101", "-1", "many", "9" * 30):
        answer = await site.get(f"{ROLES}?limit={limit}")
        assert (answer.status, [e["field"] for e in answer.json()["errors"]]) == (422, ["limit"]), limit
