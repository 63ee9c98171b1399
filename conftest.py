"""All fixtures come from the kernel's test kit, so that third-party plugins test the same way."""

from __future__ import annotations

import pytest

pytest_plugins = ("kernel.testing.fixtures",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that open a database of their own come first: a process has one open database at a time."""
    items.sort(key=lambda item: "greenroom" in getattr(item, "fixturenames", ()))
