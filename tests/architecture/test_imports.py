"""What a process need not have: heavy libraries are imported where they are used, not at the start."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: By tens of MB or tenths of a second each; Redis, name servers, cards, media, pictures, traces, S3.
HEAVY = (
    "PIL",
    "aiobotocore",
    "aiortc",
    "av",
    "botocore",
    "dns",
    "duckdb",
    "icalendar",
    "markdown_it",
    "numpy",
    "opentelemetry",
    "polars",
    "recurring_ical_events",
    "redis",
    "stripe",
)
SCRIPT = """
import sys
from kernel.app import installed
from kernel.base.config import load_config
registry = installed(load_config(mode="test"))
assert len(registry.ready) > 5, registry.ready
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.slow
def test_a_start_with_every_plugin_loads_nothing_heavy() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    loaded = set(ran.stdout.split())
    assert "aiohttp" in loaded
    assert not loaded & set(HEAVY)
