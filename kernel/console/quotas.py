"""What the kernel itself counts for a tenant, and the operator's settings that limit it."""

from __future__ import annotations

from aiohttp import web

from ..base.context import current_tenant
from ..base.contract import Quota, Setting
from ..base.i18n import N_
from ..base.runtime import runtime
from ..engines.connection import sql_one
from ..tenancy.usage import used_today
from ..web.neighbours import API_CALLS, AT_ONCE, RATE
from ..web.sockets import CONNECTIONS

_NONE = N_("Empty means no limit.")


async def _accounts() -> int:
    return await _count("SELECT count(*) AS n FROM kernel_account WHERE tenant_id = $1 AND state <> 'erased'")


async def _storage() -> int:
    return await _count("SELECT coalesce(sum(size), 0)::bigint AS n FROM kernel_file WHERE tenant_id = $1")


async def _jobs() -> int:
    return await _count("SELECT count(*) AS n FROM kernel_job WHERE tenant_id = $1 AND state = 'ready'")


async def _api_calls() -> int:
    return await used_today(API_CALLS)


async def _sockets() -> int:
    app: web.Application | None = runtime().app
    return app[CONNECTIONS].count(current_tenant().id) if app is not None else 0


async def _count(query: str) -> int:
    row = await sql_one(query, current_tenant().id)
    return int(row.n) if row else 0


QUOTAS = [
    Quota(id="kernel.accounts", label=N_("Accounts"), limit="kernel.max_accounts", used=_accounts),
    Quota(id="kernel.storage", label=N_("Stored files"), limit="kernel.max_storage_mb", used=_storage, unit="bytes"),
    Quota(
        id=API_CALLS, label=N_("API calls a day"), limit="kernel.max_api_calls", used=_api_calls,
        help=N_("Counted from midnight to midnight in UTC."),
    ),
    Quota(id="kernel.jobs_waiting", label=N_("Jobs waiting"), limit="kernel.max_jobs_waiting", used=_jobs),
    Quota(
        id="kernel.sockets", label=N_("Live connections"), limit="kernel.max_sockets", used=_sockets,
        help=N_("Open pages that update themselves, and calls; counted for each server process."),
    ),
]  # fmt: skip


def _limit(key: str, label: str, help: str = _NONE) -> Setting:
    return Setting(key=key, type=int, default=None, label=label, help=help, scope="platform", minimum=0)


SETTINGS = [
    _limit("kernel.max_accounts", N_("Most accounts")),
    _limit("kernel.max_storage_mb", N_("Most MB of stored files")),
    _limit("kernel.max_api_calls", N_("Most API calls a day")),
    _limit("kernel.max_jobs_waiting", N_("Most jobs waiting")),
    _limit("kernel.max_sockets", N_("Most live connections")),
    Setting(
        key=RATE, type=int, default=1000, scope="platform", minimum=1, maximum=1_000_000,
        label=N_("Requests a second"),
        help=N_("Of one site, so that others are not slowed. With Redis over all processes, else for each."),
    ),
    Setting(
        key=AT_ONCE, type=int, default=100, scope="platform", minimum=1, maximum=100_000,
        label=N_("Requests at once"),
        help=N_("Of one site in each process. More than these are asked to come back in a moment."),
    ),
]  # fmt: skip
