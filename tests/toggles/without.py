"""A pytest plugin (`-p tests.toggles.without`): the plugins named in GREENROOM_WITHOUT cannot be imported at all.

As if their folders had been removed, and safe to run beside other tests.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

GONE = tuple(f"plugins.{pid}" for pid in os.environ.get("GREENROOM_WITHOUT", "").split(",") if pid)


class _Gone(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name in GONE or name.startswith(tuple(f"{one}." for one in GONE)):
            raise ModuleNotFoundError(f"{name} was taken out", name=name)
        return None


sys.meta_path.insert(0, _Gone())
