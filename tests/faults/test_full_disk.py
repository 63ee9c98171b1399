"""A disk that is full: the upload is refused in words, nothing half written stays, and it works again by itself."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel import save_file
from kernel.base.context import tenant_scope
from kernel.base.runtime import runtime
from kernel.engines import storage as module
from kernel.engines.connection import sql
from kernel.engines.storage import File, LocalStorage
from kernel.testing.people import TenantKit
from kernel.web import errors


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """2 MB of memory as a disk; where that cannot be mounted, one that says it is full at the third megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount") is not None
    mounted = (
        mounted
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True
        ).returncode
    )
    if not mounted:
        settle = module._settle

        def full(file: object, name: str, target: Path) -> None:
            used = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
            if used > 2 * 1024 * 1024:
                raise OSError(errno.ENOSPC, "No space left on device")
            settle(file, name, target)  # type: ignore[arg-type]

        monkeypatch.setattr(module, "_settle", full)
    yield folder
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def files(folder: Path) -> list[int]:
    return sorted(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def test_a_full_disk_refuses_the_file_and_nothing_else(
    tenant: TenantKit, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime(), "storage", LocalStorage(small_disk))
    site = await tenant.sign_in("owner")
    with tenant_scope(tenant.ref):
        kept = await save_file("small.bin", "application/octet-stream", b"x" * 500_000)
        before = files(small_disk)
        for _ in range(3):
            with pytest.raises(OSError, match="No space left") as told:
                await save_file("large.bin", "application/octet-stream", b"x" * 3_000_000)
            assert errors.as_problem(told.value).status == 507
            assert files(small_disk) == before  # no part of it
        assert await File.all().count() == 1
        assert (await sql("SELECT count(*) AS n FROM kernel_file WHERE tenant_id = $1", tenant.ref.id))[0].n == 1
    assert (await site.get("/home")).status == 200
    # Room again: no restart needed.
    with tenant_scope(tenant.ref):
        again = await save_file("small.bin", "application/octet-stream", b"y" * 500_000)
        assert await runtime().storage.read(again.key) == b"y" * 500_000
        assert await runtime().storage.read(kept.key) == b"x" * 500_000
    await site.close()


async def test_an_upload_over_http_onto_a_full_disk_is_507_in_words(
    tenant: TenantKit, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a form of the console's own site: whatever handler stores, the answer is a page, not a broken line."""
    from aiohttp import web

    from kernel.web import views
    from kernel.web.routing import ENDPOINTS

    monkeypatch.setattr(runtime(), "storage", LocalStorage(small_disk))

    async def store(request: web.Request) -> web.StreamResponse:
        file = await save_file("x.bin", "application/octet-stream", b"x" * int(request.query["size"]))
        return views.json_answer({"id": str(file.id)})

    endpoint = runtime().app[ENDPOINTS]["kernel.home"]
    monkeypatch.setattr(endpoint, "handler", store)
    site = await tenant.sign_in("owner")
    assert (await site.get("/home?size=1000")).status == 200
    before = files(small_disk)
    full = await site.get("/home?size=4000000")
    assert full.status == 507 and "no room left" in full.text
    assert (await site.get("/home?size=4000000", headers={"Accept": "application/json"})).json()["status"] == 507
    assert files(small_disk) == before
    assert (await site.get("/home?size=1000")).status == 200
    await site.close()
