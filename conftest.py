"""All fixtures come from the kernel's test kit, so that third-party plugins test the same way."""

from __future__ import annotations

import pytest

pytest_plugins = ("kernel.testing.fixtures",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that open a database of their own come first: a process has one open database at a time."""
    whole = {item.path for item in items if "greenroom" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path in whole)
