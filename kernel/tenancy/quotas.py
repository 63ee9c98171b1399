"""What a tenant may use at most: declared by plugins, set by the operator, asked before anything is added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..base.context import current_tenant
from ..base.contract import Quota
from ..base.errors import Problem
from ..base.i18n import _, format_number
from ..base.runtime import runtime
from ..engines.connection import in_unit_of_work, sql
from .settings import setting
from .snapshots import current_snapshot

_MEGA = 1024 * 1024


class QuotaReached(Problem):
    """A tenant has as much of something as it may have. Answers name the quota and its limit."""

    status = 403

    def __init__(self, quota: Quota, limit: int, used: int, *, status: int = 403, retry_after: int = 0) -> None:
        words = _("The limit of this site is reached: {quota}, at most {limit}.")
        super().__init__(
            words.format(quota=_(quota.label), limit=amount(quota, limit)),
            title=_("The limit is reached"),
            headers={"Retry-After": str(retry_after)} if retry_after else None,
        )
        self.status = status
        self.extra |= {"quota": quota.id, "limit": limit, "used": used}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A quota with its use. Numbers count in the quota's unit (bytes for sizes); `limit` None: no limit."""

    id: str
    plugin: str
    label: str
    help: str
    unit: Literal["count", "bytes"]
    used: int
    limit: int | None
    used_words: str
    limit_words: str

    @property
    def share(self) -> int:
        """Percent of the limit in use, 0 without one; may exceed 100 when a limit was lowered."""
        if self.limit is None:
            return 0
        return round(100 * self.used / self.limit) if self.limit else 100 * bool(self.used)


def amount(quota: Quota, value: int) -> str:
    """`1,200`, or `12.5 MB` for sizes."""
    if quota.unit == "count":
        return format_number(value)
    size, unit = (value / _MEGA, "MB") if value < 1024 * _MEGA else (value / (1024 * _MEGA), "GB")
    return f"{format_number(round(size, 1))} {unit}"


def limit_of(quota: Quota) -> int | None:
    """In the quota's unit: limits of sizes are set in MB and count in bytes."""
    value: int | None = setting(quota.limit)
    if value is None:
        return None
    return value * _MEGA if quota.unit == "bytes" else value


def quota(id: str) -> Quota | None:
    """The declared quota. Raises LookupError; None for one of a kernel that declares nothing (small tests)."""
    for declared in runtime().registry.quotas.values():
        for one in declared:
            if one.id == id:
                return one
    if id.startswith("kernel."):
        return None
    raise LookupError(f"no plugin declares the quota {id!r}")


async def room_for(id: str, count: int = 1, *, status: int = 403, exact: bool = True) -> None:
    """Raise QuotaReached when `count` more would go beyond the limit; costs nothing where there is none.

    Inside a unit of work an `exact` one holds a lock until its end, so that two at once cannot both take the last
    place.
    """
    declared = quota(id)
    limit = None if declared is None else limit_of(declared)
    if declared is None or limit is None:
        return
    if exact and in_unit_of_work():
        key = f"quota:{current_tenant().id}:{id}"
        await sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) AS locked", key)
    used = await declared.used()
    if used + count > limit:
        raise QuotaReached(declared, limit, used, status=status)


async def uses() -> list[Use]:
    """Every quota of plugins that are on, with its use, for the tenant in scope."""
    effective = current_snapshot().effective
    found = []
    for plugin, declared in runtime().registry.quotas.items():
        for one in declared if plugin in effective else ():
            used, limit = await one.used(), limit_of(one)
            found.append(
                Use(
                    id=one.id, plugin=plugin, label=_(one.label), help=_(one.help), unit=one.unit, used=used,
                    limit=limit, used_words=amount(one, used),
                    limit_words=_("no limit") if limit is None else amount(one, limit),
                )
            )  # fmt: skip
    return found


async def admit_file(size: int) -> None:
    """Before a file of `size` bytes counts (see engines/storage.py)."""
    await room_for("kernel.storage", size, status=413)
