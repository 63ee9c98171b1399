"""The API reference: for each tenant what is on for it, drawn from the routes' own declarations."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from ..base import errors
from ..base.context import current_actor
from ..base.contract import SIGNED_IN, Route
from ..base.i18n import _
from ..tenancy.snapshots import current_snapshot
from ..web import openapi, samples
from ..web.bearer import PER_MINUTE
from ..web.endpoints import Endpoint
from ..web.paging import MOST, USUAL
from ..web.samples import Row
from ..web.views import page
from .landmarks import plugin_title

_MOST_HITS: Final = 40


@dataclass(frozen=True, slots=True)
class Operation:
    """One call as the page draws it. Examples are whole: they can be pasted and run."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    plugin: str
    public: bool
    permission: str
    scopes: tuple[str, ...]
    idempotent: bool
    rate: str
    parameters: tuple[Row, ...]
    query: tuple[Row, ...]
    body: tuple[Row, ...]
    answer: tuple[Row, ...]
    status: int
    refusals: tuple[tuple[str, str], ...]
    sample: str
    curl: str
    python: str

    @property
    def anchor(self) -> str:
        return self.name.replace(".", "-")


@dataclass(frozen=True, slots=True)
class Section:
    """A plugin's calls."""

    id: str
    title: str
    operations: tuple[Operation, ...]


#: By snapshot identity: a page is drawn from what was made once per change of the tenant's switches.
_kept: dict[object, tuple[object, list[Section]]] = {}


def sections(app: web.Application) -> list[Section]:
    """Every call of this tenant, by plugin."""
    snapshot = current_snapshot()
    known = _kept.get(snapshot.tenant.id)
    if known is not None and known[0] is snapshot:
        return known[1]
    document = openapi.current_document(app)
    found: dict[str, list[Operation]] = {}
    for endpoint in openapi.visible(app):
        found.setdefault(endpoint.plugin, []).append(_operation(endpoint, document))
    made = [Section(plugin, plugin, tuple(operations)) for plugin, operations in found.items()]
    if len(_kept) >= 256:
        _kept.clear()
    _kept[snapshot.tenant.id] = (snapshot, made)
    return made


def _operation(endpoint: Endpoint, document: dict[str, Any]) -> Operation:
    route = endpoint.route
    path, told = next(
        (path, methods[route.method.lower()])
        for path, methods in document["paths"].items()
        if methods.get(route.method.lower(), {}).get("operationId") == route.name
    )
    defs = document["components"]["schemas"]
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answers = told["responses"]
    answer = answers[str(route.status)].get("content", {}).get("application/json", {}).get("schema", {})
    sent = samples.example(body, defs) if body else None
    base = document["servers"][0]["url"]
    return Operation(
        name=route.name,
        method=route.method,
        path=path,
        summary=_plain(told["summary"]),
        description=_plain(told.get("description")),
        plugin=endpoint.plugin,
        public=route.public,
        permission="" if route.permission in (None, SIGNED_IN) else route.permission or "",
        scopes=endpoint.scopes,
        idempotent=route.idempotent,
        rate=route.rate or "",
        parameters=_named(told["parameters"], "path", defs),
        query=_named(told["parameters"], "query", defs),
        body=tuple(samples.rows(body, defs)) if body else (),
        answer=tuple(samples.rows(answer, defs)),
        status=route.status,
        refusals=tuple((code, said["description"]) for code, said in answers.items() if int(code) >= 400),
        sample=_pretty(samples.example(answer, defs)) if answer else "",
        curl=_curl(route, base + _filled(path, told), sent),
        python=_python(route, base + _filled(path, told), sent),
    )


def _named(parameters: list[dict[str, Any]], place: str, defs: dict[str, Any]) -> tuple[Row, ...]:
    return tuple(
        Row(
            p["name"], samples.kind_of(p["schema"], defs), p.get("required", False), _plain(p.get("description", "")), 0
        )
        for p in parameters
        if p["in"] == place
    )


