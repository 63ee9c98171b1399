"""The same request twice is done once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from kernel.base.errors import Invalid
from kernel.web import idempotency
from kernel.web.body import read_form_data
from kernel.web.views import json_answer, page, see_other

from .site import Client, MemoryKeys, get, post, served

done: list[str] = []


async def create(request: web.Request) -> web.StreamResponse:
    form = await read_form_data(request)
    await asyncio.sleep(0.05)
    done.append(form.get("name"))
    if form.get("name") == "bad":
        raise Invalid({"name": "Not this one"})
    if form.get("name") == "boom":
        raise RuntimeError("after the commit")
    return see_other(f"/alpha/made/{len(done)}")


async def create_json(request: web.Request) -> web.StreamResponse:
    done.append("json")
    return json_answer({"n": len(done)}, 201)


ROUTES = [
    post("/alpha/make", create, idempotent=True),
    post("/api/v1/alpha", create_json, name="alpha.api", idempotent=True),
]


async def test_forms(tmp_path: Path) -> None:
    done.clear()
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        first = await acme.post("/alpha/make", {"_key": "k" * 8, "name": "a"})
        again = await acme.post("/alpha/make", {"_key": "k" * 8, "name": "a"})  # its token differs
        assert (first.status, again.status) == (303, 303)
        assert first.headers["Location"] == again.headers["Location"] == "/alpha/made/1"
        assert again.headers["Idempotent-Replay"] == "true"
        assert done == ["a"]
        assert (await acme.post("/alpha/make", {"_key": "k" * 8, "name": "b"})).status == 409
        assert (await acme.post("/alpha/make", {"_key": "short", "name": "b"})).status == 400
        assert (await acme.post("/alpha/make", {"_key": "x" * 8, "name": "b"})).status == 303
        assert (await acme.post("/alpha/make", {"name": "b"})).status == 303  # without a key: every time
        assert done == ["a", "b", "b"]


async def test_parallel(tmp_path: Path) -> None:
    done.clear()
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        token = (await acme.get("/alpha/token")).text
        form = {"_csrf": token, "_key": "parallel", "name": "a"}
        answers = await asyncio.gather(*(acme.ask("POST", "/alpha/make", data=form) for _ in range(10)))
        assert {(a.status, a.headers["Location"]) for a in answers} == {(303, "/alpha/made/1")}
        assert done == ["a"]


async def test_refusals_free_the_key(tmp_path: Path) -> None:
    done.clear()
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        for _ in range(2):
            assert (await acme.post("/alpha/make", {"_key": "refused1", "name": "bad"})).status == 422
        assert (await acme.post("/alpha/make", {"_key": "refused1", "name": "good"})).status == 303
        assert (await acme.post("/alpha/make", {"_key": "broken11", "name": "boom"})).status == 500
        assert (await acme.post("/alpha/make", {"_key": "broken11", "name": "boom"})).status == 409
        assert done == ["bad", "bad", "good", "boom"]


async def test_json_and_owners(tmp_path: Path) -> None:
    done.clear()
    async with served(tmp_path, ROUTES) as site, site.client() as acme, site.client() as other:

        async def ask(client: Client, body: object) -> tuple[int, bytes]:
            token = (await client.get("/alpha/token")).text
            headers = {"X-CSRF-Token": token, "Idempotency-Key": "json-key-1"}
            answer = await client.ask("POST", "/api/v1/alpha", json=body, headers=headers)
            return answer.status, answer.body

        assert await ask(acme, {"a": 1}) == (201, b'{"n":1}')
        assert await ask(acme, {"a": 1}) == (201, b'{"n":1}')
        assert (await ask(acme, {"a": 2}))[0] == 409
        assert await ask(other, {"a": 1}) == (201, b'{"n":2}')  # somebody else's key of the same name


async def test_a_wait_that_ends(tmp_path: Path, monkeypatch: object) -> None:
    """A first attempt that never ends is not waited for without limit."""
    before, idempotency._WAIT = idempotency._WAIT, 0.1
    try:
        async with served(tmp_path, ROUTES) as site, site.client() as acme:
            store = idempotency.store
            assert isinstance(store, MemoryKeys)
            await acme.post("/alpha/make", {"_key": "stuck-key", "name": "a"})
            ((key, known),) = store.kept.items()
            store.kept[key] = idempotency.Known(known.route, known.body_hash, "running", None)
            answer = await acme.post("/alpha/make", {"_key": "stuck-key", "name": "a"})
            assert (answer.status, answer.headers["Retry-After"]) == (409, "5")
    finally:
        idempotency._WAIT = before


__all__ = ["get", "page"]
