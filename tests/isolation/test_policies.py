"""What can be read off the router without asking anybody: who may, and which fields come in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kernel.app import Greenroom
from kernel.web.routing import ENDPOINTS, _Gated, _Nowhere


def test_every_route_of_the_router_declares_who_may(greenroom: Greenroom) -> None:
    resources = greenroom.app.router.resources()
    assert [r for r in resources if not isinstance(r, _Gated | _Nowhere)] == [], "registered past the gate"
    for endpoint in greenroom.app[ENDPOINTS].values():
        assert endpoint.route.public != (endpoint.route.permission is not None), endpoint.name


def _objects(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object with named fields in a JSON schema."""
    for name, inner in [("", schema), *schema.get("$defs", {}).items()]:
        if "properties" in inner:
            yield name, inner


def test_no_request_takes_fields_that_it_does_not_name(greenroom: Greenroom) -> None:
    for endpoint in greenroom.app[ENDPOINTS].values():
        for model in (endpoint.route.request, endpoint.route.query):
            if model is not None:
                for name, inner in _objects(model.model_json_schema(mode="validation")):
                    assert not inner.get("additionalProperties"), f"{endpoint.name} takes any field in {name}"
                    assert "tenant_id" not in inner["properties"], f"{endpoint.name} is told its tenant"
