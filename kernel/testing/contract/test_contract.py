"""The promises that hold for every route, model and declaration of every plugin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from ...app import Greenroom
from ...base.contract import SIGNED_IN
from ...engines.models import check_models, unscoped_uniques
from ..people import Site, TenantKit
from .walk import all_roles, filled, holes, missing, owned_ids, seed, without_request_id

MakeTenant = Callable[..., Awaitable[TenantKit]]


def test_every_route_says_who_may_use_it(greenroom: Greenroom, any_plugin: str) -> None:
    registry = greenroom.runtime.registry
    declared = {p.id for found in registry.permissions.values() for p in found} | {SIGNED_IN}
    for route in registry.routes.get(any_plugin, ()):
        assert route.public != (route.permission is not None), f"{route.name} is neither public nor guarded"
        assert route.permission is None or route.permission in declared, f"{route.name}: unknown permission"
        assert not route.always or len(route.always.split()) >= 3, f"{route.name} stays on without a reason"
        assert route.csrf or route.always or route.method == "GET", f"{route.name} takes forms without a token"


def test_models_are_scoped_to_tenants(greenroom: Greenroom) -> None:
    from ...engines.models import all_models

    check_models(all_models())
    assert unscoped_uniques(all_models()) == []


def test_every_plugin_answers_for_privacy(greenroom: Greenroom, plugin: str) -> None:
    registry = greenroom.runtime.registry
    found = registry.privacy_providers.get(plugin, ())
    assert len(found) == 1, f"{plugin} must declare exactly one privacy provider"
    assert found[0].nothing_because or (found[0].export and found[0].erase)


async def test_pages_answer_everybody_without_a_fault(tenant: TenantKit, greenroom: Greenroom, any_plugin: str) -> None:
    registry = greenroom.runtime.registry
    roles = all_roles(r.id for found in registry.roles.values() for r in found)
    sites = [tenant.visitor(), await tenant.sign_in(), await tenant.sign_in(*roles), await tenant.sign_in("owner")]
    for route in registry.routes.get(any_plugin, ()):
        if route.method == "GET" and not _streams(route.name):
            for site in sites:
                for value in {missing(), "x1"} if holes(route) else {""}:
                    answer = await site.get(filled(route, value))
                    assert answer.status < 500, f"{route.name} as {site.account_id}: {answer.text[:500]}"


async def test_forms_need_their_token(tenant: TenantKit, greenroom: Greenroom, any_plugin: str) -> None:
    site = await tenant.sign_in("owner")
    for route in greenroom.runtime.registry.routes.get(any_plugin, ()):
        if route.method != "GET" and route.csrf:
            path = filled(route, missing())
            bare = await site.post(path, csrf=False, method=route.method)
            if bare.status == 404 and not route.permission:
                continue  # a development page that this mode does not have
            assert bare.status in (400, 403), f"{route.name} took a form without a token: {bare.status}"
            foreign = await site.post(path, headers={"Origin": "http://evil.example"}, method=route.method)
            assert foreign.status in (400, 403), f"{route.name} took a form from another site: {foreign.status}"


async def test_empty_and_odd_input_is_refused_politely(
    tenant: TenantKit, greenroom: Greenroom, any_plugin: str
) -> None:
    site = await tenant.sign_in("owner", *all_roles(r.id for f in greenroom.runtime.registry.roles.values() for r in f))
    for route in greenroom.runtime.registry.routes.get(any_plugin, ()):
        if route.method != "GET" and route.csrf and not _ends_session(route.name):
            path = filled(route, missing())
            for data in ({}, {"id": "\x00", "value": "x" * 5000, "date": "2026-13-45", "amount": "NaN"}):
                answer = await site.post(path, data, method=route.method)
                assert answer.status < 500, f"{route.name} with {list(data)}: {answer.text[:600]}"
            if "/api/" in path:
                answer = await site.post(path, json={"x": [[[1]]]}, method=route.method)
                assert 400 <= answer.status < 500 or answer.status in (200, 201, 202, 204), route.name


async def test_a_plugin_that_is_off_is_not_there(make_tenant: MakeTenant, greenroom: Greenroom, plugin: str) -> None:
    registry = greenroom.runtime.registry
    kit = await make_tenant(plugins={pid: False for pid in (plugin, *registry.dependants(plugin))})
    site = await kit.sign_in("owner")
    # The one answer for what is not there, with which every page of the plugin must agree.
    nothing = await site.get(f"/nothing-at-{missing()}")
    home = await site.get("/home")
    assert home.status == 200
    for route in registry.routes.get(plugin, ()):
        if route.always or _shared(route.path, registry, plugin):
            continue
        path = filled(route, missing())
        answer = await (site.get(path) if route.method == "GET" else site.post(path, method=route.method))
        assert answer.status == 404, f"{route.name} answers {answer.status} while {plugin} is off"
        assert "Allow" not in answer.headers
    for item in registry.menu.get(plugin, ()):
        path = next(r.path for r in registry.routes[plugin] if r.name == item.route)
        assert f'href="{path}"' not in home.text, f"menu entry {item.route} is shown while {plugin} is off"
    assert nothing.status == 404


@pytest.fixture(scope="session")
def filled_tenants() -> dict[str, TenantKit]:
    """Seeding takes a moment: the pair is made once."""
    return {}


async def test_another_tenants_ids_are_missing_ids(
    make_tenant: MakeTenant, greenroom: Greenroom, any_plugin: str, filled_tenants: dict[str, TenantKit]
) -> None:
    registry = greenroom.runtime.registry
    if "theirs" not in filled_tenants:
        filled_tenants["theirs"] = await make_tenant()
        await seed(filled_tenants["theirs"])
    theirs = await owned_ids(filled_tenants["theirs"], any_plugin)
    ours = await make_tenant()
    site = await ours.sign_in("owner", *all_roles(r.id for found in registry.roles.values() for r in found))
    for route in registry.routes.get(any_plugin, ()):
        if not holes(route) or _streams(route.name):
            continue
        for table, foreign in theirs.items():
            absent = missing()
            a = await _ask(site, route.method, filled(route, str(foreign)))
            b = await _ask(site, route.method, filled(route, absent))
            assert a.status == b.status, f"{route.name} tells {table} of another tenant from a missing one"
            elsewhere = a.status == 303 and a.location == b.location  # back to a page of one's own, whatever was asked
            assert a.status >= 400 or elsewhere or route.public, (
                f"{route.name}: {a.status} for another tenant's {table}"
            )
            assert without_request_id(a.text, str(foreign)) == without_request_id(b.text, absent), route.name


async def _ask(site: Site, method: str, path: str):  # type: ignore[no-untyped-def]
    return await (site.get(path) if method == "GET" else site.post(path, method=method))


def _streams(name: str) -> bool:
    """Answers that do not end by themselves: event streams and sockets have tests of their own."""
    return name.rpartition(".")[2] in ("stream", "socket", "ws")


def _ends_session(name: str) -> bool:
    return name in ("kernel.sign_out", "kernel.end_session", "kernel.end_other_sessions")


def _shared(path: str, registry, plugin: str) -> bool:  # type: ignore[no-untyped-def]
    """Another plugin or the kernel answers on this path, too."""
    return any(r.path == path for pid, found in registry.routes.items() if pid != plugin for r in found)
