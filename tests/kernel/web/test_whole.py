"""The pieces that need the real thing: the table of idempotency keys, and pages over the whole application."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from kernel.base.clock import shifted_by
from kernel.base.context import tenant_scope
from kernel.testing.people import TenantKit
from kernel.web.idempotency import Answer, Claim, DatabaseStore, purge_keys

CLAIM = Claim("c:1", "key-1", "alpha.make /alpha", "hash")


async def test_keys_in_the_table(tenant: TenantKit, other_tenant: TenantKit) -> None:
    store = DatabaseStore()
    with tenant_scope(tenant.ref):
        assert await store.look(CLAIM) is None
        assert sorted(await asyncio.gather(*(store.claim(CLAIM) for _ in range(10)))) == [False] * 9 + [True]
        await store.finish(CLAIM, Answer(201, "/x", "text/html", b"\x00body"))
        known = await store.look(CLAIM)
        assert known is not None
        assert known.answer == Answer(201, "/x", "text/html", b"\x00body")
        assert not await store.claim(CLAIM)
    with tenant_scope(other_tenant.ref):
        assert await store.look(CLAIM) is None
        assert await store.claim(CLAIM)
        await store.release(CLAIM)
        assert await store.claim(CLAIM)
        with shifted_by(timedelta(seconds=30)):
            assert not await store.claim(CLAIM)  # somebody is at it
        with shifted_by(timedelta(seconds=61)):
            assert not await store.claim(Claim("c:1", "key-1", "alpha.make /alpha", "other"))
            assert await store.claim(CLAIM)  # whoever was at it has crashed
            await store.fail(CLAIM)
        with shifted_by(timedelta(hours=1)):
            assert not await store.claim(CLAIM)
        with shifted_by(timedelta(hours=25, minutes=2)):
            assert await store.claim(CLAIM)
        with shifted_by(timedelta(hours=60)):
            await purge_keys()
            assert await store.look(CLAIM) is None


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere"])
async def test_public_pages(tenant: TenantKit, path: str) -> None:
    answer = await tenant.visitor().get(path)
    assert answer.status == (404 if path == "/nowhere" else 200)
    assert "Content-Security-Policy" in answer.headers
