"""Providers for tests: what other plugins would hold about a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from kernel import Happened, PrivacyProvider, now, privacy_providers, sql
from kernel.testing.people import Site
from plugins.compliance import states
from plugins.compliance.models import DataRequest
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


RunJobs = Callable[..., Awaitable[int]]


async def ask_for_copy(site: Site) -> DataRequest:
    assert (await site.post("/privacy/exports")).status == 303
    return await latest(states.EXPORT, site)


async def latest(kind: str, site: Site) -> DataRequest:
    rows = await sql(
        "SELECT id, tenant_id FROM compliance_data_request WHERE account_id = $1 AND kind = $2 ORDER BY id DESC",
        site.account_id, kind,
    )  # fmt: skip
    return await DataRequest.get(id=rows[0].id)


def happened(name: str, row: DataRequest, **more: Any) -> Any:
    data = {"request_id": str(row.id), "account_id": str(row.account_id), **more}
    return Happened(id=uuid4(), name=name, occurred_at=now(), actor_id=None, data=data)
