"""The JSON interface as it is for this tenant: OpenAPI 3.1 of the routes that are on, made from their declarations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from ..base.contract import Route
from ..tenancy.snapshots import current_snapshot
from . import routing
from .views import json_answer

if TYPE_CHECKING:
    from .endpoints import Endpoint

_PARAM = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::(?:[^{}]|\{[^{}]*\})*)?\}")
_REF = "#/components/schemas/{model}"
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/openapi.json"""
    snapshot = current_snapshot()
    endpoints = request.app[routing.ENDPOINTS].values()
    wanted = [e for e in endpoints if e.route.path.startswith("/api/v1/") and e.visible(snapshot.effective)]
    return json_answer(document(wanted, snapshot.tenant.name), headers={"Cache-Control": "private, max-age=60"})


def document(endpoints: list[Endpoint], title: str) -> dict[str, Any]:
    """The document for these endpoints."""
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for endpoint in endpoints:
        if endpoint.route.request is not None:
            models[endpoint.route.request, "validation"] = None
        if endpoint.route.response is not None:
            models[endpoint.route.response, "serialization"] = None
    refs, definitions = models_json_schema(list(models), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = _PARAM.sub(r"{\1}", endpoint.route.path)
        paths.setdefault(path, {})[endpoint.route.method.lower()] = _operation(endpoint, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "session"}},
        },
    }


def _operation(endpoint: Endpoint, refs: dict[Any, Any]) -> dict[str, Any]:
    route = endpoint.route
    said = (route.handler.__doc__ or "").strip().partition("\n")[0]
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [endpoint.plugin],
        "summary": said or route.name,
        "parameters": _parameters(endpoint),
        "responses": {"2XX": {"description": "Done."}, "4XX": _refusal("Refused."), "5XX": _refusal("Out of order.")},
        "security": [] if route.public else [{"session": []}],
    }
    if route.response is not None:
        schema = refs[route.response, "serialization"]
        operation["responses"]["2XX"]["content"] = {"application/json": {"schema": schema}}
    if route.request is not None:
        schema = refs[route.request, "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if route.permission:
        operation["x-permission"] = route.permission
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    route = endpoint.route
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAM.findall(route.path)
    ]
    if endpoint.unsafe:
        found.append({"name": "X-CSRF-Token", "in": "header", "required": True, "schema": {"type": "string"}})
    if route.idempotent:
        found.append({"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "minLength": 8}})
    return found


def _refusal(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}}
    return {"description": description, "content": content}


ROUTE: Final = Route(method="GET", path="/api/v1/openapi.json", handler=show, name="kernel.openapi", public=True)
