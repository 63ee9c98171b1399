"""Reactions to other plugins' events: each is counted."""

from __future__ import annotations

from kernel import Happened, Subscriber

from . import services
from .counting import EVENTS


async def count(event: Happened) -> None:
    await services.count(event)


SUBSCRIBERS = [Subscriber(event=name, handler=count) for name in EVENTS]
