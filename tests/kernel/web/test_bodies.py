"""Malformed bodies are answered 4xx, never 5xx; JSON is read strictly; forms say what is wrong in plain words."""

from __future__ import annotations

import asyncio
import gzip
import json
from datetime import date
from pathlib import Path
from typing import Annotated

import aiohttp
import pytest
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kernel.base.errors import BadRequest
from kernel.web.body import FormData, parse_json, read_json
from kernel.web.forms import Form, Words, parse_form, read_form
from kernel.web.views import json_answer

from .site import get, post, served


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    count: int = 0


class Item(Form):
    name: Annotated[str, Field(min_length=1, max_length=5), Words(missing="Enter a name", long="Too long, friend")]


async def take_json(request: web.Request) -> web.StreamResponse:
    return json_answer(await read_json(request, Thing))


async def take_form(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, Item)
    files = {name: [(u.name, u.size, u.read().decode()) for u in found] for name, found in parsed.files.items()}
    return json_answer({"raw": parsed.raw, "errors": parsed.errors, "files": files}, 422 if parsed.errors else 200)


ROUTES = [
    post("/api/v1/alpha/thing", take_json, name="alpha.thing", csrf=False),
    post("/alpha/form", take_form, csrf=False),
    post("/alpha/big", take_form, csrf=False, body_limit=3_000_000),
]
JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
PART = b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n'
ENCODED = PART.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n")

