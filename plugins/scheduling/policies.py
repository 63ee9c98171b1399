"""What cancelling and moving cost. A booking carries a copy of its policy, so later changes do not touch it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from kernel import N_, _, ngettext

#: `tiers`: (hours before the start, percent back), the longest first; what comes later than all of them gives 0.
#: `move_hours`: until when the candidate may move it; `moves`: how often.
POLICIES: Final[dict[str, dict[str, Any]]] = {
    "flexible": {"key": "flexible", "version": 1, "tiers": [[2, 100]], "move_hours": 1, "moves": 5},
    "moderate": {"key": "moderate", "version": 1, "tiers": [[24, 100], [2, 50]], "move_hours": 4, "moves": 3},
    "strict": {"key": "strict", "version": 1, "tiers": [[72, 100], [24, 50]], "move_hours": 24, "moves": 1},
}
LABELS: Final[dict[str, str]] = {
    "flexible": N_("Flexible: all back until 2 hours before"),
    "moderate": N_("Moderate: all back until 24 hours before, half until 2 hours before"),
    "strict": N_("Strict: all back until 3 days before, half until 1 day before"),
}


@dataclass(frozen=True, slots=True)
class Refund:
    """What cancelling now gives back."""

    percent: int
    minor: int


def snapshot(key: str) -> dict[str, Any]:
    """The copy for a new booking."""
    return {**POLICIES.get(key, POLICIES["moderate"])}


def refund(policy: Mapping[str, Any], price_minor: int, starts_at: datetime, at: datetime, by: str) -> Refund:
    """Whoever else calls it off, the candidate gets everything; the candidate gets what the tiers say."""
    percent = 100 if by != "candidate" else _percent(policy, starts_at - at)
    share = Decimal(price_minor) * percent / 100
    return Refund(percent, int(share.quantize(Decimal(1), ROUND_HALF_UP)))


def _percent(policy: Mapping[str, Any], notice: timedelta) -> int:
    for hours, percent in sorted(policy.get("tiers", ()), reverse=True):
        if notice >= timedelta(hours=hours):
            return int(percent)
    return 0


def why_not_moved(policy: Mapping[str, Any], moves: int, starts_at: datetime, at: datetime) -> str:
    """Why the candidate may not move it any more, for people; '' when they may."""
    limit, hours = int(policy.get("moves", 3)), int(policy.get("move_hours", 0))
    if moves >= limit:
        return ngettext(
            "This session was already moved %(n)s time, which is the most.",
            "This session was already moved %(n)s times, which is the most.",
            limit,
        ) % {"n": limit}
    if starts_at - at < timedelta(hours=hours):
        return ngettext(
            "A session can be moved until %(n)s hour before it starts.",
            "A session can be moved until %(n)s hours before it starts.",
            hours,
        ) % {"n": hours}
    return ""


def sentences(policy: Mapping[str, Any]) -> list[str]:
    """The refund rule in words, one sentence a tier."""
    said = [_tier(int(hours), int(percent)) for hours, percent in sorted(policy.get("tiers", ()), reverse=True)]
    return [*said, _("Nothing is refunded after that.")] if said else [_("Nothing is refunded.")]


def short(policy: Mapping[str, Any]) -> str:
    """The first tier, for beside the price."""
    tiers = sorted(policy.get("tiers", ()), reverse=True)
    if not tiers:
        return _("Not refundable")
    hours = int(tiers[0][0])
    return ngettext(
        "Free cancellation until %(n)s hour before", "Free cancellation until %(n)s hours before", hours
    ) % {"n": hours}


def _tier(hours: int, percent: int) -> str:
    if percent >= 100:
        return ngettext(
            "Full refund if you cancel at least %(n)s hour before the start.",
            "Full refund if you cancel at least %(n)s hours before the start.",
            hours,
        ) % {"n": hours}
    text = ngettext(
        "%(percent)s %% back if you cancel at least %(n)s hour before the start.",
        "%(percent)s %% back if you cancel at least %(n)s hours before the start.",
        hours,
    )
    return text % {"n": hours, "percent": percent}


def refund_of(booking: Any) -> int:
    """What a cancelled booking gave back, by the percent that was written then."""
    share = Decimal(booking.price_minor) * (booking.refund_percent or 0) / 100
    return int(share.quantize(Decimal(1), ROUND_HALF_UP))
