"""The catalogue: what is refused, with which words, and in which order plugins come."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from kernel.plugging import manifest as m

ROOT = Path(__file__).parents[3]


def table(pid: str, extra: str = "") -> str:
    head = f'[plugins.{pid}]\nmodule = "p.{pid}.plugin"\ntitle = "{pid.title()}"\nversion = "1"\napi = ">=1.0,<2"\n'
    return head + extra + "\n"


def parse(*tables: str) -> m.Manifest:
    return m.parse_manifest("manifest = 1\n" + "\n".join(tables))


def ids(manifest: m.Manifest) -> list[str]:
    return [e.id for e in manifest.plugins]


def reasons(manifest: m.Manifest) -> dict[str, str]:
    return {r.plugin: r.reason for r in manifest.rejected}


def test_the_products_own_catalogue_is_sound() -> None:
    own = m.load_manifest(ROOT / m.FILE_NAME, packages=False)
    assert own.rejected == ()
    assert set(ids(own)) == {
        "users", "theming", "notifications", "compliance", "payments", "scheduling", "live", "feedback",
        "analytics", "helpdesk",
    }  # fmt: skip
    order = ids(own)
    for e in own.plugins:
        assert all(order.index(n) < order.index(e.id) for n in (*e.requires, *e.after))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("manifest = ", "not valid TOML"),
        ("manifest = 2", "manifest must be 1"),
        ("manifest = 1\nfoo = 2", "unknown key 'foo'"),
        ("manifest = 1\nplugins = 3", "must be a table"),
    ],
)
def test_a_bad_file_is_refused_as_a_whole(text: str, words: str) -> None:
    with pytest.raises(m.ManifestError, match=words):
        m.parse_manifest(text)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (table("a", "colour = 1"), "unknown key 'colour' in plugins.a"),
        (table("a", "default = 1"), "plugins.a.default must be true or false"),
        (table("a", 'requires = "b"'), "plugins.a.requires must be a list"),
        (table("a", "requires = [1]"), "plugins.a.requires must be a list"),
        (table("a", 'stage = "ripe"'), "plugins.a.stage must be one of"),
        (table("a", 'requires = ["nope"]'), "plugins.a.requires names nope, which is not installed"),
        ('[plugins.a]\nmodule = "p"', "plugins.a has no title"),
        (table("a").replace(">=1.0,<2", ">=2"), "plugins.a.api is >=2, and this kernel's API is"),
        (table("a").replace(">=1.0,<2", "newest"), "must be a version range"),
        (table("a").replace("p.a.plugin", "p a"), "must be a dotted module name"),
    ],
)
def test_a_bad_plugin_is_rejected_alone(bad: str, words: str) -> None:
    found = parse(bad, table("good"))
    assert ids(found) == ["good"]
    assert words in reasons(found)["a"]
    assert m.FILE_NAME in reasons(found)["a"]


def test_odd_ids_are_rejected() -> None:
    found = parse(table("kernel"), table("Loud"))
    assert set(reasons(found)) == {"kernel", "Loud"}


def test_what_requires_a_rejected_plugin_is_blocked() -> None:
    found = parse(table("a", "x = 1"), table("b", 'requires = ["a"]'), table("c", 'requires = ["b"]'), table("d"))
    assert ids(found) == ["d"]
    assert [(r.plugin, r.blocked) for r in found.rejected] == [("a", False), ("b", True), ("c", True)]


def test_use_false_leaves_a_plugin_out_and_blocks_what_requires_it() -> None:
    found = parse(table("a", "use = false"), table("b", 'requires = ["a"]'), table("c", 'after = ["a"]'))
    assert ids(found) == ["c"]
    assert "does not use" in reasons(found)["b"]
    assert "a" not in reasons(found)


def test_order_follows_requires_and_after_and_otherwise_the_file() -> None:
    found = parse(table("a", 'after = ["d", "absent"]'), table("b", 'requires = ["c"]'), table("c"), table("d"))
    assert ids(found) == ["c", "b", "d", "a"]


def test_a_circle_rejects_its_members_and_blocks_those_behind() -> None:
    found = parse(
        table("a", 'requires = ["b"]'), table("b", 'after = ["a"]'), table("c", 'requires = ["a"]'), table("d")
    )
    assert ids(found) == ["d"]
    assert "circle of a, b" in reasons(found)["a"]
    assert "circle of a, b" in reasons(found)["b"]
    assert "requires a, which was rejected" in reasons(found)["c"]


@pytest.mark.parametrize(
    ("bounds", "fits"),
    [(">=1.0,<2", True), ("==1", True), (">1.0", False), ("<=1.0", True), ("!=1.0", False), (">=1.1", False)],
)
def test_api_ranges(bounds: str, fits: bool) -> None:
    assert m.api_matches(bounds, "1.0") is fits


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed third-party package `greenroom_hello` with its own manifest; importing it would fail."""
    folder = tmp_path / "greenroom_hello"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / m.FILE_NAME).write_text("manifest = 1\n" + table("hello", "default = true"))
    point = EntryPoint("hello", "greenroom_hello", m.GROUP)
    monkeypatch.setattr(m, "entry_points", lambda group: [point])
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def load(tmp_path: Path, *tables: str) -> m.Manifest:
    path = tmp_path / m.FILE_NAME
    path.write_text("manifest = 1\n" + "\n".join(tables))
    return m.load_manifest(path)


def test_packages_bring_their_own_table_without_being_imported(tmp_path: Path, package: Path) -> None:
    found = load(tmp_path, table("a"))
    assert ids(found) == ["a", "hello"]
    assert found.plugins[1].default is True
    assert "greenroom_hello" not in sys.modules


def test_the_deployer_may_override_a_packages_defaults(tmp_path: Path, package: Path) -> None:
    found = load(tmp_path, "[plugins.hello]\ndefault = false\nlocked = true")
    assert [(e.default, e.locked) for e in found.plugins] == [(False, True)]
    assert ids(load(tmp_path, "[plugins.hello]\nuse = false")) == []


def test_the_same_id_twice_is_rejected(tmp_path: Path, package: Path) -> None:
    found = load(tmp_path, table("hello"))
    assert ids(found) == []
    assert "there twice" in reasons(found)["hello"]


def test_a_package_without_manifest_is_rejected_alone(tmp_path: Path, package: Path) -> None:
    (package / m.FILE_NAME).unlink()
    found = load(tmp_path, table("a"))
    assert ids(found) == ["a"]
    assert "cannot be read" in reasons(found)["hello"]
