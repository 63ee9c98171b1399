"""Build hook of the wheel: third-party browser files, and compressed siblings of our own.

A running server then needs no Node, and every static file has a `.br` and `.gz` beside it.
"""

from __future__ import annotations

import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMPRESSED = frozenset({".css", ".js", ".mjs", ".svg", ".json"})
#: Below this the headers weigh more than what is saved.
_WORTH_IT = 512


class AssetsHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"
    _scratch: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """For wheels, editable ones too. A source archive carries the lock file and needs nothing fetched."""
        script = Path(self.root) / "tools" / "assets.py"
        if self.target_name != "wheel" or not script.is_file():
            return
        tool = runpy.run_path(str(script))
        status = tool["main"]()
        if status:
            raise SystemExit(status)
        if version != "editable":
            self._scratch = Path(tempfile.mkdtemp(prefix="greenroom-build-"))
            self._compress(tool["compress"], self._scratch, build_data["force_include"])

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _compress(self, compress: Any, scratch: Path, include: dict[str, str]) -> None:
        """Compressed copies go into the wheel only: beside the sources they would be stale after the next edit."""
        root = Path(self.root)
        for top in ("kernel", "plugins"):
            for path in sorted((root / top).rglob("static/**/*")):
                inside = path.relative_to(root)
                if path.suffix not in _COMPRESSED or "vendor" in inside.parts or path.stat().st_size < _WORTH_IT:
                    continue
                copy = scratch / inside
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
                compress(copy)
                for made in copy.parent.glob(path.name + ".*"):
                    include[str(made)] = str(inside.with_name(made.name))