CORPUS: list[tuple[str, str, bytes, set[int]]] = [
    ("json", JSON, b"", {400}),
    ("json", JSON, b"{", {400}),
    ("json", JSON, b"[" * 100_000, {400}),
    ("json", JSON, b"[" * 65 + b"]" * 65, {400}),
    ("json", JSON, b'{"name": ' * 100_000, {400}),
    ("json", JSON, b"1" * 5000, {400}),
    ("json", JSON, b'{"name": "x", "count": 99999999999999999999999}', {400}),
    ("json", JSON, b'{"name": NaN}', {400}),
    ("json", JSON, b'{"name": Infinity}', {400}),
    ("json", JSON, b'{"name": "x", "count": 1e999}', {400}),
    ("json", JSON, b'{"name": "a", "name": "b"}', {400}),
    ("json", JSON, b'{"name": "\\ud800"}', {400}),
    ("json", JSON, b'{"\\ud800": "x"}', {400}),
    ("json", JSON, b'{"name": "a\\u0000b"}', {400}),
    ("json", JSON, b'{"name": "\xff"}', {400}),
    ("json", JSON, '{"name": "x"}'.encode("utf-16"), {400}),
    ("json", JSON, b'\xef\xbb\xbf{"name": "x"}', {400}),
    ("json", "application/json; charset=utf-16", b"{}", {415}),
    ("json", "application/json; charset=nonsense", b"{}", {415}),
    ("json", "text/plain", b'{"name": "x"}', {415}),
    ("json", "", b'{"name": "x"}', {415}),
    ("json", JSON, b'{"name": 5}', {422}),
    ("json", JSON, b'{"name": "x", "admin": true}', {422}),
    ("json", JSON, b"[]", {422}),
    ("json", JSON, b"null", {422}),
    ("json", JSON, b'"' + b"x" * 2_000_000 + b'"', {413}),
    ("form", URLENCODED, b"name=%ff", {400}),
    ("form", URLENCODED, b"name=\xff", {400}),
    ("form", URLENCODED, b"name=%00", {400}),
    ("form", URLENCODED, b"&".join(b"a=1" for _ in range(1001)), {413}),
    ("form", URLENCODED, b"x" * 2_000_000, {413}),
    ("form", "application/json", b"{}", {415}),
    ("form", "text/plain", b"name=x", {415}),
    ("form", "", b"name=x", {415}),
    ("form", "multipart/form-data", PART, {400}),
    ("form", "multipart/form-data; boundary=", PART, {400}),
    ("form", "multipart/form-data; boundary=" + "x" * 200, PART, {400}),
    ("form", MULTIPART, b"", {400}),
    ("form", MULTIPART, PART, {400}),  # truncated: the end is missing
    ("form", MULTIPART, b"garbage", {400}),
    ("form", MULTIPART, b"--B\r\n\r\nx\r\n--B--\r\n", {400}),
    ("form", MULTIPART, b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n", {400}),
    ("form", MULTIPART, b"--B\r\nContent-Disposition: nonsense; =\r\n\r\nx\r\n--B--\r\n", {400}),
    ("form", MULTIPART, b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\r\n--B--\r\n', {400}),
    ("form", MULTIPART, b'--B\r\nContent-Disposition: form-data; name="a\x00"\r\n\r\nx\r\n--B--\r\n', {400}),
    ("form", MULTIPART, b"--B\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n--C--\r\n--B--\r\n", {400}),
    ("form", MULTIPART, PART * 5000 + b"--B--\r\n", {413}),
    (
        "form",
        MULTIPART,
        PART.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") + b"--B--\r\n",
        {415},
    ),
    ("form", MULTIPART, PART.replace(b"x\r\n", b"x" * 2_000_000 + b"\r\n") + b"--B--\r\n", {413}),
    ("form", MULTIPART, b"X: y\r\n" * 100_000, {400, 413}),
]


async def test_malformed(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, aiohttp.ClientSession() as session:
        for where, kind, body, wanted in CORPUS:
            path = "/api/v1/alpha/thing" if where == "json" else "/alpha/form"
            headers = {"Host": "acme.localhost", **({"Content-Type": kind} if kind else {})}
            skipped = [] if kind else ["Content-Type"]
            async with session.post(
                f"http://127.0.0.1:{site.port}{path}", data=body, headers=headers, skip_auto_headers=skipped
            ) as answer:
                assert answer.status in wanted, (kind, body[:60], await answer.text())
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_broken_on_the_way(tmp_path: Path) -> None:
    """Bad chunks, a bomb, a body that is not what its encoding says."""
    bomb = gzip.compress(b"x" * 50_000_000)
    heads: list[tuple[bytes, bytes, set[int]]] = [
        (b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(bomb), bomb, {400, 413}),
        (b"Content-Encoding: gzip\r\nContent-Length: 4\r\n", b"nope", {400}),
        (b"Transfer-Encoding: chunked\r\n", b"zz\r\nx\r\n0\r\n\r\n", {400}),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n", {400}),
    ]
    async with served(tmp_path, ROUTES) as site:
        for head, body, wanted in heads:
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(b"POST /api/v1/alpha/thing HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n")
            writer.write(b"Content-Type: application/json\r\n" + head + b"\r\n" + body)
            status = int((await reader.readline()).split()[1])
            writer.close()
            assert status in wanted, head


async def test_good_json(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        answer = await acme.ask("POST", "/api/v1/alpha/thing", json={"name": "é", "count": 3})
        assert (answer.status, answer.body) == (200, '{"name":"é","count":3}'.encode())
        refused = await acme.ask("POST", "/api/v1/alpha/thing", json={"count": "x"})
        assert refused.headers["Content-Type"] == "application/problem+json"
        name, count = {"field": "name", "detail": "Fill this in."}, {"field": "count", "detail": "Enter a number."}
        assert json.loads(refused.body)["errors"] == [name, count]


async def test_good_forms(tmp_path: Path) -> None:
    async with served(tmp_path, ROUTES) as site, site.client() as acme:
        assert (await acme.ask("POST", "/alpha/form", data={"name": " é "})).status == 200
        empty = await acme.ask("POST", "/alpha/form", data={"name": " "})
        assert (empty.status, b"Enter a name" in empty.body) == (422, True)
        form = b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xc3\xa9\r\n' + b"".join(
            b'--B\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n'
            b"Content-Type: text/plain\r\n\r\n%s\r\n" % part
            for part in ((b"doc", b"../../etc/x.txt", b"d" * 700_000), (b"none", b"", b""))
        )
        answer = await acme.ask("POST", "/alpha/big", data=form + b"--B--\r\n", headers={"Content-Type": MULTIPART})
        assert answer.status == 200
        assert b'"name":"\xc3\xa9"' in answer.body
        assert b'"doc":[["x.txt",700000,"dddd' in answer.body
        assert b'"none"' not in answer.body


def test_sockets_read_json_the_same_way() -> None:
    assert parse_json('{"a": [1, 2.5, "x", null, true]}') == {"a": [1, 2.5, "x", None, True]}
    with pytest.raises(BadRequest):
        parse_json('{"a": 1, "a": 2}')


# --- forms -----------------------------------------------------------------------------------------------------


class Profile(Form):
    name: Annotated[str, Field(min_length=2, max_length=20)]
    bio: str = ""
    age: int | None = None
    born: date | None = None
    agreed: bool = False
    tags: list[str] = []
    days: list[int] = []
    level: Annotated[int, Field(ge=1, le=5)] = 3

    @field_validator("bio")
    @classmethod
    def _no_shouting(cls, value: str) -> str:
        if value.isupper():
            raise ValueError("Write in lower case, too")
        return value

    @model_validator(mode="after")
    def _together(self) -> Profile:
        if self.name == self.bio:
            raise ValueError("Say something else about yourself")
        return self


def parse(*pairs: tuple[str, str]) -> tuple[Profile | None, dict[str, str]]:
    parsed = parse_form(FormData(list(pairs)), Profile)
    return parsed.value, parsed.errors


def test_form_values() -> None:
    value, errors = parse(
        ("name", " Ada "), ("age", ""), ("born", "2000-02-29"), ("agreed", "on"), ("tags", "a"), ("tags", ""),
        ("tags", "b"), ("days", "1"), ("days", "2"), ("level", ""), ("_csrf", "t"), ("_key", "k"),
    )  # fmt: skip
    assert errors == {}
    assert value == Profile(name="Ada", born=date(2000, 2, 29), agreed=True, tags=["a", "b"], days=[1, 2])
    assert parse(("name", "Ada"), ("agreed", "0"))[0] == Profile(name="Ada")
    assert parse(("name", "Ada"), ("agreed", "0"), ("agreed", "1"))[0] == Profile(name="Ada", agreed=True)


@pytest.mark.parametrize(
    ("pairs", "errors"),
    [
        ((), {"name": "Fill this in."}),
        ((("name", ""),), {"name": "Fill this in."}),
        ((("name", "A"),), {"name": "Use at least 2 characters."}),
        ((("name", "A" * 21),), {"name": "Use at most 20 characters."}),
        ((("name", "Ada"), ("age", "x")), {"age": "Enter a number."}),
        ((("name", "Ada"), ("born", "29.2.")), {"born": "Enter a date such as 2030-12-31."}),
        ((("name", "Ada"), ("level", "6")), {"level": "Enter a number of at most 5."}),
        ((("name", "Ada"), ("level", "0")), {"level": "Enter a number of at least 1."}),
        ((("name", "Ada"), ("agreed", "perhaps")), {"agreed": "Choose yes or no."}),
        ((("name", "Ada"), ("days", "x")), {"days": "Enter a number."}),
        ((("name", "Ada"), ("name", "Bob")), {"name": "Enter one value only."}),
        ((("name", "Ada"), ("bio", "HEY")), {"bio": "Write in lower case, too"}),
        ((("name", "Ada"), ("bio", "Ada")), {"_form": "Say something else about yourself"}),
    ],
)
def test_form_errors(pairs: tuple[tuple[str, str], ...], errors: dict[str, str]) -> None:
    assert parse(*pairs) == (None, errors)


def test_unknown_fields_are_refused() -> None:
    value, errors = parse(("name", "Ada"), ("is_admin", "1"))
    assert value is None
    assert set(errors) == {"_form"}


def test_hello() -> None:
    assert get("/x")
