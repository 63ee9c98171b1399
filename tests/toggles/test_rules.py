"""A switch that is on for some people only: routes, menu, widgets, sockets and JSON obey it per account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from kernel.app import Greenroom
from kernel.tenancy.switch_rules import SwitchRule
from kernel.tenancy.toggles import switch
from kernel.testing.people import TenantKit

from .test_connections import OFF, close_code, events, needs, rest_of, room_socket

FEATURE, PAGE, ENTRY = "users.applications", "/admin/applications", "Applications"


def page_of(greenroom: Greenroom, feature: str) -> str:
    """A page without holes that names the feature and is in the menu."""
    registry = greenroom.runtime.registry
    plugin = feature.partition(".")[0]
    named = {item.route for item in registry.menu[plugin] if item.feature == feature}
    return next(r.path for r in registry.routes[plugin] if r.name in named)


async def only(kit: TenantKit, key: str, **rule: object) -> None:
    await switch(kit.ref, key, True, reason="tried in a test", rule=SwitchRule(**rule))  # type: ignore[arg-type]


async def test_routes_and_menu_of_a_feature_obey_the_rule(
    tenant: TenantKit, other_tenant: TenantKit, greenroom: Greenroom
) -> None:
    path = page_of(greenroom, FEATURE)
    ada, bob = await tenant.sign_in("owner"), await tenant.sign_in("owner")
    stranger = await other_tenant.sign_in("owner")
    assert ada.account_id is not None
    await only(tenant, FEATURE, accounts=frozenset({ada.account_id}))
    assert (await ada.get(path)).status == 200
    assert f'href="{path}"' in (await ada.get("/home")).text
    refused = await bob.get(path)
    assert refused.status == 404
    assert "Allow" not in refused.headers
    home = (await bob.get("/home")).text
    assert f'href="{path}"' not in home
    assert (await bob.post(path)).status == 404, "a route of another method is not there either"
    assert (await tenant.visitor().get(path)).status == 404, "it must not even ask them to sign in"
    assert (await stranger.get(path)).status == 200
    assert f'href="{path}"' in (await ada.get("/home")).text, "what one reader lacks is not kept from the next"
    await switch(tenant.ref, FEATURE, True, reason="for everybody")
    assert (await bob.get(path)).status == 200


async def test_a_plugin_on_for_a_role_is_absent_for_others(tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, "helpdesk")
    path = "/help"
    admin, member = await tenant.sign_in("owner"), await tenant.sign_in()
    assert (await member.get(path)).status == 200
    await only(tenant, "helpdesk", roles=frozenset({"owner"}))
    assert (await admin.get(path)).status == 200
    assert (await member.get(path)).status == 404
    assert 'href="/help"' not in (await member.get("/home")).text
    assert (await tenant.visitor().get(path)).status == 404
    paths = (await member.get("/api/v1/openapi.json")).json()["paths"]
    assert not [p for p in paths if p.startswith("/api/v1/help")]


async def test_nobody_at_zero_percent_everybody_at_a_hundred(tenant: TenantKit, greenroom: Greenroom) -> None:
    path = page_of(greenroom, FEATURE)
    people = [await tenant.sign_in("owner") for _ in range(3)]
    await only(tenant, FEATURE, percent=0)
    assert [(await one.get(path)).status for one in people] == [404] * 3
    await only(tenant, FEATURE, percent=100)
    assert [(await one.get(path)).status for one in people] == [200] * 3


async def test_an_open_stream_ends_when_its_reader_is_left_out(tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, "notifications")
    path = next(r.path for r in greenroom.runtime.registry.routes["notifications"] if r.name == "notifications.stream")
    ada, bob = await tenant.sign_in(), await tenant.sign_in()
    assert ada.account_id is not None
    async with events(ada, path + "?seen=0") as stays, events(bob, path + "?seen=0") as goes:
        await only(tenant, "notifications", accounts=frozenset({ada.account_id}))
        await rest_of(goes)
        with pytest.raises(TimeoutError):
            await rest_of(stays, 0.3)


async def test_a_socket_closes_with_4404_when_its_reader_is_left_out(tenant: TenantKit, greenroom: Greenroom) -> None:
    needs(greenroom, "live", "scheduling")
    socket = await room_socket(tenant)
    await only(tenant, "live", percent=0)
    assert await close_code(socket) == OFF


async def test_jobs_run_for_the_tenant_as_a_whole(
    tenant: TenantKit, greenroom: Greenroom, run_jobs: Callable[..., Awaitable[int]]
) -> None:
    """A rule is about readers: background work has none, and goes on."""
    from kernel.tenancy.snapshots import is_on
    from kernel.work.catalogue import catalogue, why_off

    await only(tenant, "helpdesk", percent=0)
    snapshot = greenroom.runtime.snapshots.of(tenant.ref.id)
    assert snapshot is not None
    assert next(why_off(work, snapshot) for work in catalogue().values() if work.plugin == "helpdesk") is None
    with tenant.scope():
        assert is_on("helpdesk")
