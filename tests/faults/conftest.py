"""Folders for databases of their own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of a short name: the path of PostgreSQL's socket must not change between two starts."""
    made = Path(tempfile.mkdtemp(prefix="gr-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)
