"""A tenant's colours: one brand colour in, a light and dark set out in which every pair can be read.

All work is done in OKLCH (Björn Ottosson's Oklab in polar form), where lightness is what the eye sees: a colour
is moved in lightness until it beats its backgrounds, and loses chroma, never hue, to stay within sRGB.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

#: Light and dark value of one token, as hex.
Pair = tuple[str, str]
_Linear = tuple[float, float, float]

#: Font choices of a tenant; every one ends in a family that each device has.
FONTS: Final[Mapping[str, str]] = {
    "inter": '"Inter Variable", ui-sans-serif, system-ui, sans-serif',
    "system": "ui-sans-serif, system-ui, sans-serif",
    "serif": 'Charter, "Bitstream Charter", "Sitka Text", Cambria, serif',
    "rounded": 'ui-rounded, "Hiragino Maru Gothic ProN", Quicksand, Nunito, system-ui, sans-serif',
}
MAX_RADIUS: Final = 16

#: Fixed hues: a red brand must not turn "saved" red.
STATUS: Final[Mapping[str, float]] = {"ok": 152, "warn": 75, "bad": 25, "info": 245}
#: Chart colours go round from the brand's hue.
_CHART_TURNS: Final = (0, 150, 290, 60, 215, 330)
_INK: Final = "#101114"
_TINT: Final = 0.0038
_GREY_HUE: Final = 260.0
_GREY_BELOW: Final = 0.02
#: WCAG asks for 4.5 and 3; a little more leaves room for rounding.
_TEXT: Final = 4.6
_SHAPE: Final = 3.1
_HEX = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Finding:
    """A pair that cannot be told apart well enough."""

    mode: str
    front: str
    back: str
    ratio: float
    wanted: float


def is_colour(text: str) -> bool:
    """Whether `text` is a colour this module takes: `#rrggbb`."""
    return _HEX.fullmatch(text.lower()) is not None


# --- colour spaces -------------------------------------------------------------------------------------------------


def _linear(colour: str) -> _Linear:
    if not is_colour(colour):
        raise ValueError(f"not a colour such as #4f46e5: {colour!r}")
    r, g, b = (_from_gamma(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return r, g, b


def _from_gamma(c: float) -> float:
    return c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4)


def _to_gamma(c: float) -> float:
    c = min(1.0, max(0.0, c))
    return 12.92 * c if c <= 0.0031308 else float(1.055 * c ** (1 / 2.4) - 0.055)


def oklch(colour: str) -> tuple[float, float, float]:
    """Lightness 0..1, chroma, and hue in degrees."""
    r, g, b = _linear(colour)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    green_red = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    blue_yellow = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(green_red, blue_yellow), math.degrees(math.atan2(blue_yellow, green_red)) % 360


def _oklch_to_linear(lightness: float, chroma: float, hue: float) -> _Linear:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _fits(colour: _Linear) -> bool:
    return all(-1e-4 <= c <= 1 + 1e-4 for c in colour)


def to_hex(lightness: float, chroma: float, hue: float) -> str:
    """The colour in sRGB; chroma is lowered until it fits, so lightness and hue hold."""
    if not _fits(_oklch_to_linear(lightness, chroma, hue)):
        low, high = 0.0, chroma
        for _step in range(18):
            middle = (low + high) / 2
            low, high = (middle, high) if _fits(_oklch_to_linear(lightness, middle, hue)) else (low, middle)
        chroma = low
    return "#" + "".join(f"{round(_to_gamma(c) * 255):02x}" for c in _oklch_to_linear(lightness, chroma, hue))


@lru_cache(maxsize=4096)
def _luminance(colour: str) -> float:
    r, g, b = _linear(colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


# --- the palette ---------------------------------------------------------------------------------------------------


def _seek(chroma: float, hue: float, against: Iterable[str], wanted: float, start: float, *, darker: bool) -> str:
    """Walk from lightness `start` until every background is beaten by `wanted`."""
    backs = tuple(against)
    lightness = start
    while 0 <= lightness <= 1:
        colour = to_hex(lightness, chroma, hue)
        if all(contrast(colour, back) >= wanted for back in backs):
            return colour
        lightness += -0.005 if darker else 0.005
    return "#000000" if darker else "#ffffff"


class _Maker:
    """Fills the tokens step by step; later ones stand on earlier ones."""

    def __init__(self, brand: str) -> None:
        self.brand = brand.lower()
        self.lightness, self.chroma, hue = oklch(self.brand)
        self.hue = hue if self.chroma > _GREY_BELOW else _GREY_HUE
        self.tokens: dict[str, Pair] = {}

    def make(self) -> dict[str, Pair]:
        self._neutrals()
        self._accent()
        self._status()
        for number, turn in enumerate(_CHART_TURNS, 1):
            self._text(f"c{number}", 0.15, self.hue + turn, ("surface",), _SHAPE, (0.62, 0.68))
        return self.tokens

    def _grey(self, light: float, dark: float, strength: float = 1.0) -> Pair:
        return (
            to_hex(light, _TINT * strength, self.hue),
            to_hex(dark, _TINT * 1.6 * strength, self.hue),
        )

    def _text(
        self, name: str, chroma: float, hue: float, backs: tuple[str, ...], wanted: float, start: tuple[float, float]
    ) -> None:
        """A token that must be seen on all of `backs`, in both modes."""
        light, dark = (
            _seek(chroma, hue % 360, [self.tokens[b][i] for b in backs], wanted, start[i], darker=i == 0)
            for i in (0, 1)
        )
        self.tokens[name] = (light, dark)

    def _neutrals(self) -> None:
        t = self.tokens
        t["bg"] = self._grey(0.985, 0.165)
        t["sunken"] = self._grey(0.962, 0.185, 1.2)
        t["surface"] = ("#ffffff", self._grey(1, 0.205)[1])
        t["raised"] = ("#ffffff", self._grey(1, 0.245, 1.06)[1])
        t["border"] = self._grey(0.912, 0.305, 1.4)
        t["border-strong"] = self._grey(0.63, 0.56, 1.6)
        t["text"] = self._grey(0.21, 0.955, 2)
        t["text-2"] = self._grey(0.44, 0.76, 2.4)
        self._text("text-3", _TINT * 2.5, self.hue, ("sunken", "bg", "surface", "raised"), _TEXT, (0.54, 0.62))

    def _accent(self) -> None:
        t = self.tokens
        (light, on_light), (dark, on_dark) = (
            self._fill(start) for start in (self.lightness, max(self.lightness, 0.58))
        )
        t["accent"], t["on-accent"] = (light, dark), (on_light, on_dark)
        t["accent-hover"] = (self._hover(light, on_light), self._hover(dark, on_dark))
        soft = (to_hex(0.955, min(self.chroma, 0.03), self.hue), to_hex(0.28, min(self.chroma, 0.05), self.hue))
        t["accent-soft"] = soft
        start = (min(self.lightness, 0.55), max(self.lightness, 0.7))
        backs = ("surface", "bg", "sunken", "raised", "accent-soft")
        self._text("accent-text", min(self.chroma, 0.19), self.hue, backs, _TEXT, start)
        self._text("focus", self.chroma or 0.15, self.hue, ("surface", "bg", "sunken", "raised"), _SHAPE, (0.6, 0.6))

    def _fill(self, start: float) -> tuple[str, str]:
        """The brand as a surface for words, and the colour of the words on it."""
        brand = self.brand if start == self.lightness else to_hex(start, self.chroma, self.hue)
        if contrast(brand, "#ffffff") >= _TEXT:
            return brand, "#ffffff"
        # Yellow or lime darkened for white words would be brown: they keep their colour under dark words.
        if self.lightness > 0.78 and contrast(brand, _INK) >= 7:
            return brand, _INK
        return _seek(self.chroma, self.hue, ["#ffffff"], _TEXT, start, darker=True), "#ffffff"

    def _hover(self, fill: str, words: str) -> str:
        return to_hex(oklch(fill)[0] + (-0.05 if words == "#ffffff" else 0.03), self.chroma, self.hue)

    def _status(self) -> None:
        for name, hue in STATUS.items():
            self.tokens[f"{name}-soft"] = (to_hex(0.957, 0.035, hue), to_hex(0.275, 0.045, hue))
            self._text(name, 0.16, hue, (f"{name}-soft", "surface", "bg", "sunken", "raised"), _TEXT, (0.56, 0.72))
            fill = _seek(0.18, hue, ["#ffffff"], _TEXT, 0.58, darker=True)
            self.tokens[f"{name}-fill"] = (fill, fill)


def palette(brand: str) -> dict[str, Pair]:
    """Every colour token of the UI guide, made from one brand colour `#rrggbb`."""
    return _Maker(brand).make()


def theme_css(brand: str, radius: int = 8, font: str = "inter") -> str:
    """The tenant's style sheet: one layer, tokens only. Raises ValueError for what the form must refuse."""
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"radius must be 0 to {MAX_RADIUS}")
    if font not in FONTS:
        raise ValueError(f"unknown font {font!r}")
    rows = [f"    --{name}: light-dark({light}, {dark});" for name, (light, dark) in palette(brand).items()]
    rows += [f"    --radius: {radius}px;", f"    --font: {FONTS[font]};"]
    return "@layer theme {\n  :root {\n" + "\n".join(rows) + "\n  }\n}\n"


