"""Translations: nothing is missing, and every catalogue counts as its language does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.plurals import get_plural

from kernel.base.i18n import Catalogs

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted([ROOT / "kernel" / "locales", *ROOT.glob("plugins/*/locales")])
ORDER = {"de": ("one", "other"), "ar": ("zero", "one", "two", "few", "many", "other")}


def test_every_message_is_translated() -> None:
    done = subprocess.run([sys.executable, "tools/catalogs.py", "check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("language", ORDER)
def test_plurals_follow_the_rule_of_the_language(language: str) -> None:
    """Unicode's rule is the measure; the rule that Babel writes into a new Arabic catalogue is another one."""
    assert get_plural(language)[0] == len(ORDER[language])
    category = Locale.parse(language).plural_form
    for folder in FOLDERS:
        catalog = Catalogs([folder]).of(language)
        for n in (*range(0, 30), 99, 100, 101, 102, 103, 110, 111, 199, 200, 1000):
            assert ORDER[language][catalog.plural(n)] == category(n), (folder, n)  # type: ignore[attr-defined]
