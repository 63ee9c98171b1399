"""The JSON interface: what pages change JSON can, everything is declared, lists are paged, twice does no harm."""

from __future__ import annotations

from ...app import Greenroom
from ...base.contract import Route
from ...plugging.registry import Registry
from ...web.paging import Listing
from ..people import Site, TenantKit

_API = "/api/v1/"
#: Sent twice, such a call must act once.
_ONCE = frozenset(
    [
        "create",
        "add",
        "new",
        "hold",
        "pay",
        "refund",
        "cancel",
        "submit",
        "execute",
        "withdraw",
        "erasure",
        "export",
        "make",
        "retry",
    ]
)


def _routes(registry: Registry, plugin: str, *, json: bool) -> list[Route]:
    return [r for r in registry.routes.get(plugin, ()) if r.path.startswith("/api/") is json]


def test_whatever_a_page_changes_json_can(greenroom: Greenroom, any_plugin: str) -> None:
    registry = greenroom.runtime.registry
    every = {r.name: r for routes in registry.routes.values() for r in routes if r.path.startswith(_API)}
    twins = {page for route in every.values() for page in route.twin_of}
    for route in _routes(registry, any_plugin, json=False):
        if route.method == "GET":
            continue
        plugin, _dot, name = route.name.partition(".")
        by_name = f"{plugin}.api_{name.removesuffix('_post')}" in every
        if route.no_twin:
            assert len(route.no_twin.split()) >= 4, f"{route.name} has no JSON twin and hardly a reason"
        elif route.twin:
            assert route.twin in every, f"{route.name} names {route.twin} as its JSON twin, which there is not"
        else:
            assert by_name or route.name in twins, f"{route.name} has neither a JSON twin nor a reason (no_twin=)"


def test_twins_exist(greenroom: Greenroom, any_plugin: str) -> None:
    registry = greenroom.runtime.registry
    pages = {r.name for routes in registry.routes.values() for r in routes}
    for route in _routes(registry, any_plugin, json=True):
        assert set(route.twin_of) <= pages, f"{route.name} is twin_of pages that there are not"


def test_json_routes_say_what_they_take_and_give(greenroom: Greenroom, any_plugin: str) -> None:
    for route in _routes(greenroom.runtime.registry, any_plugin, json=True):
        assert route.response is not None, f"{route.name} declares no response model"
        assert (route.handler.__doc__ or "").strip(), f"{route.name}: its handler has no docstring to show"
        if route.request is not None:
            assert route.request.model_config.get("extra") == "forbid", f"{route.name} swallows unknown fields"


def test_lists_are_paged(greenroom: Greenroom, any_plugin: str) -> None:
    for route in _routes(greenroom.runtime.registry, any_plugin, json=True):
        fields = route.response.model_fields if route.response is not None else {}
        if "items" in fields:
            assert "next" in fields, f"{route.name} has items without next: answer with Page[...]"
            assert route.query is not None, f"{route.name} is a list without query="
            assert issubclass(route.query, Listing), f"{route.name}: its query model is not a Listing"


def test_what_must_happen_once_takes_a_key(greenroom: Greenroom, any_plugin: str) -> None:
    for route in _routes(greenroom.runtime.registry, any_plugin, json=True):
        if route.method == "POST" and _ONCE & set(route.name.partition(".")[2].split("_")):
            assert route.idempotent, f"{route.name} creates, pays or cancels without idempotent=True"


async def test_answers_fit_their_models(tenant: TenantKit, greenroom: Greenroom, any_plugin: str) -> None:
    """Every list and every thing without an id in its path, as an owner and as a plain member."""
    for site in (await tenant.sign_in("owner"), await tenant.sign_in()):
        for route in _routes(greenroom.runtime.registry, any_plugin, json=True):
            if route.method == "GET" and "{" not in route.path and route.response is not None:
                await _fits(site, route)


async def _fits(site: Site, route: Route) -> None:
    answer = await site.get(route.path)
    if answer.status == route.status:
        assert route.response is not None
        route.response.model_validate_json(answer.body)
        return
    assert 400 <= answer.status < 500, f"{route.name}: {answer.status} {answer.text[:300]}"
    assert answer.headers["Content-Type"].startswith("application/problem+json"), route.name
    assert {"type", "title", "status", "detail", "request_id"} <= answer.json().keys(), route.name


async def test_unknown_fields_are_refused_by_name(tenant: TenantKit, greenroom: Greenroom, any_plugin: str) -> None:
    """Mass assignment: a field that the model does not have is never passed on in silence."""
    site = await tenant.sign_in("owner")
    for route in _routes(greenroom.runtime.registry, any_plugin, json=True):
        if route.request is None or "{" in route.path:
            continue
        answer = await site.post(route.path, json={"is_owner": True}, method=route.method)
        if answer.status in (403, 404):
            continue  # another role's call
        assert answer.status == 422, f"{route.name}: {answer.status} {answer.text[:300]}"
        assert "is_owner" in [e["field"] for e in answer.json()["errors"]], route.name
