"""How a visitor looks at times: zone and 12 or 24 hours, from the address, the browser, the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from aiohttp import web

from kernel import _, current_zone, now, url_with, zones

from .picker import uses_12_hours

Options = list[tuple[str, str | list[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class View:
    """`asked` are the parameters that links have to carry on."""

    zone: str
    hour12: bool
    asked: Mapping[str, str]

    def link(self, name: str, params: Mapping[str, str], query: Mapping[str, str]) -> str:
        """Address of a page that is looked at in the same way; empty values are left out."""
        values = {**self.asked, **query}
        return url_with(name, params, {key: value for key, value in values.items() if value})


def view_of(request: web.Request, sent: Mapping[str, str] | None = None) -> View:
    """The view that the address asks for (or the form that was sent), else what is remembered."""
    values = request.query if sent is None else sent
    tz, clock = values.get("tz", ""), values.get("clock", "")
    asked = {}
    if tz and zones.is_zone(tz):
        asked["tz"] = tz
    if clock in ("12", "24"):
        asked["clock"] = clock
    remembered = clock if clock in ("12", "24") else request.cookies.get("clock", "")
    hour12 = remembered == "12" if remembered in ("12", "24") else uses_12_hours()
    return View(asked.get("tz") or current_zone(), hour12, asked)


def zone_options(chosen: str) -> Options:
    """Choices for the select: the chosen one, the common ones, then all by region."""
    hour = now().replace(minute=0, second=0, microsecond=0)
    common, regions = _zones(hour)
    first: list[tuple[str, str]] = []
    if zones.is_zone(chosen) and chosen not in zones.COMMON:
        first = [(chosen, _label(chosen, hour))]
    options: Options = [(_("Common zones"), [*first, *common])]
    return [*options, *((name, list(entries)) for name, entries in regions)]


@lru_cache(maxsize=2)
def _zones(hour: datetime) -> tuple[Sequence[tuple[str, str]], Sequence[tuple[str, Sequence[tuple[str, str]]]]]:
    common = [(name, _label(name, hour)) for name in zones.COMMON]
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in zones.zone_names():
        if name not in zones.COMMON:
            regions.setdefault(name.partition("/")[0], []).append((name, _label(name, hour)))
    return common, [(region, entries) for region, entries in regions.items() if region != "UTC"]


def _label(name: str, at: datetime) -> str:
    if name == "UTC":
        return "UTC"
    return f"{zones.city(name)} ({zones.offset_label(name, at)})"


def zone_label(name: str, at: datetime) -> str:
    """`Berlin (UTC+01:00)`, as it is at an instant."""
    return _label(name, at)
