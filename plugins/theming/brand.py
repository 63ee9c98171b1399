"""The look of the tenant in scope, from its snapshot alone: no I/O."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from kernel import Brand, current_tenant, setting

from . import palette
from .settings import COLOUR, FONT, LOGO, NAME, RADIUS, TAGLINE


@dataclass(frozen=True, slots=True)
class Look:
    """What a style sheet is made of."""

    colour: str
    radius: int
    font: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet and the name under which it may be cached for ever."""

    hash: str
    css: str


def look() -> Look:
    return Look(setting(COLOUR).lower(), setting(RADIUS), setting(FONT))


@lru_cache(maxsize=512)
def sheet(of: Look) -> Sheet:
    """Equal looks share one sheet, whoever they belong to."""
    css = palette.theme_css(of.colour, of.radius, of.font)
    return Sheet(hashlib.sha256(css.encode()).hexdigest()[:12], css)


@lru_cache(maxsize=512)
def preview_sheet(of: Look) -> Sheet:
    """The same tokens for one box of a page: everything in it is drawn in that look."""
    made = sheet(of)
    body = made.css.partition(":root {\n")[2].rpartition("\n  }\n}")[0]
    # What the page derived from its own radius and font at the root has to be derived again here.
    rest = (
        "    --r-sm: calc(var(--radius) * .625);\n    --r-md: var(--radius);\n    --r-lg: calc(var(--radius) * 1.5);\n"
        "    font-family: var(--font);\n    color: var(--text);\n    background: var(--bg);\n"
        "    accent-color: var(--accent);"
    )
    return Sheet(made.hash, f"@layer plugins {{\n  .tp-{made.hash} {{\n{body}\n{rest}\n  }}\n}}\n")


def logo_path(file_id: str) -> str | None:
    return f"/theme/logo/{file_id}.webp" if file_id else None


def brand() -> Brand:
    """For the kernel's shell."""
    current = look()
    return Brand(
        name=setting(NAME).strip() or current_tenant().name,
        theme_url=f"/theme/{sheet(current).hash}.css",
        logo_url=logo_path(setting(LOGO)),
        theme_color=current.colour,
        tagline=setting(TAGLINE).strip(),
    )
