"""A plugin or feature tried on some tenants: on for a sticky share of them, taken back when it fails too often."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

from ..base.clock import now
from ..base.errors import Invalid, NotFound
from ..base.i18n import gettext as _
from ..base.runtime import runtime
from ..engines.connection import after_commit, execute, sql, sql_one, unit_of_work
from .epoch import bump_platform
from .toggles import tell_all

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """As it stands. Tenants that chose for themselves are not in it."""

    key: str
    percent: int
    max_error_percent: int
    least_requests: int
    requests: int
    errors: int
    state: str
    reason: str


async def start_trial(key: str, percent: int, *, max_error_percent: int = 5, least_requests: int = 50) -> None:
    """Switch `key` on for `percent` of the tenants that have not chosen; a larger share keeps those it has.

    Raises NotFound, and Invalid for odd numbers. Counts begin anew.
    """
    if runtime().registry.owner(key) is None:
        raise NotFound()
    if not 0 < percent <= 100 or not 0 <= max_error_percent < 100 or least_requests < 1:
        raise Invalid({"percent": _("Enter a share from 0 to 100")})
    before = {s.tenant.id: s for s in runtime().snapshots.all()}
    async with unit_of_work():
        await bump_platform()
        await execute(
            "INSERT INTO kernel_canary (key, percent, max_error_percent, least_requests, requests, errors, state,"
            " reason, started_at) VALUES ($1, $2, $3, $4, 0, 0, 'running', '', $5) ON CONFLICT (key) DO UPDATE SET"
            " percent = excluded.percent, max_error_percent = excluded.max_error_percent,"
            " least_requests = excluded.least_requests, requests = 0, errors = 0, state = 'running', reason = '',"
            " started_at = excluded.started_at, ended_at = NULL",
            key, percent, max_error_percent, least_requests, now(),
        )  # fmt: skip
        after_commit(partial(tell_all, before, _("Tried by the operator")))


async def end_trial(key: str, reason: str) -> bool:
    """Take it back from every tenant that has it by the trial alone; False when none was running."""
    before = {s.tenant.id: s for s in runtime().snapshots.all()}
    async with unit_of_work():
        await bump_platform()
        hit = await execute(
            "UPDATE kernel_canary SET state = 'rolled_back', reason = $2, ended_at = $3"
            " WHERE key = $1 AND state = 'running'",
            key, reason[:500], now(),
        )  # fmt: skip
        after_commit(partial(tell_all, before, reason[:500]))
    return hit > 0


async def count(key: str, requests: int, errors: int) -> None:
    """Add what a process saw, and take the trial back when too much of it failed."""
    row = await sql_one(
        "UPDATE kernel_canary SET requests = requests + $2, errors = errors + $3"
        " WHERE key = $1 AND state = 'running' RETURNING requests, errors, max_error_percent, least_requests",
        key, requests, errors,
    )  # fmt: skip
    if row is None or row.requests < row.least_requests:
        return
    if row.errors * 100 > row.requests * row.max_error_percent:
        said = f"{row.errors} of {row.requests} requests failed; {row.max_error_percent} % were allowed"
        if await end_trial(key, said):
            log.error("the trial of %s was taken back: %s", key, said)


async def trials() -> list[Trial]:
    """Every trial there was, by key."""
    rows = await sql(
        "SELECT key, percent, max_error_percent, least_requests, requests, errors, state, reason FROM kernel_canary"
        " ORDER BY key"
    )
    return [
        Trial(
            key=r.key, percent=r.percent, max_error_percent=r.max_error_percent, least_requests=r.least_requests,
            requests=r.requests, errors=r.errors, state=r.state, reason=r.reason,
        )
        for r in rows
    ]  # fmt: skip
