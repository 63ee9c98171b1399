"""Messages, tenant's words, numbers and dates in three languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kernel.base import i18n
from kernel.base.clock import now
from kernel.base.context import speaking
from kernel.base.contract import Money

PO = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Save"
msgstr "Speichern"

msgid "{n} file"
msgid_plural "{n} files"
msgstr[0] "{n} Datei"
msgstr[1] "{n} Dateien"
"""


@pytest.fixture
def german(tmp_path: Path):
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(PO, encoding="utf-8")
    before = i18n._catalogs
    i18n.use_catalogs(i18n.Catalogs([tmp_path]))
    yield
    i18n.use_catalogs(before)


def test_messages_speak_the_language_in_scope(german: None) -> None:
    assert i18n.gettext("Save") == "Save"
    with speaking("de", "UTC"):
        assert i18n.gettext("Save") == "Speichern"
        assert i18n.gettext("Unknown") == "Unknown"
        assert [i18n.ngettext("{n} file", "{n} files", n) for n in (1, 2)] == ["{n} Datei", "{n} Dateien"]


def test_a_tenant_may_use_its_own_words(german: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_rewriter", lambda locale, text: text.replace("Speichern", "Sichern"))
    with speaking("de", "UTC"):
        assert i18n.gettext("Save") == "Sichern"


def test_dates_follow_language_and_zone() -> None:
    at = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    with speaking("en", "America/New_York"):
        assert i18n.format_datetime(at, "full") == "Tue, 24 Nov 2026, 18:30 (New York)"
    with speaking("de", "Europe/Berlin"):
        assert i18n.format_datetime(at) == "Mi., 25. Nov. 2026, 00:30"
    with speaking("ar", "UTC"):
        assert "نوفمبر" in i18n.format_date(at)


def test_what_is_left_has_no_direction() -> None:
    """It follows words such as "opens in"."""
    with speaking("en", "UTC"):
        assert i18n.time_left(now() + timedelta(days=3, minutes=1)) == "3 days"
        assert i18n.time_left(now() - timedelta(days=3)) == "0 seconds"
    with speaking("de", "UTC"):
        assert i18n.time_left(now() + timedelta(minutes=12, seconds=20)) == "12 Minuten"


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(9500, "EUR", "€95"), (9550, "EUR", "€95.50"), (5, "EUR", "€0.05"), (1000, "KWD", "KWD1"), (500, "JPY", "JP¥500")],
)
def test_money_follows_its_currency(minor: int, currency: str, text: str) -> None:
    with speaking("en", "UTC"):
        assert i18n.format_money(minor, currency) == text
        assert i18n.format_money(Money(minor, currency)) == text


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, en;q=0.1", "en"),
        ("fr", None),
        ("de;q=0, en", "en"),
        ("\x00,;q=x" * 200, None),
        ("", None),
    ],
)
def test_accept_language_never_raises(header: str, found: str | None) -> None:
    assert i18n.negotiate(header, ["en", "de", "ar"]) == found


def test_arabic_is_written_from_the_right() -> None:
    assert [i18n.is_rtl(code) for code in i18n.LOCALES] == [False, False, True]
