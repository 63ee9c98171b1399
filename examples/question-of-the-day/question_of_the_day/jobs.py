"""Work outside a request: thin, each says only which use case to run."""

from __future__ import annotations

from kernel import Job

from . import services


async def ask() -> None:
    await services.ask(services.today())


#: At seven in the morning, on the tenant's own clock.
JOBS = [Job(name="question_of_the_day.ask", func=ask, cron="0 7 * * *")]
