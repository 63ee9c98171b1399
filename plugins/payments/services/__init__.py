"""Use cases; the only writers of this plugin's rows."""

from __future__ import annotations

from .checkout import CHECKOUT, answer_bank, apply_result, close, close_open, expire, give_up, pay, reconcile, start
from .earnings import hand_over, release, schedule_release, share_left
from .refunds import RefundOrder, lower_price, open_refund, refund_reference, settle_refund

__all__ = [
    "CHECKOUT",
    "RefundOrder",
    "answer_bank",
    "apply_result",
    "close",
    "close_open",
    "expire",
    "give_up",
    "hand_over",
    "lower_price",
    "open_refund",
    "pay",
    "reconcile",
    "refund_reference",
    "release",
    "schedule_release",
    "settle_refund",
    "share_left",
    "start",
]