# --- the check -----------------------------------------------------------------------------------------------------

_BACKS: Final = ("bg", "surface", "raised", "sunken")


def _wanted() -> Iterable[tuple[str, str, float]]:
    for front in ("text", "text-2", "text-3", "accent-text", *STATUS):
        yield from ((front, back, 4.5) for back in _BACKS)
    yield from (("text", f"{name}-soft", 4.5) for name in ("accent", *STATUS))
    yield from ((name, f"{name}-soft", 4.5) for name in STATUS)
    yield from (("on-accent", fill, 4.5) for fill in ("accent", "accent-hover"))
    yield "accent-text", "accent-soft", 4.5
    yield from (("border-strong", back, 3) for back in ("surface", "bg"))
    yield from (("focus", back, 3) for back in _BACKS)
    yield from ((f"c{number}", "surface", 3) for number in range(1, len(_CHART_TURNS) + 1))


def audit(brand: str) -> list[Finding]:
    """Pairs of the palette that miss their contrast; a theme is saved only when there are none."""
    tokens = palette(brand)
    found = []
    for index, mode in enumerate(("light", "dark")):
        for front, back, wanted in _wanted():
            ratio = contrast(tokens[front][index], tokens[back][index])
            if ratio < wanted:
                found.append(Finding(mode, front, back, round(ratio, 2), wanted))
        for name in STATUS:
            ratio = contrast("#ffffff", tokens[f"{name}-fill"][index])
            if ratio < 4.5:
                found.append(Finding(mode, "#ffffff", f"{name}-fill", round(ratio, 2), 4.5))
    return found
