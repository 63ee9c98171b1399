"""Settings through real HTTP: origin, locks, bounds, history, search, secrets, tests, and the JSON twins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import MappingProxyType
from typing import Any

import pytest

from kernel.app import Greenroom
from kernel.base.context import every_tenant, tenant_scope
from kernel.base.contract import Setting
from kernel.engines.connection import execute
from kernel.tenancy import governing
from kernel.tenancy import settings as s
from kernel.testing.people import Site, TenantKit

CANARY = "zz-canary-zz"
works: list[str | Exception | None] = [None]


async def _probe() -> str | None:
    found = works[0]
    if isinstance(found, Exception):
        raise found
    return found


@pytest.fixture
async def probed(greenroom: Greenroom) -> AsyncIterator[None]:
    """The platform with three more settings of the kernel's: a testable secret, and two that people have."""
    registry = greenroom.runtime.registry
    more = (
        Setting(key="kernel.probe", type=str, default="", secret=True, label="Probe key", test=_probe),
        Setting(key="kernel.digest", type=bool, default=True, label="Daily digest", scope="account"),
        Setting(key="kernel.hour", type=int, default=8, minimum=0, maximum=23, label="Hour", scope="account"),
    )
    before = dict(registry.settings), dict(registry.settings_by_key)
    settings = {**registry.settings, "kernel": (*registry.settings["kernel"], *more)}
    keys = {**registry.settings_by_key, **{one.key: ("kernel", one) for one in more}}
    object.__setattr__(registry, "settings", MappingProxyType(settings))
    object.__setattr__(registry, "settings_by_key", MappingProxyType(keys))
    await greenroom.runtime.snapshots.refresh(force=True)
    yield
    object.__setattr__(registry, "settings", MappingProxyType(before[0]))
    object.__setattr__(registry, "settings_by_key", MappingProxyType(before[1]))
    await greenroom.runtime.snapshots.refresh(force=True)


@pytest.fixture
async def admin(tenant: TenantKit) -> Site:
    return await tenant.sign_in("admin", name="Grace Okoye")


async def api(site: Site, method: str, path: str, value: Any = None) -> Any:
    return await site.post(f"/api/v1/{path}", json={"value": value} if method == "PUT" else {}, method=method)


async def test_origin_levels_and_history_of_one_setting(tenant: TenantKit, admin: Site) -> None:
    await admin.post("/admin/settings/kernel", {"shown": "kernel.idle_days", "kernel.idle_days": "7"})
    await governing.govern("kernel.idle_days", tenant=tenant.ref, locked=False, maximum=60, reason="house rule")
    page = await admin.get("/admin/setting/kernel.idle_days")
    assert page.status == 200
    for words in ("Where the value comes from", "This site", "not set", "Grace Okoye", "At most", "60",
                  "house rule"):  # fmt: skip
        assert words in page.text
    assert (await admin.get("/admin/setting/kernel.nope")).status == 404
    assert (await (await tenant.sign_in("member")).get("/admin/setting/kernel.idle_days")).status == 403


async def test_a_locked_setting_shows_who_locked_it_and_refuses(tenant: TenantKit, admin: Site) -> None:
    await governing.govern("kernel.idle_days", tenant=tenant.ref, locked=True, reason="by contract")
    page = await admin.get("/admin/settings")
    assert "Locked by the operator: by contract" in page.text
    assert 'name="kernel.idle_days"' not in page.text
    sent = await admin.post("/admin/settings/kernel", {"shown": "kernel.idle_days", "kernel.idle_days": "7"})
    assert sent.status == 303
    with tenant_scope(tenant.ref):
        assert s.setting("kernel.idle_days") == 14
    refused = await api(admin, "PUT", "settings/kernel.idle_days", 7)
    assert (refused.status, refused.json()["detail"]) == (403, "Locked by the operator: by contract")
    assert (await admin.post("/admin/settings/kernel/reset", {"reset": "kernel.idle_days"})).status == 404


async def test_bounds_stand_in_the_form_and_in_the_refusal(tenant: TenantKit, admin: Site) -> None:
    await governing.govern("kernel.idle_days", tenant=tenant.ref, locked=False, minimum=5, maximum=20)
    page = await admin.get("/admin/settings?q=kernel.idle_days")
    assert 'min="5"' in page.text
    assert 'max="20"' in page.text
    sent = await admin.post("/admin/settings/kernel", {"shown": "kernel.idle_days", "kernel.idle_days": "30"})
    assert sent.status == 422
    assert "Enter a number between 5 and 20" in sent.text
    refused = await api(admin, "PUT", "settings/kernel.idle_days", 3)
    assert (refused.status, refused.json()["detail"]) == (422, "Enter a number between 5 and 20")


async def test_search_finds_settings_with_a_page_of_their_own_and_links_there(admin: Site) -> None:
    found = await admin.get("/admin/settings?q=brand colour")
    assert "Brand colour" in found.text
    assert 'href="/branding"' in found.text or "Change it on its page" in found.text
    assert "Brand colour" not in (await admin.get("/admin/settings")).text
    assert "No setting matches" in (await admin.get("/admin/settings?q=no+such+thing")).text


