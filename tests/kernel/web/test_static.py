"""Static files: cached for ever, never from outside their folder."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kernel.base.contract import Asset
from kernel.web import assets

from .site import get, served

OUTSIDE = "outside the root"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The plugin alpha gets a folder on disk."""
    from ..plugging import fakes

    place = tmp_path / "alpha"
    static = place / "static" / "alpha"
    (static / "js").mkdir(parents=True)
    (static / "a.css").write_text("a{}")
    (static / "js" / "main.js").write_text("export {}")
    (static / "js" / "main.js.gz").write_bytes(gzip.compress(b"export {}"))
    (static / ".hidden").write_text("secret")
    (tmp_path / "outside.txt").write_text(OUTSIDE)
    (static / "link.txt").symlink_to(tmp_path / "outside.txt")
    (static / "linked").symlink_to(tmp_path)
    plain = fakes.fake

    def with_file(hooks: dict[str, Any]) -> ModuleType:
        module = plain(hooks)
        module.__file__ = str(place / "plugin.py")
        return module

    monkeypatch.setattr(fakes, "fake", with_file)
    return static


HOOKS = {
    "assets": [
        Asset(kind="style", path="a.css"),
        Asset(kind="module", path="js/main.js", routes=("alpha.one",), importable=True),
    ]
}


async def test_files(tmp_path: Path, folder: Path) -> None:
    async with served(tmp_path, [get("/alpha/one", name="alpha.one")], hooks=HOOKS) as site, site.client() as acme:
        href = assets.asset("alpha", "js/main.js")
        answer = await acme.get(href, headers={"Accept-Encoding": "identity"})
        assert (answer.status, answer.text) == (200, "export {}")
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        small = await acme.get(href, headers={"Accept-Encoding": "gzip"})
        assert small.headers["Content-Encoding"] == "gzip"
        again = await acme.get(href, headers={"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "identity"})
        assert again.status == 304
        old = await acme.get("/static/alpha/000000000000/a.css")
        assert (old.status, old.headers["Cache-Control"]) == (200, "public, max-age=60")
        site.snapshots.switch("acme", "alpha")
        acme.host = "nobody.localhost"
        assert (await acme.get(href)).status == 200
        with pytest.raises(LookupError):
            assets.asset("alpha", "nothing.js")
        assert assets.vendor("nothing.js") == ""


PATHS = [
    "link.txt", "linked/outside.txt", ".hidden", "../../../outside.txt", "..%2f..%2f..%2foutside.txt",
    "%2e%2e/%2e%2e/%2e%2e/outside.txt", "....//....//outside.txt", "js", "js/", "", "/etc/passwd", "%2fetc%2fpasswd",
    "..\\..\\..\\outside.txt", "a.css%00.js", "js/../a.css%2f", "./a.css/", "C:\\outside.txt", "a.css/../../../x",
]  # fmt: skip


async def test_traversal(tmp_path: Path, folder: Path) -> None:
    async with served(tmp_path, [], hooks=HOOKS) as site:
        for path in PATHS:
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(
                f"GET /static/alpha/x/{path} HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n".encode()
            )
            raw = (await reader.read()).decode()
            writer.close()
            assert int(raw.split()[1]) in (400, 404), path
            assert OUTSIDE not in raw
            assert "secret" not in raw


async def test_import_map_and_pages(tmp_path: Path, folder: Path) -> None:
    async with served(tmp_path, [get("/alpha/one", name="alpha.one")], hooks=HOOKS) as site:
        snapshot = site.snapshots.by_host["acme.localhost"]
        every = assets.assets()
        styles, modules = every.of_page(snapshot, "alpha.one")
        assert [s.rpartition("/")[2] for s in (*styles, *modules)] == ["a.css", "main.js"]
        assert every.of_page(snapshot, "alpha.two")[1] == ()
        assert every.of_page(snapshot, "beta.one") == ((), ())
        with_alpha = assets.import_map(snapshot)
        assert '"@greenroom/alpha":"/static/alpha/' in with_alpha.json
        assert '"@greenroom/ui":"/static/kernel/' in with_alpha.json
        site.snapshots.switch("acme", "alpha")
        without = assets.import_map(site.snapshots.by_host["acme.localhost"])
        assert "alpha" not in without.json
        assert without.csp_source != with_alpha.csp_source


def test_changes_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "_RESCAN", 0.0)
    (tmp_path / "a.css").write_text("a")
    found = assets.Folder(tmp_path)
    before = found.version
    assert not found.refresh()
    (tmp_path / "a.css").write_text("other")
    assert found.refresh()
    assert found.version != before
