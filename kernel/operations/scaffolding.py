"""`greenroom plugin new`: a complete package, made from kernel/scaffold by putting another name into it."""

from __future__ import annotations

import keyword
import re
import shutil
import tempfile
from pathlib import Path

from ..plugging.manifest import KERNEL, Manifest

SOURCE = Path(__file__).resolve().parent.parent / "scaffold"
_ID = re.compile(r"[a-z][a-z0-9_]{0,29}")
_SKIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.mo")
_TEXT = frozenset({".py", ".toml", ".md", ".html", ".po", ".css", ".js"})


class ScaffoldError(ValueError):
    """One sentence: why no package was written."""


def write_package(plugin: str, folder: Path, *, title: str = "", taken: Manifest | None = None) -> Path:
    """Write a package for the plugin `plugin` into `folder` (which must not hold anything yet); the folder.

    `title` is its name for people. All or nothing: a failure leaves no half package. Raises ScaffoldError.
    """
    _check_id(plugin, taken)
    title = " ".join(title.split()) or plugin.replace("_", " ").capitalize()
    if not title.isprintable() or '"' in title or "\\" in title or len(title) > 60:
        raise ScaffoldError("The title must be plain text of at most 60 characters.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ScaffoldError(f"{folder} is there already; nothing was written.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as scratch:
            draft = Path(scratch) / "package"
            shutil.copytree(SOURCE, draft, ignore=_SKIPPED)
            (draft / "__init__.py").unlink()  # makes the scaffold a package of the kernel, nothing more
            _rename(draft, plugin, title)
            if folder.exists():
                folder.rmdir()
            draft.rename(folder)
    except OSError as fault:
        raise ScaffoldError(f"{folder} cannot be written: {fault.strerror}.") from fault
    return folder


def _check_id(plugin: str, taken: Manifest | None) -> None:
    if not _ID.fullmatch(plugin) or keyword.iskeyword(plugin) or plugin in (KERNEL, "plugins", "tests", "my_plugins"):
        raise ScaffoldError(
            f"{plugin!r} cannot be a plugin's id: use up to 30 lower-case letters, digits and _, a letter first, and no"
            " word of Python's or Greenroom's own."
        )
    if taken and plugin in {entry.id for entry in taken.plugins} | {r.plugin for r in taken.rejected}:
        raise ScaffoldError(f"There is a plugin called {plugin} already.")


def _rename(folder: Path, plugin: str, title: str) -> None:
    """Put the name, in its three spellings, into every text and every path."""
    dashed = plugin.replace("_", "-")
    spellings = (("my_plugin", plugin), ("my-plugin", dashed), ("My plugin", title))
    for path in sorted(folder.rglob("*"), key=lambda p: len(p.parts), reverse=True):
        if path.is_file() and path.suffix in _TEXT:
            text = path.read_text("utf-8")
            for old, new in spellings:
                text = text.replace(old, new)
            path.write_text(text, "utf-8")
        if "my_plugin" in path.name:
            path.rename(path.with_name(path.name.replace("my_plugin", plugin)))
