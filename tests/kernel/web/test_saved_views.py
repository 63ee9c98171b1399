"""Saved views of lists: one's own and shared ones, over pages and JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import make_mocked_request

from kernel import privacy_providers
from kernel.testing.people import Site, TenantKit
from kernel.web.csvs import safe_cell
from kernel.web.saved_views import MOST, plain_query

LIST = "kernel.roles"


async def saved(site: Site, name: str, query: str = "q=ada", **more: object) -> str:
    answer = await site.post("/api/v1/saved-views", json={"list": LIST, "name": name, "query": query, **more})
    assert answer.status == 201, answer.text
    return str(answer.json()["id"])


async def names(site: Site) -> list[str]:
    answer = await site.get(f"/api/v1/saved-views?list={LIST}")
    assert answer.status == 200, answer.text
    return [view["name"] for view in answer.json()["items"]]


async def test_a_form_keeps_a_view_and_goes_on_looking_at_it(tenant: TenantKit) -> None:
    site = await tenant.sign_in("owner")
    form = {"list": LIST, "query": "q=ada&page=3&cursor=xyz&empty=", "name": " Mine "}
    done = await site.post("/saved-views", form)
    assert (done.status, done.location) == (303, "/admin/roles?q=ada")
    again = await site.post("/saved-views", {**form, "query": "q=bea"})  # the same name: replaced
    assert again.location == "/admin/roles?q=bea"
    views = (await site.get(f"/api/v1/saved-views?list={LIST}")).json()["items"]
    assert [(v["name"], v["query"], v["mine"]) for v in views] == [("Mine", "q=bea", True)]
    gone = await site.post(f"/saved-views/{views[0]['id']}/delete")
    assert (gone.status, gone.location) == (303, "/admin/roles?q=bea")
    assert await names(site) == []


async def test_views_are_private_until_shared_and_only_their_owner_removes_them(tenant: TenantKit) -> None:
    one, two = await tenant.sign_in("admin"), await tenant.sign_in("admin")
    await saved(one, "Private")
    shared = await saved(one, "For all", shared=True)
    assert await names(one) == ["For all", "Private"]
    assert await names(two) == ["For all"]
    private = (await one.get(f"/api/v1/saved-views?list={LIST}")).json()["items"][1]["id"]
    assert (await two.post(f"/saved-views/{private}/delete")).status == 404
    assert (await two.post(f"/api/v1/saved-views/{shared}", method="DELETE")).status == 200  # looks after the site
    assert await names(one) == ["Private"]


async def test_a_list_that_one_may_not_see_has_no_views(tenant: TenantKit, other_tenant: TenantKit) -> None:
    owner, member = await tenant.sign_in("owner"), await tenant.sign_in()
    view = await saved(owner, "Shared", shared=True)
    stranger = await other_tenant.sign_in("owner")
    assert (await member.get(f"/api/v1/saved-views?list={LIST}")).status == 404
    assert (await member.post("/saved-views", {"list": LIST, "name": "x"})).status == 404
    assert await names(stranger) == []
    assert (await stranger.post(f"/saved-views/{view}/delete")).status == 404
    assert (await stranger.post(f"/api/v1/saved-views/{view}", method="DELETE")).status == 404
    for name in ("", "nothing.here", "kernel.role", "kernel.role_create"):
        wanted = 422 if not name else 404
        assert (await owner.get(f"/api/v1/saved-views?list={name}")).status == wanted, name


async def test_odd_views_are_refused_in_words(tenant: TenantKit) -> None:
    site = await tenant.sign_in("owner")
    empty = await site.post("/saved-views", {"list": LIST, "name": "  ", "query": "q=1"})
    assert (empty.status, empty.location) == (303, "/admin/roles?q=1")
    assert "Enter a name" in (await site.get("/admin/roles?q=1")).text
    long = {"list": LIST, "name": "x" * 61}
    assert (await site.post("/api/v1/saved-views", json=long)).status == 422
    own = await site.post("/api/v1/saved-views", json={"list": "kernel.security", "name": "x", "shared": True})
    assert own.status == 422
    for n in range(MOST):
        await saved(site, f"View {n}")
    full = await site.post("/api/v1/saved-views", json={"list": LIST, "name": "One more"})
    assert full.status == 422
    assert "Remove one first" in full.text
    await saved(site, "View 3", "q=other")  # replacing is no new one


async def test_erasing_somebody_keeps_what_they_shared_without_them(tenant: TenantKit) -> None:
    await tenant.sign_in("owner")  # the last owner cannot be erased
    site = await tenant.sign_in("admin")
    await saved(site, "Private")
    await saved(site, "For all", shared=True)
    provider = dict(privacy_providers())["kernel"]
    assert provider.export is not None
    assert provider.erase is not None
    assert site.account_id is not None
    with tenant.scope():
        assert len((await provider.export(site.account_id))["saved views"]) == 2
        await provider.erase(site.account_id)
    assert await names(await tenant.sign_in("admin")) == ["For all"]


def test_the_query_is_kept_in_one_order_without_its_place() -> None:
    assert plain_query([("b", "2"), ("a", "1"), ("page", "4"), ("cursor", "x"), ("c", "")]) == "a=1&b=2"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+49 30 1", "'+49 30 1"), ("-5", "-5"), ("-5.25", "-5.25"), ("-5x", "'-5x"),
        (" @SUM(A1)", "' @SUM(A1)"), ("\tx", "'\tx"), (-5, "-5"), (None, ""), ("Ada", "Ada"),
    ],
)  # fmt: skip
def test_cells_are_no_formulas(cell: object, written: str) -> None:
    assert safe_cell(cell) == written


async def test_what_fails_before_the_first_row_is_an_ordinary_error() -> None:
    from kernel import csv_answer

    async def rows() -> AsyncIterator[list[str]]:
        raise LookupError("no table")
        yield []

    with pytest.raises(LookupError):
        await csv_answer(make_mocked_request("GET", "/x"), "x.csv", ["a"], rows())