def _plain(said: str | None) -> str:
    """A docstring's words without its marks."""
    return (said or "").replace("`", "")


def _filled(path: str, told: dict[str, Any]) -> str:
    for parameter in told["parameters"]:
        if parameter["in"] == "path":
            value = str(samples.example(parameter["schema"], {}, parameter["name"])).replace(" ", "-")
            value = "7" if "\\d" in parameter["schema"].get("pattern", "") else value
            path = path.replace("{" + parameter["name"] + "}", value)
    return path


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _curl(route: Route, address: str, sent: Any) -> str:
    lines = [f"curl{'' if route.method == 'GET' else f' -X {route.method}'} '{address}'"]
    if not route.public:
        lines.append('-H "Authorization: Bearer $GREENROOM_TOKEN"')
    if route.idempotent:
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if sent is not None:
        quoted = _pretty(sent).replace("'", "'\\''")
        lines += ["-H 'Content-Type: application/json'", f"-d '{quoted}'"]
    return " \\\n  ".join(lines)


def _python(route: Route, address: str, sent: Any) -> str:
    headers = []
    if not route.public:
        headers.append('"Authorization": f"Bearer {token}"')
    if route.idempotent:
        headers.append('"Idempotency-Key": str(uuid.uuid4())')
    args = [f'"{address}"']
    if headers:
        args.append("headers={" + ", ".join(headers) + "}")
    if sent is not None:
        shown = _pretty(sent).replace(": true", ": True").replace(": false", ": False").replace(": null", ": None")
        args.append("json=" + shown.replace("\n", "\n    "))
    imports = "import uuid\n\nimport httpx\n" if route.idempotent else "import httpx\n"
    call = ",\n    ".join(args)
    return f"{imports}\nanswer = httpx.{_verb(route)}(\n    {call},\n)\nanswer.raise_for_status()\nprint(answer.json())"


def _verb(route: Route) -> str:
    return route.method.lower()


def _titled(found: list[Section]) -> list[tuple[Section, str]]:
    return [(section, plugin_title(section.id)) for section in found]


def _hits(found: list[Section], words: str) -> list[Operation]:
    wanted = words.casefold().split()
    every = [operation for section in found for operation in section.operations]
    means = [(o, f"{o.method} {o.path} {o.name} {o.summary} {o.description}".casefold()) for o in every]
    return [o for o, text in means if all(word in text for word in wanted)][:_MOST_HITS]


def _context(request: web.Request, found: list[Section], current: str) -> dict[str, Any]:
    q = request.query.get("q", "").strip()[:100].replace("\0", "")
    return {
        "layout": "base.html" if current_actor() is not None else "public.html",
        "sections": _titled(found),
        "current": current,
        "q": q,
        "hits": _hits(found, q) if q else [],
        "origin": current_snapshot().origin,
        "per_minute": PER_MINUTE,
        "most": MOST,
        "usual": USUAL,
    }


async def show_start(request: web.Request) -> web.StreamResponse:
    """Getting started, and what there is."""
    context = _context(request, sections(request.app), "")
    return await page(request, "console/reference.html", {**context, "title": _("API reference")})


async def show_plugin(request: web.Request) -> web.StreamResponse:
    """Every call of one plugin, with examples."""
    found = sections(request.app)
    section = next((s for s in found if s.id == request.match_info["plugin"]), None)
    if section is None:
        raise errors.NotFound()
    title = plugin_title(section.id)
    context = _context(request, found, section.id)
    context |= {"title": _("{name} API").format(name=title), "section": section, "heading": title}
    return await page(request, "console/reference_plugin.html", context)


ROUTES = [
    Route(method="GET", path="/developers/api", handler=show_start, name="kernel.api_reference", public=True),
    Route(
        method="GET", path="/developers/api/{plugin:[a-z][a-z0-9_]{0,59}}", handler=show_plugin,
        name="kernel.api_reference_plugin", public=True,
    ),
]  # fmt: skip
