"""What every storage does, asked of the folder, of a strict double of an object store, and of the moto server."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from kernel.base.config import ConfigError, load_config
from kernel.base.context import tenant_scope
from kernel.base.errors import Unavailable
from kernel.engines import storage_s3
from kernel.engines.storage import LocalStorage, Storage, open_storage, storage_key
from kernel.testing.fixtures import _missing

from .conftest import A
from .s3_double import KEY, REGION, SECRET, Double, double

BIG = bytes(range(256)) * 80_000  # 20 MB: three parts


def config(url: str, prefix: str = "/files") -> Any:
    return SimpleNamespace(storage_url=f"s3://greenroom{prefix}", s3_endpoint=url, s3_region=REGION)


@asynccontextmanager
async def opened(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Storage]:
    if kind == "local":
        yield LocalStorage(tmp_path / "files")
        return
    if importlib.util.find_spec("aiobotocore") is None:
        _missing("aiobotocore", "pip install 'greenroom[s3]'")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    if kind == "double":
        async with double() as store:
            storage = open_storage(config(store.url))
            storage.double = store  # type: ignore[attr-defined]
            yield storage
            await storage.close()
            assert store.refused == []
        return
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        _missing("moto", "pip install 'greenroom[s3-test]'")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    storage = open_storage(config(f"http://{host}:{port}"))
    try:
        client = await storage._open()  # type: ignore[attr-defined]
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):  # one store for all of moto's servers
            place = {"LocationConstraint": REGION}
            await client.create_bucket(Bucket="greenroom", CreateBucketConfiguration=place)
        yield storage
    finally:
        await storage.close()
        server.stop()


@pytest.fixture(params=["local", "double", pytest.param("moto", marks=pytest.mark.slow)])
async def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    async with opened(request.param, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Storage, Double]]:
    async with opened("double", tmp_path, monkeypatch) as found:
        yield found, found.double  # type: ignore[attr-defined]


async def pieces(data: bytes, size: int = 1_000_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def test_round_trips(storage: Storage) -> None:
    with tenant_scope(A):
        key = storage_key("files", "ab", "x.txt")
    for data in (b"hello", b"", b"again", BIG):
        for given in (data, pieces(data)):
            stored = await storage.put(key, given)
            assert (stored.size, stored.sha256) == (len(data), hashlib.sha256(data).hexdigest())
            assert await storage.read(key) == data
    chunks = [chunk async for chunk in storage.open(key)]
    assert b"".join(chunks) == BIG and max(map(len, chunks)) <= 1024 * 1024
    await storage.delete(key)
    await storage.delete(key)
    with pytest.raises(FileNotFoundError):
        await storage.read(key)
    with pytest.raises(FileNotFoundError):
        await anext(aiter(storage.open(key)))


async def test_a_write_that_breaks_off_leaves_the_old(storage: Storage) -> None:
    async def breaks(data: bytes) -> AsyncIterator[bytes]:
        yield data
        raise ConnectionResetError

    await storage.put("t/x", b"whole")
    for data in (b"half", BIG):
        with pytest.raises(ConnectionResetError):
            await storage.put("t/x", breaks(data))
        assert await storage.read("t/x") == b"whole"


@pytest.mark.parametrize("key", ["", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a\\b", "a\nb", "ä", ".hidden"])
async def test_keys_do_not_escape(storage: Storage, key: str) -> None:
    for work in (storage.read, storage.delete, lambda k: storage.put(k, b"x"), lambda k: anext(storage.open(k))):
        with pytest.raises(ValueError, match="storage key"):
            await work(key)  # type: ignore[arg-type]


async def test_tenants_and_the_prefix_begin_a_name(store: tuple[Storage, Double]) -> None:
    storage, double = store
    with tenant_scope(A):
        await storage.put(storage_key("x"), b"1")
    assert list(double.objects) == [f"files/{A.id}/x"]


async def test_large_ones_go_in_parts_and_are_forgotten_when_they_break(store: tuple[Storage, Double]) -> None:
    storage, double = store
    await storage.put("t/big", pieces(BIG))
    assert double.seen.count("PUT partNumber") == 3 and "PUT" not in double.seen
    double.faults["PUT partNumber"] = 403
    with pytest.raises(Unavailable):
        await storage.put("t/other", pieces(BIG))
    assert double.uploads == {} and "files/t/other" not in double.objects
    assert double.seen[-1] == "DELETE uploadId"


@pytest.mark.parametrize("status", [500, 503, 403])
async def test_a_store_in_trouble_is_a_503_in_one_sentence(store: tuple[Storage, Double], status: int) -> None:
    storage, double = store
    for mark, work in {
        "PUT": lambda: storage.put("t/x", b"x"), "GET": lambda: storage.read("t/x"),
        "DELETE": lambda: storage.delete("t/x"),
    }.items():  # fmt: skip
        double.faults = {mark: status}
        with pytest.raises(Unavailable) as told:
            await work()
        assert (told.value.status, "AccessDenied" in told.value.detail) == (503, False)
        assert told.value.detail and int(told.value.headers["Retry-After"]) > 0
    double.faults = {}
    await storage.put("t/x", b"x")


async def test_a_store_that_is_away_is_a_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened("double", tmp_path, monkeypatch):
        away = open_storage(config("http://127.0.0.1:9"))
        with pytest.raises(Unavailable):
            await away.put("t/x", b"x")
        await away.close()


async def test_links_open_one_object_for_a_while(store: tuple[Storage, Double]) -> None:
    storage, double = store
    await storage.put("t/x", b"content")
    link = await storage.link("t/x", seconds=60, content_type="text/plain", disposition='attachment; filename="a.txt"')
    assert link is not None and SECRET not in link
    async with aiohttp.ClientSession() as http:
        async with http.get(link) as answer:
            assert (answer.status, await answer.read()) == (200, b"content")
            assert answer.headers["Content-Disposition"] == 'attachment; filename="a.txt"'
        for forged in (link.replace("t/x", "t/y"), link.replace("Expires=60", "Expires=9999")):
            async with http.get(forged) as answer:
                assert answer.status == 403
    double.refused.clear()


async def test_the_double_is_strict(store: tuple[Storage, Double], monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing would be proven above."""
    _storage, double = store
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    wrong = open_storage(config(double.url))
    with pytest.raises(Unavailable):
        await wrong.put("t/x", b"x")
    await wrong.close()
    async with aiohttp.ClientSession() as http, http.put(f"{double.url}/greenroom/x", data=b"x") as answer:
        assert answer.status == 403
    assert double.objects == {} and double.refused
    double.refused.clear()


def test_what_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    env = {"GREENROOM_STORAGE_URL": "s3://bucket/a/b"}
    assert load_config(env, mode="test").storage_url == "s3://bucket/a/b"
    for bad in ("bucket", "s3://", "http://x/y", "s3://A_B", "s3://bucket/../x?y"):
        with pytest.raises(ConfigError, match="GREENROOM_STORAGE_URL"):
            load_config({"GREENROOM_STORAGE_URL": bad}, mode="test")
    monkeypatch.setitem(__import__("sys").modules, "aiobotocore.session", None)
    with pytest.raises(ConfigError, match=r"greenroom\[s3\]"):
        storage_s3.S3Storage(config("http://127.0.0.1:9"))
