"""The API reference shows what the tenant has, and its examples run."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Awaitable, Callable

from kernel.testing.people import TenantKit
from kernel.web import samples

START, KERNEL = "/developers/api", "/developers/api/kernel"


async def test_everybody_can_read_it(tenant: TenantKit) -> None:
    for site in (tenant.visitor(), await tenant.sign_in()):
        start = await site.get(START)
        assert start.status == 200
        for anchor in ("tokens", "paging", "idempotency", "errors", "limits", "webhooks"):
            assert f'id="{anchor}"' in start.text
        assert (await site.get(KERNEL)).status == 200
        assert (await site.get(f"{START}/nothing")).status == 404


async def test_it_lists_exactly_what_is_on(make_tenant: Callable[..., Awaitable[TenantKit]]) -> None:
    kit = await make_tenant(plugins={"helpdesk": False})
    site = kit.visitor()
    document = (await site.get("/api/v1/openapi.json")).json()
    tags = {tag["name"] for tag in document["tags"]}
    assert "helpdesk" not in tags
    assert (await site.get(f"{START}/helpdesk")).status == 404
    shown: set[str] = set()
    for tag in tags:
        page = await site.get(f"{START}/{tag}")
        assert page.status == 200, tag
        shown |= {name.replace("-", ".", 1) for name in re.findall(r'class="ref-op" id="([^"]+)"', page.text)}
    declared = {o["operationId"] for path in document["paths"].values() for o in path.values()}
    assert shown == declared


async def test_search_finds_by_path_and_words(tenant: TenantKit) -> None:
    site = tenant.visitor()
    found = await site.get(f"{START}?q=sessions+end")
    assert "#kernel-api_end_session" in found.text
    nothing = await site.get(f"{START}?q=zzzz%3Cscript%3E")
    assert "Nothing matches" in nothing.text
    assert "<script>zzzz" not in nothing.text


async def test_the_sample_call_runs(tenant: TenantKit) -> None:
    page = await tenant.visitor().get(KERNEL)
    curl = next(
        c for c in re.findall(r"<code>([^<]*)</code>", html.unescape(page.text)) if "/api/v1/me'" in c and "curl" in c
    )
    address = re.search(r"curl '([^']+)'", curl)
    assert address is not None
    assert address[1] == f"{tenant.origin}/api/v1/me"
    assert "Authorization: Bearer $GREENROOM_TOKEN" in curl


def test_examples_fit_their_schemas() -> None:
    schema = {
        "type": "object",
        "required": ["id", "kind"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "kind": {"enum": ["", "first"]},
            "count": {"type": "integer", "minimum": 3, "maximum": 9},
            "note": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
        },
    }
    defs = {"Part": {"type": "object", "properties": {"size": {"type": "integer"}, "inner": {"$ref": "#/x/Part"}}}}
    value = samples.example(schema, defs)
    assert value["kind"] == "first"
    assert value["count"] == 3
    assert len(value["note"]) <= 3
    assert value["parts"][0]["size"] == 1
    assert json.dumps(value)
    names = [(row.name, row.required, row.depth) for row in samples.rows(schema, defs)][:6]
    assert ("id", True, 0) in names
    assert ("parts[].size", False, 1) in names
