"""Cold start and weight: CPU to the first answer, memory after 1,000 requests, imports (`python bench/boot.py`).

G4: memory <= 1/3 of pretix' 313 MB (moonshot 1/4). G5: CPU to the first answer with the schema in place <= 1/3 of
pretix' 4.5 s (1/5). G6: schema and demo seed from nothing <= 1/20 of pretix' 149 s (1/100). The figures of pretix were
taken on the same kind of machine; ours ÷ the bare base stack is the ratio to watch on another.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench._common import cpu, drive, resident  # noqa: E402

PRETIX = {"memory": 313.0, "boot": 4.5, "schema": 149.0}
BASE = "import aiohttp.web, aiohttp_jinja2, asyncpg, tortoise, taskiq, pluggy, pydantic, babel, uvloop"
HEAVY = (
    "stripe",
    "aiortc",
    "av",
    "numpy",
    "aiobotocore",
    "botocore",
    "opentelemetry",
    "PIL",
    "icalendar",
    "aiosmtplib",
)
#: As on every machine but a developer's: compiled modules are kept. Without them a start costs a second more.
ENV = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
LOADED = """
import sys
from kernel.app import installed
from kernel.base.config import load_config
installed(load_config(mode="test"))
print(" ".join(m for m in {heavy!r} if m in sys.modules))"""


def spent(code: str) -> float:
    """CPU seconds of `python -c code`, best of three."""
    best = 1e9
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=ENV, stdout=subprocess.DEVNULL)
        after = os.times()
        best = min(best, after.children_user + after.children_system - before.children_user - before.children_system)
    return best


async def demo(folder: Path, port: int) -> tuple[subprocess.Popen[bytes], float, float]:
    """Start a demo; its process, CPU and wall seconds to the first answer."""
    began = time.monotonic()
    log = (folder / "log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "kernel", "demo", "--port", str(port), "--data", str(folder / "data")],
        cwd=ROOT, stdout=log, stderr=log, env=ENV,
    )  # fmt: skip
    while True:
        if process.poll() is not None:
            raise SystemExit((folder / "log").read_text())
        try:
            await drive(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 1, connections=1)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        return process, cpu(process.pid), time.monotonic() - began


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(20)


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gr-") as name:
        folder, port = Path(name), 8000 + os.getpid() % 1000
        process, seeded, wall = await demo(folder, port)
        stop(process)
        ratio = PRETIX["schema"] / seeded
        print(
            f"G6  schema and seed from nothing  {seeded:6.2f} s CPU ({wall:.1f} s)  1/{ratio:.0f} of pretix (goal 1/20)"
        )
        process, boot, wall = await demo(folder, port)
        try:
            await drive(port, b"GET /sign-in HTTP/1.1\r\nHost: acme.localhost\r\n\r\n", 1000, connections=2)
            memory = resident(process.pid)
        finally:
            stop(process)
    base = spent(BASE)
    ratio, lighter = PRETIX["boot"] / boot, PRETIX["memory"] / memory
    print(f"G5  boot to the first answer       {boot:6.2f} s CPU ({wall:.1f} s)   1/{ratio:.1f} of pretix (goal 1/3)")
    print(f"    the base stack's imports alone {base:6.2f} s CPU            {boot / base:.1f}x")
    print(f"G4  memory after 1,000 requests    {memory:6.0f} MB               1/{lighter:.1f} of pretix (goal 1/3)")
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED.format(heavy=HEAVY)], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    print(f"    heavy modules loaded with every plugin: {', '.join(loaded) or 'none'}")


if __name__ == "__main__":
    asyncio.run(main())
