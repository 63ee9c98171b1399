"""Build hook of the wheel: fetches the third-party browser files, so that a running server needs no Node."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AssetsHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """For wheels, editable ones too. A source archive carries the lock file and needs nothing fetched."""
        script = Path(self.root) / "tools" / "assets.py"
        if self.target_name != "wheel" or not script.is_file():
            return
        status = runpy.run_path(str(script))["main"]()
        if status:
            raise SystemExit(status)
