"""Which work exists: every declared job and every subscriber, by the name its rows carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..base.contract import Job, JobFunction, NotificationType, Subscriber
from ..base.runtime import runtime
from .notices import NOTICE_ATTEMPTS, composer, notice_job

if TYPE_CHECKING:
    from ..plugging.registry import Registry
    from ..tenancy.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One kind of work. With `event`, `func` takes a Happened, else JSON values as keywords."""

    plugin: str
    name: str
    func: JobFunction
    attempts: int
    timeout: float
    drain: bool
    feature: str | None = None
    queue: str = "default"
    priority: int = 0
    event: str | None = None


def subscriber_job(plugin: str, subscriber: Subscriber) -> str:
    """The name of the job that runs a subscriber."""
    return f"{plugin}.on:{subscriber.event}:{getattr(subscriber.handler, '__name__', 'handler')}"


def _from_job(plugin: str, job: Job) -> Work:
    return Work(
        plugin=plugin,
        name=job.name,
        func=job.func,
        attempts=job.attempts,
        timeout=job.timeout,
        drain=job.drain,
        feature=job.feature,
        queue=job.queue,
        priority=job.priority,
    )


def _from_subscriber(plugin: str, sub: Subscriber) -> Work:
    return Work(
        plugin=plugin,
        name=subscriber_job(plugin, sub),
        func=sub.handler,
        attempts=sub.attempts,
        timeout=sub.timeout,
        drain=sub.drain,
        event=sub.event,
    )


def _from_notification(plugin: str, kind: NotificationType) -> Work:
    return Work(
        plugin=plugin,
        name=notice_job(plugin, kind),
        func=composer(kind),
        attempts=NOTICE_ATTEMPTS,
        timeout=30.0,
        drain=False,
        event=kind.event,
    )


def _all(registry: Registry) -> Iterator[Work]:
    for plugin, declared in registry.jobs.items():
        yield from (_from_job(plugin, job) for job in declared)
    for plugin, listening in registry.subscribers.items():
        yield from (_from_subscriber(plugin, sub) for sub in listening)
    for plugin, kinds in registry.notification_types.items():
        yield from (_from_notification(plugin, kind) for kind in kinds if kind.event and kind.compose)


def build(registry: Registry) -> Mapping[str, Work]:
    """All work by name. Raises ValueError when two elements claim one name."""
    found: dict[str, Work] = {}
    for work in _all(registry):
        if work.name in found:
            raise ValueError(f"two jobs are named {work.name!r}; give the functions different names")
        found[work.name] = work
    return MappingProxyType(found)


# The registry is frozen after boot, so one slot is cache enough; tests swap registries through the runtime.
_built: tuple[Registry, Mapping[str, Work]] | None = None


def catalogue() -> Mapping[str, Work]:
    """All work of the running process by name."""
    global _built
    registry = runtime().registry
    if _built is None or _built[0] is not registry:
        _built = (registry, build(registry))
    return _built[1]


def why_off(work: Work, snapshot: Snapshot) -> str | None:
    """Why this work does not run for that tenant now, or None when it does."""
    if work.drain:
        return None
    if snapshot.state != "active":
        return f"the tenant is {snapshot.state}"
    if work.plugin not in snapshot.effective:
        return f"{work.plugin} is off: {snapshot.why.get(work.plugin, 'switched off')}"
    if work.feature is not None and work.feature not in snapshot.effective:
        return f"{work.feature} is off: {snapshot.why.get(work.feature, 'switched off')}"
    return None
