"""What a plugin does: requests it answers, work, reactions, services, and what keeps it running."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

if TYPE_CHECKING:
    from aiohttp import web
    from pydantic import BaseModel

#: Held by every signed-in account; for pages that need a person but no particular right.
SIGNED_IN = "kernel.signed_in"


Handler = Callable[["web.Request"], Awaitable["web.StreamResponse"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One HTTP method on one path.

    `path` begins with a static segment that is the plugin's own (`/shelves/{id}`); JSON paths begin with
    `/api/v1/`. `name` is `<plugin>.<page>`, unique; a path with several methods uses one name per route.
    Exactly one of `permission` and `public` is given. `request`/`response` are the pydantic models of a
    JSON route. `csrf=False` only for provider callbacks that authenticate otherwise. `always=True` keeps
    the route while the plugin is off and needs a reason. `rate` is `"<count>/<seconds>"` per client.
    `idempotent=True` honours an `Idempotency-Key` header or `_key` form field: same key and body, same answer.
    `body_limit` is in bytes.

    For JSON routes: `query` is the model of the query string, `status` that of success, `errors` are refusals
    beyond those that any call may meet (400, 401, 403, 404, 429, 503; 409 of a change; 413, 415, 422 of a model).
    Whatever a page changes, JSON can: the page's route names its `twin`, or the JSON route the pages it is `twin_of`
    (unneeded for `<plugin>.<page>` or `<page>_post` with `<plugin>.api_<page>`); else the page says why: `no_twin`.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handler: Handler
    name: str
    permission: str | None = None
    public: bool = False
    feature: str | None = None
    request: type[BaseModel] | None = None
    response: type[BaseModel] | None = None
    csrf: bool = True
    always: str = ""
    rate: str | None = None
    idempotent: bool = False
    body_limit: int | None = None
    query: type[BaseModel] | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    twin: str = ""
    twin_of: tuple[str, ...] = ()
    no_twin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Sees every HTML and JSON request of the tenant before its handler; may answer instead (maintenance)."""

    name: str
    check: Callable[[web.Request], Awaitable[web.StreamResponse | None]]


JobFunction = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work outside a request. `func` takes JSON values as keywords and must be idempotent.

    `timeout` in seconds. `every` or `cron` (five fields, tenant's zone) makes it periodic, once per tenant.
    `drain=True`: runs to its end although the plugin was switched off (refund, payout, erasure). Workers may be
    kept to certain queues (`greenroom worker --queues mail=2,default`). Within a tenant, higher `priority` first.
    """

    name: str
    func: JobFunction
    attempts: int = 8
    timeout: float = 60.0
    every: timedelta | None = None
    cron: str | None = None
    drain: bool = False
    feature: str | None = None
    queue: str = "default"
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event as a subscriber receives it: delivered at least once, so handle it idempotently by `id`."""

    id: UUID
    name: str
    occurred_at: datetime
    actor_id: UUID | None
    data: Mapping[str, Any]
    request_id: str = ""


EventHandler = Callable[[Happened], Awaitable[None]]


#: As the event of a Subscriber: whatever happens in the tenant. For relays such as webhooks.
EVERY_EVENT = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """`handler` runs as a job of its own after the commit of whatever published `event` (name with version).

    With `EVERY_EVENT` it hears all of them, each one as a job more: for relays, not for reacting to some.
    `wanted(event name)` is asked inside the publishing transaction, in scope of its tenant; False saves the job. One
    cheap query, and no memory of earlier answers: what another process has committed must count at once.
    """

    event: str
    handler: EventHandler
    attempts: int = 8
    timeout: float = 30.0
    drain: bool = False
    wanted: Callable[[str], Awaitable[bool]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterStep:
    """A step in another plugin's filter, named `<plugin>.<what>.v1`; may change the value or raise Stop."""

    filter: str
    step: Callable[[Any], Awaitable[Any]]
    order: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`provider` fulfils `protocol`, a Protocol in the plugin's api.py; found as `<plugin>.<Protocol name>`."""

    protocol: type
    provider: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`greenroom <plugin> <name>`; `run(argv)` returns the exit status. Runs without database unless it asks."""

    name: str
    help: str
    run: Callable[[list[str]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """`check()` returns None when well, else one sentence.

    With `mend` (what to do, one sentence) it is about how the installation is set up: `greenroom doctor` asks it before
    people come, without database, and readiness does not.
    """

    name: str
    check: Callable[[], Awaitable[str | None]]
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number for whoever runs the platform, read at each scrape as `greenroom_<name>`; `name` is `<plugin>_<what>`.

    `read()` runs over every tenant and gives values by label values, `{(): n}` without labels. Labels are few and
    bounded (states, kinds, never ids or addresses); more than 200 combinations are refused.
    """

    name: str
    help: str
    read: Callable[[], Awaitable[Mapping[tuple[str, ...], float]]]
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelModule:
    """Tortoise models of the plugin and the package that holds their migrations (dotted names)."""

    models: str
    migrations: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoData:
    """Seeds one demo tenant, in scope, once; `after` names plugins whose data it builds on."""

    seed: Callable[[str], Awaitable[None]]  # the tenant's slug
    after: tuple[str, ...] = ()
