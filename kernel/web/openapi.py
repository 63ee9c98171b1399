"""The JSON interface as it is for this tenant: OpenAPI 3.1 of the routes that are on, made from their declarations."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from ..base.contract import SIGNED_IN, Route
from ..base.i18n import _
from ..base.runtime import runtime
from ..tenancy.snapshots import current_snapshot
from . import routing
from .views import json_answer

if TYPE_CHECKING:
    from .endpoints import Endpoint

PREFIX: Final = "/api/v1/"
_HOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
_REF = "#/components/schemas/{model}"
_JSON, _PROBLEM_TYPE = "application/json", "application/problem+json"

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "For people, in their language."},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string", "description": "Name it when you ask for help."},
        "errors": {
            "type": "array",
            "description": "One entry for each refused field.",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "Where in the body or query: `items.0.name`."},
                    "detail": {"type": "string"},
                },
            },
        },
        "permission": {"type": "string", "description": "403: the right that is missing."},
        "scope": {"type": "string", "description": "403: the scope that the token lacks."},
        "accepted_scopes": {"type": "array", "items": {"type": "string"}},
    },
}
_REFUSALS: Final = {
    400: "The request cannot be read.",
    401: "Nobody is signed in, or the token does not count.",
    403: "The right or the token's scope is missing.",
    404: "There is no such thing here.",
    405: "The method is not among those of this path.",
    409: "It changed in the meantime, or the key was used for another request.",
    410: "It is over.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Values were refused; `errors` says which.",
    429: "Too many calls; wait as long as `Retry-After` says.",
    503: "Out of order, or closed for maintenance; try again later.",
    507: "There is no room left.",
}
_HEADERS: Final[dict[str, Any]] = {
    "RateLimit": {"description": 'What is left: `"token";r=599;t=42`.', "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": 'The limits: `"token";q=600;w=60`.', "schema": {"type": "string"}},
    "Idempotent-Replay": {"description": "`true`: the first answer, given again.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}
_SCHEMES: Final[dict[str, Any]] = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token: `gr_pat_…` or `gr_svc_…`."},
    "session": {"type": "apiKey", "in": "cookie", "name": "session", "description": "A signed-in browser."},
    "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token", "description": "With a session only."},
}


async def show(request: web.Request) -> web.StreamResponse:
    """This document."""
    return json_answer(current_document(request.app), headers={"Cache-Control": "private, max-age=60"})


def current_document(app: web.Application) -> dict[str, Any]:
    """The document of the tenant in scope."""
    snapshot = current_snapshot()
    wanted = visible(app)
    made = document(wanted, snapshot.tenant.name)
    return made | {"servers": [{"url": snapshot.origin}], "tags": _tags(wanted)}


def visible(app: web.Application) -> list[Endpoint]:
    """The JSON routes that this tenant has, by plugin and path."""
    snapshot = current_snapshot()
    found = [e for e in app[routing.ENDPOINTS].values() if e.route.path.startswith(PREFIX)]
    return [e for e in found if e.visible(snapshot.effective)]


def _tags(endpoints: list[Endpoint]) -> list[dict[str, str]]:
    plugins = runtime().registry.plugins
    ids = dict.fromkeys(e.plugin for e in endpoints)
    return [{"name": i, "description": _(plugins[i].title) if i in plugins else i} for i in ids]


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
        path = _HOLE.sub(r"{\1}", endpoint.route.path)
        paths.setdefault(path, {})[endpoint.route.method.lower()] = _operation(endpoint, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), "Problem": _PROBLEM},
            "headers": _HEADERS,
            "securitySchemes": _SCHEMES,
        },
    }


def _operation(endpoint: Endpoint, refs: dict[Any, Any]) -> dict[str, Any]:
    route = endpoint.route
    first, _blank, more = inspect.cleandoc(route.handler.__doc__ or "").partition("\n")
    summary, _stop, rest = first.rstrip(".").partition(". ")
    more = f"{rest}.\n{more}" if rest else more
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [endpoint.plugin],
        "summary": summary or route.name,
        "parameters": _parameters(route),
        "responses": _responses(endpoint, refs),
        "security": _security(endpoint),
    }
    if more.strip():
        operation["description"] = more.strip()
    if route.request is not None:
        schema = refs[route.request, "validation"]
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema}}}
    if route.permission and route.permission != SIGNED_IN:
        operation["x-permission"] = route.permission
    return operation


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    """A token with one of its scopes, or a session; a changing call with a session needs the page's token too."""
    session: dict[str, list[str]] = {"session": [], "csrf": []} if endpoint.unsafe else {"session": []}
    if endpoint.route.public:
        anybody: list[dict[str, list[str]]] = [{}, {"token": []}]
        return [*anybody, session] if endpoint.unsafe else anybody
    return [{"token": [scope]} for scope in endpoint.scopes] + [session]


