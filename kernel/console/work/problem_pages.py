"""What does not work just now, in one place: for the admin who is asked about it."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from aiohttp import web
from markupsafe import Markup

from ...auth.permissions import can
from ...base.context import current_tenant
from ...base.i18n import _, ngettext
from ...base.runtime import runtime
from ...engines.connection import sql, sql_one
from ...tenancy.snapshots import current_snapshot
from ...web.routing import url
from ...web.views import page
from . import pausing
from .job_pages import titles

VIEW = "kernel.jobs.view"
#: Seconds for which the banner believes what it last saw.
_FRESH = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """`broken` are registry entries, `paused` plugin -> reason, the others rows."""

    broken: list[Any]
    paused: dict[str, str]
    troubles: list[Any]
    incidents: list[Any]
    dead: int

    @property
    def count(self) -> int:
        return len(self.broken) + len(self.paused) + sum(1 for t in self.troubles if t.open_until) + bool(self.dead)


async def problems() -> Problems:
    """All of this tenant's, and of the processes it shares with others."""
    tenant_id = current_tenant().id
    dead = await sql_one(
        "SELECT count(*) AS n FROM kernel_job WHERE tenant_id = $1 AND state = 'dead'", tenant_id
    )  # fmt: skip
    return Problems(
        broken=[info for info in runtime().registry.plugins.values() if info.state in ("broken", "blocked")],
        paused=pausing.paused(current_snapshot()),
        troubles=await sql(
            "SELECT plugin, what, errors, last_error, last_at, open_until, trips FROM kernel_trouble"
            " WHERE tenant_id = $1 ORDER BY open_until IS NULL, last_at DESC LIMIT 100",
            tenant_id,
        ),
        incidents=await sql("SELECT plugin, kind, text, process, at FROM kernel_incident ORDER BY at DESC LIMIT 20"),
        dead=dead.n if dead is not None else 0,
    )


async def show_problems(request: web.Request) -> web.StreamResponse:
    """The page."""
    context = {
        "title": _("Problems"),
        "found": await problems(),
        "titles": titles(),
        "safe_mode": runtime().config.safe_mode,
        "kinds": {"blocked": _("Held everything up"), "leak": _("Left something behind")},
    }
    return await page(request, "console/problems.html", context)


_seen: dict[UUID, tuple[float, int]] = {}


async def banner(_subject: object) -> Markup | None:
    """One line above every page of those who can do something about it."""
    if not can(VIEW):
        return None
    tenant_id = current_tenant().id
    seen = _seen.get(tenant_id)
    if seen is None or monotonic() - seen[0] > _FRESH:
        if len(_seen) > 10_000:
            _seen.clear()
        seen = _seen[tenant_id] = (monotonic(), (await problems()).count)
    if not seen[1] and not runtime().config.safe_mode:
        return None
    text = ngettext("%(num)s thing does not work", "%(num)s things do not work", seen[1]) % {"num": seen[1]}
    if runtime().config.safe_mode:
        text = _("Safe mode: only what is always on was started.")
    return Markup('<div class="banner warn" role="status"><span>{}</span> <a href="{}">{}</a></div>').format(
        text, url("kernel.problems"), _("Show problems")
    )
