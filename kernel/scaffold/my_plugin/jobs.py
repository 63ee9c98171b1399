"""Work outside a request: thin, each says only which use case to run."""

from __future__ import annotations

from kernel import Job, get_logger

from . import services

log = get_logger(__name__)


async def remove_old() -> None:
    if gone := await services.remove_old_notes():
        log.info("removed %s old notes", gone)


#: Every night at three, on the tenant's own clock.
JOBS = [Job(name="my_plugin.remove_old", func=remove_old, cron="0 3 * * *")]
