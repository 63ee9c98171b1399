"""Every page that somebody can reach: following links, as far as they lead on the same site."""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import urldefrag, urljoin

from kernel.base.contract import Route
from kernel.testing.contract.walk import filled, holes
from kernel.testing.people import Answer, Site

_LINK: Final = re.compile(r'\b(?:href|src|hx-get)="([^"#]+)"')
#: Of pages that differ in the query only (paging, sorting, filters) a few are enough.
_VARIANTS: Final = 4


def streams(route: Route) -> bool:
    """Answers that do not end by themselves."""
    return route.name.rpartition(".")[2] in ("stream", "socket", "ws")


def starts(routes: Iterable[Route], ids: Mapping[str, str]) -> list[str]:
    """The path of every GET route; one with holes once for every id in `ids`."""
    found = []
    for route in routes:
        if route.method == "GET" and not streams(route):
            found += [filled(route, value) for value in ids.values()] if holes(route) else [route.path]
    return list(dict.fromkeys(found))


async def crawl(
    site: Site, first: Iterable[str], see: Callable[[str, Answer], None], *, limit: int = 1500, never: str = r"(?!)"
) -> int:
    """Call `see` with every answer, from `first` on along the links; how many there were. `never` is not followed."""
    waiting, known, variants = deque(first), set[str](), Counter[str]()
    seen = 0
    while waiting and seen < limit:
        path = waiting.popleft()
        bare = path.partition("?")[0]
        if path in known or variants[bare] >= _VARIANTS or re.search(never, bare):
            continue
        known.add(path)
        variants[bare] += 1
        answer = await site.get(path)
        see(path, answer)
        seen += 1
        if answer.location:
            waiting.append(_local(site, path, answer.location))
        if "html" in answer.headers.get("Content-Type", "") and answer.status == 200:
            waiting.extend(_local(site, path, html.unescape(m)) for m in _LINK.findall(answer.text))
        while waiting and not waiting[0]:
            waiting.popleft()
    return seen


def _local(site: Site, page: str, link: str) -> str:
    """The link as a path of this site, or "" when it leads elsewhere or to a fixed file."""
    whole = urldefrag(urljoin(site.origin + page, link)).url
    path = whole.removeprefix(site.origin)
    return path if path != whole and path.startswith("/") and not path.startswith("/static/") else ""
