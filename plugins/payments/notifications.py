"""Messages to people about money."""

from __future__ import annotations

from uuid import UUID

from kernel import N_, Happened, Money, Notice, NotificationType, Text, url

from .states import OWN_REASONS


async def receipt(event: Happened) -> list[Notice]:
    """The payer gets a receipt."""
    data = event.data
    return [
        Notice(
            key=f"payments.receipt:{data['payment_id']}",
            account_id=UUID(data["payer_id"]),
            subject=N_("Receipt: {amount} for {what}"),
            body=N_("We received your payment of {amount} for {what}.\n\nThe receipt is ready to be read and printed."),
            params={"amount": Money(data["amount_minor"], data["currency"]), "what": data.get("description", "")},
            action_label=N_("Open receipt"),
            action_url=url("payments.receipt", id=data["payment_id"]),
        )
    ]


async def refund(event: Happened) -> list[Notice]:
    """The payer learns what comes back, and why."""
    data = event.data
    reason = data["reason"]
    return [
        Notice(
            key=f"payments.refund:{event.id}",
            account_id=UUID(data["payer_id"]),
            subject=N_("Refund: {amount} for {what}"),
            body=N_("You get {amount} back for {what}. Reason: {reason}\n\nBanks need up to five working days for it."),
            params={
                "amount": Money(data["refund_minor"], data["currency"]),
                "what": data.get("description", ""),
                "reason": Text(reason) if reason in OWN_REASONS else reason,
            },
            action_label=N_("Open receipt"),
            action_url=url("payments.receipt", id=data["payment_id"]),
        )
    ]


async def released(event: Happened) -> list[Notice]:
    """The payee learns that earnings are available."""
    data = event.data
    return [
        Notice(
            key=f"payments.released:{data['payment_id']}",
            account_id=UUID(data["payee_id"]),
            subject=N_("{amount} of your earnings are available"),
            body=N_("The hold on {amount} is over. You find every line, and why, under Earnings."),
            params={"amount": Money(data["amount_minor"], data["currency"])},
            action_label=N_("Open earnings"),
            action_url=url("payments.earnings"),
        )
    ]


NOTIFICATION_TYPES = [
    NotificationType(
        id="payments.receipt",
        label=N_("Receipts for my payments"),
        event="payments.payment_succeeded.v1",
        compose=receipt,
        critical=True,
    ),
    NotificationType(
        id="payments.refund",
        label=N_("Refunds to me"),
        event="payments.payment_refunded.v1",
        compose=refund,
        critical=True,
    ),
    NotificationType(
        id="payments.released",
        label=N_("Earnings become available"),
        event="payments.earnings_released.v1",
        compose=released,
        channels=("inapp",),
    ),
]