async def test_a_stored_value_that_no_longer_fits_is_told_and_harmless(
    greenroom: Greenroom, tenant: TenantKit, admin: Site
) -> None:
    with tenant_scope(tenant.ref):
        await s.set_setting("kernel.idle_days", 9)
    with every_tenant():
        await execute(
            "UPDATE kernel_setting_value SET value = '{\"v\": [1]}' WHERE tenant_id = $1 AND key = 'kernel.idle_days'",
            tenant.ref.id,
        )
    await greenroom.runtime.snapshots.refresh(force=True)
    page = await admin.get("/admin/settings")
    assert page.status == 200
    assert "does not fit this setting any more" in page.text
    assert "does not fit" in (await admin.get("/admin/setting/kernel.idle_days")).text


@pytest.mark.usefixtures("probed")
async def test_a_secret_is_write_only_and_can_be_tried(admin: Site) -> None:
    stored = await api(admin, "PUT", "settings/kernel.probe", CANARY)
    assert (stored.status, stored.json()["value"], stored.json()["is_set"]) == (200, None, True)
    await api(admin, "PUT", "settings/kernel.probe", CANARY + "2")
    for path in ("/admin/settings", "/admin/setting/kernel.probe", "/api/v1/settings", "/api/v1/settings/kernel.probe",
                 "/api/v1/settings/kernel.probe/history"):  # fmt: skip
        answer = await admin.get(path)
        assert answer.status == 200
        assert CANARY not in answer.text
    assert "•••" in (await admin.get("/admin/setting/kernel.probe")).text
    assert "Test it" in (await admin.get("/admin/setting/kernel.probe")).text
    works[0] = None
    assert (await api(admin, "POST", "settings/kernel.probe/test")).json() == {"works": True, "detail": ""}
    works[0] = "The key was refused."
    await admin.post("/admin/setting/kernel.probe/test")
    assert "The key was refused." in (await admin.get("/admin/setting/kernel.probe")).text
    works[0] = RuntimeError("boom")
    tried = await api(admin, "POST", "settings/kernel.probe/test")
    assert tried.json() == {"works": False, "detail": "The test itself failed. It has been noted."}
    assert (await api(admin, "POST", "settings/kernel.idle_days/test")).status == 404


@pytest.mark.usefixtures("probed")
async def test_a_person_sets_what_is_theirs(tenant: TenantKit, admin: Site) -> None:
    me = await tenant.sign_in("member")
    page = await me.get("/account/preferences")
    assert "Daily digest" in page.text
    assert 'href="/account/preferences"' in (await me.get("/home")).text
    bad = await me.post("/account/preferences", {"shown": "kernel.hour", "kernel.hour": "24"})
    assert bad.status == 422
    assert "Enter a number between 0 and 23" in bad.text
    sent = {"shown": "kernel.hour", "kernel.hour": "9"}
    assert (await me.post("/account/preferences", sent)).status == 303
    mine = {one["key"]: one for one in (await me.get("/api/v1/me/settings")).json()["items"]}
    assert (mine["kernel.hour"]["value"], mine["kernel.hour"]["origin"]) == (9, "account")
    other = {one["key"]: one for one in (await admin.get("/api/v1/me/settings")).json()["items"]}
    assert (other["kernel.hour"]["value"], other["kernel.hour"]["origin"]) == (8, "default")
    assert (await me.post("/account/preferences/reset", {"reset": "kernel.hour"})).status == 303
    again = await api(me, "PUT", "me/settings/kernel.digest", False)
    assert (again.json()["value"], again.json()["origin"]) == (False, "account")
    assert (await api(me, "DELETE", "me/settings/kernel.digest")).json()["origin"] == "default"
    assert (await api(me, "PUT", "me/settings/kernel.idle_days", 3)).status == 404
    await governing.govern("kernel.hour", tenant=tenant.ref, locked=True, reason="office hours")
    assert "office hours" in (await me.get("/account/preferences")).text
    assert (await api(me, "PUT", "me/settings/kernel.hour", 3)).status == 403


async def test_settings_as_json(tenant: TenantKit, admin: Site) -> None:
    items = (await admin.get("/api/v1/settings")).json()["items"]
    assert {"kernel.idle_days", "theming.brand_color"} <= {one["key"] for one in items}
    assert not any(one["key"].startswith("kernel.max_") for one in items)  # the operator's alone
    put = (await api(admin, "PUT", "settings/kernel.idle_days", 7)).json()
    assert (put["value"], put["origin"], put["minimum"], put["maximum"]) == (7, "tenant", 1, 90)
    assert [(lv["scope"], lv["value"], lv["counts"]) for lv in put["levels"]] == [
        ("tenant", "7", True), ("platform", None, False), ("default", "14", False),
    ]  # fmt: skip
    assert (await api(admin, "DELETE", "settings/kernel.idle_days")).json()["value"] == 14
    lines = (await admin.get("/api/v1/settings/kernel.idle_days/history")).json()["items"]
    assert [(one["by"], one["before"], one["after"]) for one in lines] == [
        ("Grace Okoye", "7", ""), ("Grace Okoye", "", "7"),
    ]  # fmt: skip
    assert (await api(admin, "PUT", "settings/kernel.max_accounts", 7)).status == 403
    assert (await (await tenant.sign_in("member")).get("/api/v1/settings")).status == 403
