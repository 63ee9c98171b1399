"""What the benches share: a server in a process of its own, driven over keep-alive connections, weighed in CPU time."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(pid: int) -> float:
    """MB of memory in use."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def drive(
    port: int, request: bytes, count: int, *, connections: int = 8, expect: bytes = b" 200 "
) -> list[float]:
    """Send `count` requests over a few connections; seconds of each. Raises on any other status."""
    taken: list[float] = []

    async def one(share: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(share):
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if expect not in head[:20]:
                raise AssertionError(head)
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            if length:
                await reader.readexactly(length)
            taken.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one(count // connections) for _ in range(connections)))
    return taken


async def alternate(variants: dict[str, Callable[[], Awaitable[float]]], rounds: int = 5) -> dict[str, float]:
    """The best round of each variant, taken in turn so that all meet the same noise."""
    found: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, work in variants.items():
            found[name].append(await work())
    return {name: min(values) for name, values in found.items()}


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]
