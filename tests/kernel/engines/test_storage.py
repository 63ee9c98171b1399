"""Files of tenants on the local disk."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import pytest

from kernel.base.context import CrossTenant, NoTenant, tenant_scope
from kernel.base.runtime import Runtime, use_runtime
from kernel.engines import storage as module
from kernel.engines.storage import LocalStorage, plain_name, storage_key

from .conftest import A, B


@pytest.fixture
def storage(tmp_path):
    return LocalStorage(tmp_path / "files")


async def pieces():
    for part in (b"one ", b"", b"two ", b"three"):
        yield part


async def test_round_trip(storage, tmp_path):
    with tenant_scope(A):
        key = storage_key("files", "ab", "x.txt")
    assert key.startswith(str(A.id))
    stored = await storage.put(key, b"hello")
    assert (stored.size, stored.sha256) == (5, hashlib.sha256(b"hello").hexdigest())
    assert await storage.read(key) == b"hello" == storage.path(key).read_bytes()
    assert (await storage.put(key, pieces())).size == 13
    assert b"".join([chunk async for chunk in storage.open(key)]) == b"one two three"
    await storage.delete(key)
    await storage.delete(key)
    with pytest.raises(FileNotFoundError):
        await storage.read(key)
    big = bytes(range(256)) * 40_000
    await storage.put("t/big", big)
    assert b"".join([chunk async for chunk in storage.open("t/big")]) == big


async def test_failed_write_leaves_the_old(storage):
    async def breaks():
        yield b"half"
        raise ConnectionResetError

    await storage.put("t/x", b"whole")
    with pytest.raises(ConnectionResetError):
        await storage.put("t/x", breaks())
    assert await storage.read("t/x") == b"whole"
    assert [path.name for path in storage.path("t/x").parent.iterdir()] == ["x"]


@pytest.mark.parametrize(
    "key",
    [
        *("", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/./b", "a/", "a\\b", "a\x00b", "a\nb"),
        *(".hidden", "ä", "~", "a/" * 300 + "a"),
    ],
)
async def test_keys_do_not_escape(storage, tmp_path, key):
    (tmp_path / "x").write_text("secret")
    for work in (storage.read, storage.delete, lambda k: storage.put(k, b"x"), lambda k: anext(storage.open(k))):
        with pytest.raises(ValueError, match="storage key"):
            await work(key)
    with tenant_scope(A), pytest.raises(ValueError, match="storage key"):
        storage_key("files", key)


async def test_links_do_not_lead_out(storage, tmp_path):
    await storage.put("t/x", b"x")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "y").write_text("secret")
    (tmp_path / "files" / "t" / "link").symlink_to(tmp_path / "outside")
    for key in ("t/link/y", "t/link/new"):
        with pytest.raises(ValueError, match="not inside"):
            await storage.put(key, b"x")
        with pytest.raises(ValueError, match="not inside"):
            await storage.read(key)


def test_keys_need_a_tenant():
    with pytest.raises(NoTenant):
        storage_key("x")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Lebenslauf ü.pdf", "Lebenslauf ü.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cv.docx", "cv.docx"),
        ("a\r\nb\x00.txt", "ab.txt"),
        ("", "file"),
        ("...", "file"),
        ('<"x">.png', "x.png"),
        ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
        ("\u202egpj.exe", "gpj.exe"),
    ],
)
def test_plain_name(given, kept):
    assert plain_name(given) == kept


@pytest.fixture
async def files(storage, database, server, throwaway, monkeypatch):
    """The table of files in a database of its own, and a runtime with this storage."""
    from kernel.engines import connection
    from kernel.engines.embedded import create_database, drop_database
    from kernel.plugging.migrate import AppModels, make_migration, migrate

    package = throwaway / "filing"
    if not package.exists():
        package.mkdir()
        (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(throwaway))
    # Under the label that the application uses: a model belongs to one label for the life of a process.
    apps = {"kernel": AppModels(("kernel.engines.storage",), "filing.migrations")}
    await make_migration("kernel", "initial", apps)
    dsn = await create_database(server.dsn_owner, "filing")
    await migrate(dsn, apps)
    await connection.open_database(server.dsn("greenroom_app", "filing"), {"kernel": ["kernel.engines.storage"]})
    monkeypatch.setattr(module, "admissions", [])  # an application of before asks for quotas
    with use_runtime(Runtime(config=SimpleNamespace(), storage=storage)):
        yield module
    await connection.close_database()
    await drop_database(server.dsn_owner, "filing")
    await connection.open_database(server.dsn_app, {"shelf": ["shelf.models"]}, pool_size=4)  # as it was


async def test_files_of_tenants(files, storage):
    from kernel.engines.connection import unit_of_work
    from kernel.engines.models import get_or_404

    with tenant_scope(A):
        file = await files.save_file("../cv.pdf", "application/pdf", pieces())
        assert (file.name, file.size, file.tenant_id) == ("cv.pdf", 13, A.id)
        assert file.key.startswith(f"{A.id}/files/")
        again = await get_or_404(files.File, str(file.id))
        assert await files.read_file(again) == b"one two three"
        assert [chunk async for chunk in files.stream_file(again)] == [b"one two three"]
    with tenant_scope(B), pytest.raises(CrossTenant):
        await files.delete_file(file)
    with tenant_scope(A):
        with pytest.raises(ZeroDivisionError):
            async with unit_of_work():
                await files.delete_file(again)
                raise ZeroDivisionError
        assert await files.read_file(file) == b"one two three"
        async with unit_of_work():
            await files.delete_file(await files.File.get())
            assert storage.path(file.key).exists()
        assert not storage.path(file.key).exists() and not await files.File.exists()


async def test_refused_row_leaves_no_bytes(files, storage):
    with tenant_scope(A):
        with pytest.raises(Exception, match="Length"):
            await files.save_file("x", "t" * 200, b"x")
        assert [p for p in (storage.path(str(A.id)) / "files").rglob("*") if p.is_file()] == []
