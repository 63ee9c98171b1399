"""Whatever colour a tenant chooses, its pages can be read."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from plugins.theming.palette import FONTS, audit, contrast, is_colour, oklch, palette, theme_css

DEFAULT = "#4f46e5"
ODD = ("#000000", "#ffffff", "#888888", "#ffc400", "#ffff00", "#7cff00", "#0000ff", "#ff0000", "#10b981", "#0f766e")
_HERE = Path(__file__).resolve()
_SHEET = _HERE.parents[3] / "kernel" / "web" / "static" / "css" / "theme-default.css"


def test_three_hundred_brands_have_no_unreadable_pair() -> None:
    dice = random.Random(20261124)
    brands = [f"#{dice.randrange(1 << 24):06x}" for _ in range(300)]
    found = {brand: findings for brand in brands if (findings := audit(brand))}
    assert found == {}


@pytest.mark.parametrize("brand", ODD)
def test_extreme_brands_have_no_unreadable_pair(brand: str) -> None:
    assert audit(brand) == []


def test_a_brand_that_carries_white_words_keeps_its_exact_colour() -> None:
    tokens = palette(DEFAULT)
    assert tokens["accent"][0] == DEFAULT
    assert tokens["on-accent"] == ("#ffffff", "#ffffff")


def test_a_bright_brand_keeps_its_colour_under_dark_words() -> None:
    tokens = palette("#ffc400")
    assert tokens["accent"] == ("#ffc400", "#ffc400")
    assert tokens["on-accent"][0] == "#101114"


def test_a_middling_brand_is_darkened_until_white_words_can_be_read() -> None:
    accent = palette("#10b981")["accent"][0]
    assert accent != "#10b981"
    assert contrast(accent, "#ffffff") >= 4.5
    assert abs(oklch(accent)[2] - oklch("#10b981")[2]) < 5


def test_status_colours_do_not_follow_the_brand() -> None:
    for name in ("ok", "bad"):
        hues = [oklch(palette(brand)[name][0])[2] for brand in ("#e11d48", "#16a34a", "#2563eb")]
        assert max(hues) - min(hues) < 8


def test_the_sheet_holds_one_pair_for_each_token_and_nothing_else() -> None:
    sheet = theme_css("#0f766e", 14, "serif")
    assert sheet.startswith("@layer theme {")
    assert len(re.findall(r"--[\w-]+: light-dark\(#[0-9a-f]{6}, #[0-9a-f]{6}\);", sheet)) == len(palette("#0f766e"))
    assert "--radius: 14px;" in sheet
    assert FONTS["serif"] in sheet


def test_the_sheet_is_the_same_each_time() -> None:
    assert theme_css("#ABCDEF".lower()) == theme_css("#abcdef")


@pytest.mark.parametrize(
    ("brand", "radius", "font"),
    [
        ("red", 8, "inter"),
        ("#fff", 8, "inter"),
        ("#12345g", 8, "inter"),
        ("#123456;}", 8, "inter"),
        (DEFAULT, -1, "inter"),
        (DEFAULT, 17, "inter"),
        (DEFAULT, 8, "comic"),
    ],
)
def test_what_is_not_a_choice_is_refused(brand: str, radius: int, font: str) -> None:
    with pytest.raises(ValueError, match=r"colour|radius|font"):
        theme_css(brand, radius, font)


def test_colours_are_six_hex_digits() -> None:
    assert is_colour("#4f46e5")
    assert is_colour("#4F46E5")
    assert not is_colour("4f46e5")
    assert not is_colour("#4f46e5\n")


def test_the_default_sheet_is_what_the_palette_makes_of_the_default_brand() -> None:
    text = _SHEET.read_text(encoding="utf-8")
    assert theme_css(DEFAULT) in text