def _responses(endpoint: Endpoint, refs: dict[Any, Any]) -> dict[str, Any]:
    route = endpoint.route
    done: dict[str, Any] = {"description": "Done.", "headers": _headers("RateLimit", "RateLimit-Policy")}
    if route.idempotent:
        done["headers"] |= _headers("Idempotent-Replay")
    if route.response is not None:
        done["content"] = {_JSON: {"schema": refs[route.response, "serialization"]}}
    return {str(route.status): done} | {str(status): _refusal(status) for status in sorted(refusals(route))}


def refusals(route: Route) -> set[int]:
    """The statuses other than success with which a route may answer."""
    # 404 also for what a body names, and for every call of a plugin that was switched off a moment ago.
    found = {400, 401, 403, 404, 429, 503, *route.errors}
    if route.method != "GET":
        found.add(409)
    if route.request is not None:
        found |= {413, 415, 422}
    if route.query is not None:
        found.add(422)
    return found


def _refusal(status: int) -> dict[str, Any]:
    content = {_PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    answer: dict[str, Any] = {"description": _REFUSALS.get(status, "Refused."), "content": content}
    if status in (429, 503):
        answer["headers"] = _headers("Retry-After")
    return answer


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name, pattern)}
        for name, pattern in _HOLE.findall(route.path)
    ]
    if route.query is not None:
        found += _query(route.query)
    if route.idempotent:
        schema = {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{8,100}$"}
        said = "Same key and same body: done once, answered alike."
        found.append({"name": "Idempotency-Key", "in": "header", "description": said, "schema": schema})
    return found


def _path_schema(name: str, pattern: str) -> dict[str, Any]:
    if pattern:
        return {"type": "string", "pattern": f"^(?:{pattern})$"}
    return {"type": "string", "format": "uuid"} if name == "id" or name.endswith("_id") else {"type": "string"}


def _query(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    local = schema.get("$defs", {})
    found = []
    for name, given in schema.get("properties", {}).items():
        inner = _inlined(given, local)
        # Nothing in a query string means null: an optional value is left out.
        arms = [arm for arm in inner.get("anyOf", ()) if arm.get("type") != "null"]
        if len(arms) == 1:
            inner = {**{k: v for k, v in inner.items() if k != "anyOf"}, **arms[0]}
        inner = {k: v for k, v in inner.items() if k != "title" and not (k == "default" and v is None)}
        parameter = {"name": name, "in": "query", "schema": inner, "required": name in schema.get("required", ())}
        if said := inner.pop("description", ""):
            parameter["description"] = said
        found.append(parameter)
    return found


def _inlined(schema: dict[str, Any], local: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return {**local[name], **{k: v for k, v in schema.items() if k != "$ref"}} if name in local else dict(schema)


class Document(BaseModel):
    """An OpenAPI 3.1 document."""

    model_config = {"extra": "allow"}

    openapi: str


ROUTE: Final = Route(
    method="GET", path=f"{PREFIX}openapi.json", handler=show, name="kernel.openapi", public=True, response=Document
)
