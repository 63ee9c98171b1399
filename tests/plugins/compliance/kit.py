"""Providers for tests: what other plugins would hold about a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest

from kernel import PrivacyProvider, privacy_providers
from plugins.compliance.services import erasing, exporting


class Shelf:
    """Remembers who was exported and erased; fails when it is told to."""

    def __init__(self, data: dict[str, Any] | None = None, kept: list[str] | None = None) -> None:
        self.data = data if data is not None else {"notes": ["one", "two"]}
        self.kept = kept or []
        self.failing = False
        self.erased: list[UUID] = []

    async def export(self, account_id: UUID) -> dict[str, Any]:
        if self.failing:
            raise OSError("the shelf fell")
        return self.data

    async def erase(self, account_id: UUID) -> list[str]:
        if self.failing:
            raise OSError("the shelf fell")
        self.erased.append(account_id)
        return self.kept

    def provider(self) -> PrivacyProvider:
        return PrivacyProvider(title="Shelf", models=("Book",), export=self.export, erase=self.erase)


@contextmanager
def shelves(monkeypatch: pytest.MonkeyPatch, **more: PrivacyProvider) -> Iterator[None]:
    """Beside the providers that are installed, these."""
    known = (*more.items(), *privacy_providers())
    for module in (exporting, erasing):
        monkeypatch.setattr(module, "privacy_providers", lambda: known)
    yield
