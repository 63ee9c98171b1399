"""What the browser tests share: accessibility checks and a person's way through the pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def violations(page: Page) -> list[str]:
    """axe findings on the page as it is now, one line each."""
    # Evaluated, not added as a script: the page's policy rightly refuses foreign scripts.
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", _RULES
    )
    return [
        f"{page.url} {v['id']}: {v['help']} {json.dumps([n['target'] for n in v['nodes']][:3])}"
        for v in found["violations"]
    ]


async def violations_everywhere(page: Page) -> list[str]:
    """axe findings of the page as it stands, wide and narrow, light and dark; it is left as it was."""
    before = page.viewport_size or {"width": 1280, "height": 900}
    found: list[str] = []
    for width in (390, 1280):
        for scheme in ("dark", "light"):
            await page.set_viewport_size({"width": width, "height": 900})
            await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            await page.wait_for_timeout(300)  # until the page is painted in the other scheme
            found += [f"{width} {scheme} {fault}" for fault in await violations(page)]
    await page.set_viewport_size(before)  # type: ignore[arg-type]
    return found


async def scrolls_sideways(page: Page) -> bool:
    return bool(
        await page.evaluate("document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth + 1")
    )


async def sign_in(page: Page, origin: str, email: str, password: str) -> None:
    await page.goto(origin + "/sign-in")
    await page.get_by_label("Email address").fill(email)
    await page.locator("input[name=password]").fill(password)
    await page.locator("main button[type=submit]").click()
    await page.wait_for_url("**/home")


#: Whether the remote picture shows something: how many different colours a small copy of it holds.
COLOURS = """() => {
  const v = document.querySelector('[data-remote-main]');
  const c = document.createElement('canvas'); c.width = 64; c.height = 36;
  const g = c.getContext('2d'); g.drawImage(v, 0, 0, 64, 36);
  const d = g.getImageData(0, 0, 64, 36).data, seen = new Set();
  for (let i = 0; i < d.length; i += 4) seen.add((d[i] >> 3) + ',' + (d[i+1] >> 3) + ',' + (d[i+2] >> 3));
  return seen.size;
}"""

#: Frames decoded of the other person's picture; none before they are there.
FRAMES = """() => document.querySelector('[data-remote-main]')?.getVideoPlaybackQuality().totalVideoFrames ?? 0"""
