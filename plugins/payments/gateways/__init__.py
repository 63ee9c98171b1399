"""Providers of payments: the built-in sandbox, and whatever other plugins offer as payments.PaymentGateway."""

from __future__ import annotations

from kernel import services

from ..api import GatewayPayment, PaymentGateway
from ..models import Payment
from .sandbox import SANDBOX

#: Takes new payments. With a second provider this becomes a choice of the tenant.
DEFAULT: PaymentGateway = SANDBOX


def gateway_of(payment: Payment) -> PaymentGateway:
    """The provider that holds a payment; also while this plugin is off, since refunds still run to their end."""
    if payment.gateway == SANDBOX.name:
        return SANDBOX
    for found in services.every(PaymentGateway):
        if found.name == payment.gateway:
            return found
    raise LookupError(f"no provider of payments is called {payment.gateway!r}")


def as_seen(payment: Payment) -> GatewayPayment:
    """What a provider learns."""
    return GatewayPayment(
        id=payment.id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        description=payment.description,
        gateway_ref=payment.gateway_ref,
        return_url=payment.return_url,
        cancel_url=payment.cancel_url,
        expires_at=payment.expires_at,
    )
