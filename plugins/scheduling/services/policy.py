"""Policies of a tenant: the ready-made ones, and its own versions of them. A version is never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from kernel import _, audit, current_actor, errors, unit_of_work

from ..models import InterviewType, Policy
from ..policies import READY, Terms, ready, terms_of


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a policy; `at` is None for a ready-made one."""

    key: str
    number: int
    title: str
    terms: Terms
    at: datetime | None = None

    @property
    def snapshot(self) -> dict[str, Any]:
        """What a booking carries with it."""
        return {"key": self.key, "version": self.number, **self.terms.data()}


def _ready(key: str) -> Version:
    title, terms = READY[key]
    return Version(key, 1, _(title), terms)


def _stored(row: Policy) -> Version:
    return Version(row.key, row.number, row.title, terms_of(row.terms), row.at)


async def policies() -> dict[str, Version]:
    """The newest version of each policy."""
    found = {key: _ready(key) for key in READY}
    for row in await Policy.all().order_by("number"):
        found[row.key] = _stored(row)
    return found


async def current(key: str) -> dict[str, Any]:
    """The terms that a booking made now carries with it."""
    row = await Policy.filter(key=key).order_by("-number").first()
    return _stored(row).snapshot if row is not None else ready(key)


async def versions(key: str) -> list[Version]:
    """All versions of one policy, the newest first. NotFound for an unknown key."""
    found = [_stored(row) for row in await Policy.filter(key=key).order_by("-number")]
    if key in READY:
        found.append(_ready(key))
    if not found:
        raise errors.NotFound()
    return found


async def save(key: str, base: int, title: str, terms: Terms) -> Version:
    """A new version, made from version `base`. Conflict when somebody else made one meanwhile."""
    latest = (await versions(key))[0]
    stale = errors.Conflict(_("Somebody else changed this policy meanwhile. Open it again to see their version."))
    if latest.terms == terms and latest.title == title:
        return latest  # nothing new, or a second click
    if latest.number != base:
        raise stale
    actor = current_actor()
    row = Policy(key=key, number=base + 1, title=title, terms=terms.data(), actor_id=actor.id if actor else None)
    try:
        async with unit_of_work():
            await row.save(force_create=True)
            await audit.record(
                "scheduling.policy_changed", subject="policy", subject_id=key, before=latest.snapshot,
                after=_stored(row).snapshot,
            )  # fmt: skip
    except IntegrityError:
        raise stale from None
    return _stored(row)


async def used_by() -> dict[str, int]:
    """How many active types use each policy."""
    found: dict[str, int] = {}
    for key in await InterviewType.filter(active=True).values_list("policy", flat=True):
        found[str(key)] = found.get(str(key), 0) + 1
    return found
