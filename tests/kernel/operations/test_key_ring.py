"""The key ring: the newest key seals, older ones open, `secrets rotate` brings everything to the newest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kernel.app import Greenroom
from kernel.base.context import every_tenant, tenant_scope
from kernel.engines.connection import execute
from kernel.operations import settings as operations
from kernel.tenancy import governing
from kernel.tenancy import settings as s
from kernel.tenancy.sealing import CannotOpen, seal, unseal
from kernel.testing.people import TenantKit

KEY = "live.turn_secret"


@pytest.fixture
def ring(greenroom: Greenroom) -> Iterator[Greenroom]:
    """Whatever a test does with the keys, the others find the first one again."""
    before = greenroom.runtime.config
    yield greenroom
    greenroom.runtime.config = before


def use(room: Greenroom, secret: bytes, *old: bytes) -> None:
    room.runtime.config = replace(room.runtime.config, secret=secret, old_secrets=old)


async def test_rotation_keeps_every_secret_readable_with_the_new_key_alone(ring: Greenroom, tenant: TenantKit) -> None:
    first, second = ring.runtime.config.secret, b"n" * 40
    with tenant_scope(tenant.ref):
        await s.set_setting(KEY, "hush")
    await governing.set_platform_setting(KEY, "ours")
    use(ring, second, first)
    with tenant_scope(tenant.ref):
        assert s.setting(KEY) == "hush"  # an old key opens
    done, lost = await operations.reseal()
    assert done >= 2
    assert lost == []
    assert (await operations.reseal())[0] == 0
    use(ring, second)
    await ring.runtime.snapshots.refresh(force=True)
    with tenant_scope(tenant.ref):
        assert s.setting(KEY) == "hush"
        await s.reset_setting(KEY)
        assert s.setting(KEY) == "ours"
    use(ring, first, second)
    await operations.reseal()  # for the other tests of this run
    await governing.reset_platform_setting(KEY)


async def test_what_no_key_opens_is_named_and_does_not_stop_the_others(
    ring: Greenroom, tenant: TenantKit, other_tenant: TenantKit, capsys: pytest.CaptureFixture[str]
) -> None:
    first = ring.runtime.config.secret
    for one in (tenant, other_tenant):
        with tenant_scope(one.ref):
            await s.set_setting(KEY, "hush")
    with every_tenant():
        # A row copied from elsewhere does not open: it is bound to its tenant.
        await execute(
            "UPDATE kernel_setting_value t SET sealed = o.sealed FROM kernel_setting_value o"
            " WHERE t.tenant_id = $1 AND o.tenant_id = $2 AND t.key = $3 AND o.key = $3",
            tenant.ref.id, other_tenant.ref.id, KEY,
        )  # fmt: skip
    use(ring, b"m" * 40, first)
    done, lost = await operations.reseal()
    assert done >= 1
    assert lost == [f"{tenant.ref.id}/{tenant.ref.id}/{KEY}"]
    said = capsys.readouterr().err
    assert str(tenant.ref.id) in said
    assert "hush" not in said
    await ring.runtime.snapshots.refresh(force=True)
    with tenant_scope(tenant.ref):
        assert s.setting(KEY) == ""  # the default, and never another tenant's secret
    use(ring, first, b"m" * 40)
    with tenant_scope(tenant.ref):
        await s.reset_setting(KEY)
    await operations.reseal()


def test_a_secret_opens_only_where_it_was_sealed(ring: Greenroom) -> None:
    sealed = seal("hush", "a/b/c")
    assert unseal(sealed, "a/b/c") == "hush"
    for place, data in (("a/b/d", sealed), ("a/b/c", sealed[:-1]), ("a/b/c", b""), ("a/b/c", b"\x02" + sealed[1:])):
        with pytest.raises(CannotOpen):
            unseal(data, place)


async def test_the_doctor_counts_what_an_older_key_sealed(ring: Greenroom, tenant: TenantKit) -> None:
    import asyncpg

    from kernel.operations.doctor import _old_keys

    with tenant_scope(tenant.ref):
        await s.set_setting(KEY, "hush")
    conn = await asyncpg.connect(ring.runtime.owner_dsn, server_settings={"app.tenant": "*"})
    try:
        assert await _old_keys(ring.runtime.config, conn) == []
        moved = replace(ring.runtime.config, secret=b"d" * 40, old_secrets=(ring.runtime.config.secret,))
        found = await _old_keys(moved, conn)
    finally:
        await conn.close()
    assert "sealed with an older key" in found[0].what
    assert "greenroom secrets rotate" in found[0].mend
    with tenant_scope(tenant.ref):
        await s.reset_setting(KEY)
