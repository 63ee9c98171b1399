"""Filters, services and the breaker: how plugins meet without hurting each other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar, Protocol

import pytest

from kernel.base.clock import shifted_by
from kernel.base.context import tenant_scope
from kernel.base.contract import FilterStep, Service
from kernel.base.errors import Unavailable
from kernel.work import filters, isolation, services
from kernel.work.faults import LIMIT, describe, masked
from kernel.work.filters import Filter, Stop, apply
from kernel.work.isolation import forgive, guarded, troubles

from .world import ACME, BOLT, make_registry, running


@dataclass(frozen=True, slots=True)
class PriceAsked(Filter):
    name: ClassVar[str] = "beta.price_asked.v1"
    minor: int


@pytest.fixture(autouse=True)
def _no_troubles() -> None:
    forgive()


def step(function: Any, order: int = 50) -> FilterStep:
    return FilterStep(filter="beta.price_asked.v1", step=function, order=order)


async def double(price: PriceAsked) -> PriceAsked:
    return replace(price, minor=price.minor * 2)


async def add_one(price: PriceAsked) -> PriceAsked:
    return replace(price, minor=price.minor + 1)


async def forbid(price: PriceAsked) -> PriceAsked:
    raise Stop("Not today.", code="closed")


async def explode(price: PriceAsked) -> PriceAsked:
    raise RuntimeError("token=abc123")


async def dawdle(price: PriceAsked) -> PriceAsked:
    await asyncio.sleep(30)
    return price


async def mistake(price: PriceAsked) -> int:
    return 1


async def test_steps_run_in_order_of_effective_plugins() -> None:
    registry = make_registry(filters=(step(add_one, 90), step(double, 10)))
    with running(registry) as snapshots, tenant_scope(ACME):
        assert await apply(PriceAsked(5)) == PriceAsked(11)
        snapshots.put(ACME, "beta")
        assert await apply(PriceAsked(5)) == PriceAsked(5)


async def test_stop_ends_it_with_its_message() -> None:
    with running(make_registry(filters=(step(forbid, 10), step(double, 20)))), tenant_scope(ACME):
        for _ in range(10):  # an answer, however often, is not a fault
            with pytest.raises(Stop, match=r"Not today\.") as caught:
                await apply(PriceAsked(5))
    assert caught.value.code == "closed"
    assert troubles() == []


async def test_broken_slow_and_mistaken_steps_are_skipped_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "STEP_TIMEOUT", 0.05)
    for bad, said in ((explode, "RuntimeError"), (dawdle, "took longer than 0.05 s"), (mistake, "returned int")):
        forgive()
        with running(make_registry(filters=(step(bad, 10), step(add_one, 20)))), tenant_scope(ACME):
            assert await apply(PriceAsked(5)) == PriceAsked(6)
        [trouble] = troubles()
        assert (trouble.plugin, trouble.tenant_id) == ("alpha", ACME.id)
        assert said in trouble.last_error
        assert "abc123" not in trouble.last_error


async def test_the_breaker_opens_for_one_tenant_and_part_and_closes_again() -> None:
    calls = 0

    async def bad() -> str:
        nonlocal calls
        calls += 1
        raise OSError("down")

    async def good() -> str:
        return "well"

    with tenant_scope(ACME):
        for _ in range(7):
            assert await guarded("alpha", "widget x", bad(), 1, default="nothing") == "nothing"
        assert calls == isolation.ERRORS
        assert await guarded("alpha", "widget x", good(), 1) is None
        assert await guarded("alpha", "widget y", good(), 1) == "well"
    with tenant_scope(BOLT):
        assert await guarded("alpha", "widget x", good(), 1) == "well"
    [trouble] = troubles(ACME.id)
    assert trouble.open_until is not None
    with shifted_by(timedelta(seconds=61)), tenant_scope(ACME):
        assert await guarded("alpha", "widget x", good(), 1) == "well"
        assert troubles()[0].open_until is None


async def test_errors_far_apart_do_not_open_the_breaker() -> None:
    async def bad() -> None:
        raise OSError("down")

    with tenant_scope(ACME):
        for minute in range(8):
            with shifted_by(timedelta(seconds=20 * minute)):
                await guarded("alpha", "x", bad(), 1)
                assert not isolation.is_open("alpha", "x")


async def test_our_own_cancellation_goes_through() -> None:
    task = asyncio.create_task(guarded("alpha", "x", asyncio.sleep(30), 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert troubles() == []


class Greeter(Protocol):
    def greet(self) -> str: ...


class German:
    def greet(self) -> str:
        return "Hallo"


async def test_services_by_protocol_by_name_and_not_when_off() -> None:
    provider = German()
    registry = make_registry(services=(Service(protocol=Greeter, provider=provider),))
    with running(registry) as snapshots, tenant_scope(ACME):
        assert services.get(Greeter) is provider
        assert services.get("alpha.Greeter") is provider
        assert services.need(Greeter).greet() == "Hallo"
        assert services.every(Greeter) == (provider,)
        snapshots.put(ACME, "beta")
        assert services.get(Greeter) is None
        assert services.every("alpha.Greeter") == ()
        with pytest.raises(Unavailable):
            services.need("alpha.Greeter")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://app:s3cret@db/x",
        "Authorization: Bearer s3cret99",
        'api_key="s3cret"',
        "password = s3cret",
        "{'access_token': 's3cret'}",
        "sk_live_s3cret99",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    assert "s3cret" not in masked(text)


def test_long_tracebacks_keep_their_end() -> None:
    text = describe(ValueError("ü" * 9000 + " the end"))
    assert len(text.encode()) <= LIMIT
    assert text.endswith("the end\n")
