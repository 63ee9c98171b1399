from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kernel.work.cron import parse, previous

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "when", "expected"),
    [
        ("*/15 * * * *", "2026-05-04T10:29:59", "2026-05-04T10:15:00"),
        ("0 9 * * mon-fri", "2026-05-03T12:00:00", "2026-05-01T07:00:00"),  # Sunday -> Friday, summer time
        ("0 9 * * 1-5", "2026-01-05T08:00:00", "2026-01-05T08:00:00"),  # the very minute, winter time
        ("0 0 1 jan *", "2026-05-03T12:00:00", "2025-12-31T23:00:00"),
        ("0 0 29 2 *", "2026-05-03T12:00:00", "2024-02-28T23:00:00"),
        ("0 12 13 * fri", "2026-05-14T12:00:00", "2026-05-13T10:00:00"),  # either day field is enough
        ("5,35 8-10/2 * * 7", "2026-05-04T00:00:00", "2026-05-03T08:35:00"),
        ("30 2 * * *", "2026-03-29T12:00:00", "2026-03-29T01:00:00"),  # skipped by clocks: end of the gap
        ("30 2 * * *", "2026-10-25T12:00:00", "2026-10-25T00:30:00"),  # repeated: the first
        ("30 2 * * *", "2026-10-25T01:45:00", "2026-10-25T00:30:00"),  # and not again
    ],
)
def test_previous(expression: str, when: str, expected: str) -> None:
    assert previous(expression, at(when), BERLIN) == at(expected)


def test_never() -> None:
    assert previous("0 0 30 2 *", at("2026-05-03T12:00:00"), "UTC") is None


@pytest.mark.parametrize("bad", ["", "* * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "x * * * *"])
def test_nonsense_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="cron"):
        parse(bad)
