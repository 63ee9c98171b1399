"""Packages and series: sessions that were paid for beforehand. Whoever sells them provides `payments.Entitlements`.

What is asked of it:
    async def sessions(account_id, type_id) -> list[(key, left, title)]     what could be used for this type
    async def use(key, account_id, reference_id) -> bool                    take one; again for the same reference: True
    async def give_back(key, account_id, reference_id) -> None              the session was called off in time
    async def practice(account_id) -> tuple[per_day, per_week, per_month] | None    another quota than the settings'
`use` and `give_back` join the open transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kernel import services, setting

SERVICE = "payments.Entitlements"


@dataclass(frozen=True, slots=True)
class Credit:
    """`left` sessions of a package that this type can be booked with."""

    key: str
    left: int
    title: str


async def credits(account_id: UUID, type_id: UUID) -> list[Credit]:
    """What somebody has left for this type; nothing when nobody sells packages."""
    provider = services.get(SERVICE)
    if provider is None:
        return []
    return [Credit(*entry) for entry in await provider.sessions(account_id, type_id) if entry[1] > 0]


async def offered(account_id: UUID, type_id: UUID) -> str:
    """The package that would be used first, or ''."""
    found = await credits(account_id, type_id)
    return found[0].key if found else ""


async def use(key: str, account_id: UUID, booking_id: UUID) -> bool:
    """Take one session of a package. False when there is none left."""
    provider = services.get(SERVICE)
    return bool(provider is not None and await provider.use(key, account_id, booking_id))


async def give_back(key: str, account_id: UUID, booking_id: UUID) -> None:
    """A session that was called off in time counts again."""
    provider = services.get(SERVICE)
    if key and provider is not None:
        await provider.give_back(key, account_id, booking_id)


async def practice_quota(account_id: UUID) -> tuple[int, int, int]:
    """Practice sessions a day, a week and a month that somebody may have."""
    provider = services.get(SERVICE)
    own: tuple[int, int, int] | None = await provider.practice(account_id) if provider is not None else None
    if own is not None:
        return own
    day, week, month = (int(setting(f"scheduling.practice_per_{unit}")) for unit in ("day", "week", "month"))
    return day, week, month
