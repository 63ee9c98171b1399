"""Reactions to other plugins' events."""

from __future__ import annotations

from uuid import UUID

from kernel import Happened, Subscriber

from .services import exchanges


async def session_ended(happened: Happened) -> None:
    """A session took place and is over: both sides may write."""
    await exchanges.session_ended(UUID(happened.data["booking_id"]), int(happened.data.get("seconds", 0)))


SUBSCRIBERS = [Subscriber(event="live.session_ended.v1", handler=session_ended)]
