"""Notices that follow from events: the plugin that declares the type composes them, a NoticeSink delivers."""

from __future__ import annotations

from ..base.contract import Happened, JobFunction, NoticeSink, NotificationType
from ..engines.connection import unit_of_work
from . import services

NOTICE_ATTEMPTS = 8


def notice_job(plugin: str, kind: NotificationType) -> str:
    """The name of the job that composes the notices of one type."""
    return f"{plugin}.notice:{kind.id}"


def composer(kind: NotificationType) -> JobFunction:
    """What such a job does. Delivered at least once, so a Notice's `key` has to come from the event."""

    async def compose(happened: Happened) -> None:
        sink = services.get(NoticeSink)
        if sink is None or kind.compose is None:
            return
        notices = await kind.compose(happened)
        if notices:
            async with unit_of_work():
                await sink.deliver(kind.id, notices)

    return compose
