"""A plugin tried on some tenants: who has it, and how too many errors take it back by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from kernel.app import Greenroom
from kernel.base.errors import Invalid, NotFound
from kernel.engines.connection import execute, sql
from kernel.tenancy import canary
from kernel.tenancy.snapshots import Snapshot
from kernel.tenancy.switch_rules import share_of
from kernel.tenancy.toggles import switch
from kernel.testing.people import TenantKit
from kernel.web import trials

from .test_connections import needs

PLUGIN, PAGE = "helpdesk", "/help"


@pytest.fixture(autouse=True)
async def off_by_default(greenroom: Greenroom) -> AsyncIterator[None]:
    """As a plugin that is new: nobody has it unless they choose so."""
    needs(greenroom, PLUGIN)
    info = greenroom.runtime.registry.plugins[PLUGIN]
    object.__setattr__(info, "default", False)
    trials._seen.clear()
    yield
    object.__setattr__(info, "default", True)
    await execute("DELETE FROM kernel_canary")
    await greenroom.runtime.snapshots.refresh(force=True)


def snapshot_of(greenroom: Greenroom, kit: TenantKit) -> Snapshot:
    found = greenroom.runtime.snapshots.of(kit.ref.id)
    assert found is not None
    return found


async def test_a_share_of_the_tenants_has_it(
    make_tenant: Callable[..., Awaitable[TenantKit]], greenroom: Greenroom
) -> None:
    kits = [await make_tenant() for _ in range(4)]
    chosen = kits.pop()
    await switch(chosen.ref, PLUGIN, False, reason="not for us")
    places = sorted(share_of(kit.ref.id, PLUGIN, kit.ref.id) for kit in kits)
    percent = max(1, int(places[1]))
    await canary.start_trial(PLUGIN, percent)
    for kit in kits:
        inside = share_of(kit.ref.id, PLUGIN, kit.ref.id) < percent
        assert ((await kit.visitor().get(PAGE)).status != 404) is inside
    await canary.start_trial(PLUGIN, 100)
    assert all([(await kit.visitor().get(PAGE)).status != 404 for kit in kits])
    assert (await chosen.visitor().get(PAGE)).status == 404, "whoever chose is not experimented with"
    owner = await kits[0].sign_in("owner")
    assert "tries it here" in (await owner.get(f"/admin/plugins/{PLUGIN}")).text
    assert await canary.end_trial(PLUGIN, "enough")
    assert not await canary.end_trial(PLUGIN, "enough")
    assert (await kits[0].visitor().get(PAGE)).status == 404


async def test_too_many_errors_take_it_back(
    tenant: TenantKit, greenroom: Greenroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await canary.start_trial(PLUGIN, 100, max_error_percent=20, least_requests=5)
    member = await tenant.sign_in()
    for _ in range(8):
        assert (await member.get(PAGE)).status == 200
    await trials.flush()
    assert PLUGIN in snapshot_of(greenroom, tenant).effective
    endpoint = next(e for e in greenroom.app[_endpoints()].values() if e.plugin == PLUGIN)
    for _ in range(4):
        trials.note(snapshot_of(greenroom, tenant), endpoint, 500)
    await trials.flush()
    assert PLUGIN not in snapshot_of(greenroom, tenant).effective
    assert (await member.get(PAGE)).status == 404
    (trial,) = await canary.trials()
    assert (trial.state, trial.requests, trial.errors) == ("rolled_back", 12, 4)
    assert trial.reason == "4 of 12 requests failed; 20 % were allowed"
    with tenant.scope():
        rows = await sql(
            "SELECT data->>'reason' AS reason FROM kernel_event WHERE tenant_id = $1"
            " AND name = 'kernel.plugin_switched.v1' AND data->>'key' = $2 ORDER BY occurred_at",
            tenant.ref.id, PLUGIN,
        )  # fmt: skip
    assert [row.reason for row in rows][-1] == trial.reason


def _endpoints():  # type: ignore[no-untyped-def]
    from kernel.web.routing import ENDPOINTS

    return ENDPOINTS


async def test_odd_trials_are_refused(greenroom: Greenroom) -> None:
    with pytest.raises(NotFound):
        await canary.start_trial("nope", 5)
    for numbers in ({"percent": 0}, {"percent": 101}, {"percent": 5, "max_error_percent": 100}):
        with pytest.raises(Invalid):
            await canary.start_trial(PLUGIN, **numbers)


async def test_without_a_trial_nothing_is_counted(tenant: TenantKit, greenroom: Greenroom) -> None:
    await switch(tenant.ref, PLUGIN, True, reason="we want it")
    await canary.start_trial(PLUGIN, 100)
    member = await tenant.sign_in()
    assert (await member.get(PAGE)).status == 200
    assert trials._seen == {}, "who chose for themselves is not counted"
