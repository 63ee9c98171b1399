"""The shared timer and the limits of a connection, without clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plugins.live.hub.limits import ALLOWANCES, Limits
from plugins.live.tools.timer import LONGEST, SHORTEST, StaleTimer, Timer

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_start_pause_go_on_reset() -> None:
    timer = Timer.of(600).changed("start", 1, NOW)
    assert timer.running
    assert timer.left(later(30)) == 570_000
    paused = timer.changed("pause", 2, later(30.5))
    assert (paused.running, paused.left(later(500))) == (False, 569_500)
    again = paused.changed("start", 3, later(100))
    assert again.left(later(110)) == 559_500
    reset = again.changed("reset", 4, later(120))
    assert (reset.left_ms, reset.running, reset.version) == (600_000, False, 5)


def test_it_goes_below_zero_instead_of_stopping() -> None:
    assert Timer.of(60).changed("start", 1, NOW).left(later(75)) == -15_000


def test_a_stale_view_changes_nothing() -> None:
    timer = Timer.of(600).changed("start", 1, NOW)
    with pytest.raises(StaleTimer):
        timer.changed("pause", 1, later(5))


def test_pressing_twice_is_once() -> None:
    timer = Timer.of(600).changed("start", 1, NOW)
    assert timer.changed("start", 2, later(5)) is timer
    paused = timer.changed("pause", 2, later(5))
    assert paused.changed("pause", 3, later(9)) is paused


def test_lengths_are_kept_in_bounds() -> None:
    assert Timer.of(600).changed("reset", 1, NOW, 5).seconds == SHORTEST
    assert Timer.of(600).changed("reset", 1, NOW, 10**6).seconds == LONGEST


def test_wire_tells_the_server_clock_and_no_ticks() -> None:
    wire = Timer.of(600).changed("start", 1, NOW).wire(later(10))
    assert wire == {"seconds": 600, "left": 590_000, "running": True, "version": 2, "clock": 1795514410000}


def test_limits_allow_a_burst_then_a_rate() -> None:
    limits = Limits()
    burst = ALLOWANCES["chat"].burst
    assert all(limits.allow("chat", 100.0) for _ in range(burst))
    assert not limits.allow("chat", 100.0)
    assert limits.allow("signal", 100.0), "kinds do not share"
    assert limits.allow("chat", 101.0)
    assert not limits.allow("chat", 101.0)
    assert all(limits.allow("chat", 500.0) for _ in range(burst))
    assert not limits.allow("chat", 500.0), "never more than the burst, however long the pause"
