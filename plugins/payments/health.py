"""Whether money can be taken in earnest."""

from __future__ import annotations

from kernel import HealthCheck

from .gateways import DEFAULT
from .gateways.sandbox import SANDBOX


async def real_gateway() -> str | None:
    """The built-in provider approves test cards: with it, people book paid sessions without paying."""
    if DEFAULT is SANDBOX:
        return "The sandbox takes the payments: sessions are booked as paid, and no money comes."
    return None


HEALTH = [
    HealthCheck(
        name="gateway",
        check=real_gateway,
        mend="Add a plugin that provides payments.PaymentGateway, or switch payments off for tenants that take money.",
    )
]
