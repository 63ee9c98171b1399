"""The document lists what is on for the tenant, with the declared models."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from kernel.base.contract import Feature

from .site import get, hello, post, served


class NewThing(BaseModel):
    name: str
    parts: list[Part] = []


class Part(BaseModel):
    size: int


class Thing(NewThing):
    id: str


NewThing.model_rebuild()

ROUTES = [
    get("/api/v1/alpha/{id:[0-9a-f]{2}}", hello, name="alpha.api_show", response=Thing),
    post("/api/v1/alpha", hello, name="alpha.api_make", request=NewThing, response=Thing,
         permission="alpha.things.edit", idempotent=True),
    get("/api/v1/alpha/extra/x", hello, name="alpha.api_extra", feature="alpha.more"),
    get("/alpha/page", hello),
]  # fmt: skip


async def test_document(tmp_path: Path) -> None:
    hooks = {"features": [Feature(id="alpha.more", label="More")]}
    async with served(tmp_path, ROUTES, hooks=hooks) as site, site.client() as acme:
        document = json.loads((await acme.get("/api/v1/openapi.json")).body)
        assert document["openapi"] == "3.1.0"
        assert set(document["paths"]) == {
            "/api/v1/alpha/{id}", "/api/v1/alpha", "/api/v1/alpha/extra/x", "/api/v1/openapi.json",
        }  # fmt: skip
        make = document["paths"]["/api/v1/alpha"]["post"]
        assert make["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NewThing"}
        assert {p["name"] for p in make["parameters"]} == {"Idempotency-Key"}
        assert make["security"] == [
            {"token": ["alpha.things.edit"]}, {"token": ["write:alpha"]}, {"session": [], "csrf": []},
        ]  # fmt: skip
        assert {"200", "401", "403", "409", "422", "429"} <= make["responses"].keys()
        assert make["x-permission"] == "alpha.things.edit"
        show = document["paths"]["/api/v1/alpha/{id}"]["get"]
        assert show["parameters"][0] == {
            "name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^(?:[0-9a-f]{2})$"},
        }  # fmt: skip
        assert show["summary"] == "Say hello"
        assert {"NewThing", "Thing", "Part", "Problem"} <= set(document["components"]["schemas"])
        site.snapshots.switch("acme", "alpha.more")
        assert "/api/v1/alpha/extra/x" not in (await acme.get("/api/v1/openapi.json")).text
        site.snapshots.switch("acme", "alpha")
        assert "alpha" not in (await acme.get("/api/v1/openapi.json")).text
