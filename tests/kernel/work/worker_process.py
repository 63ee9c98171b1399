"""A worker in a process of its own, to be killed: `python -m tests.kernel.work.worker_process <dsn> <folder>`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from kernel.base.contract import Job
from kernel.engines.connection import open_database
from kernel.work.worker import Worker, make_broker

from .world import make_registry, running

FOLDER = Path(sys.argv[2] if len(sys.argv) > 2 else ".")


async def slow(folder: str) -> None:
    """Hangs at the first attempt, in whichever process; finishes at the second."""
    attempts = Path(folder) / "attempts"
    with attempts.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if len(attempts.read_text().split()) == 1:
        await asyncio.sleep(60)
    (Path(folder) / "finished").write_text(str(os.getpid()))


REGISTRY = make_registry(jobs=(Job(name="alpha.slow", func=slow),))


async def main(dsn: str) -> None:
    await open_database(dsn, {"kernel": ["kernel.work.models"]})
    with running(REGISTRY):
        await Worker(make_broker(lease=1.5, beat=0.4), upkeep=0.3, scheduling=False).start()
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
