"""What a plugin hands over at boot: frozen data, no behaviour.

Texts for people are source-language messages marked with `N_()`; they are translated when shown.
A `feature` names a `Feature` of the same plugin: the element exists only while that switch is on.
A `permission` is the id of a declared `Permission`, or `SIGNED_IN`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from aiohttp import web
    from markupsafe import Markup
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
class MenuItem:
    """An entry of the sidebar. `section` is one of the kernel's: workspace, operations, settings.

    `role`: only for people who hold it, though others (owners hold every right) may open the page.
    """

    section: Literal["workspace", "operations", "settings"]
    label: str
    route: str
    icon: str
    order: int = 50
    permission: str | None = None
    feature: str | None = None
    role: str | None = None


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
class Permission:
    """A right, `<plugin>.<thing>.<verb>`; `roles` are the built-in roles that hold it in a new tenant."""

    id: str
    label: str
    roles: tuple[str, ...] = ("admin",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A built-in role. The kernel itself declares `owner` (holds everything), `admin` and `member`."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A typed value that an operator or tenant may set; checked at the edge, default otherwise.

    `key` is `<plugin>.<name>`. `minimum`/`maximum` bound an int, or the length of a str. `secret=True` is
    encrypted at rest and never shown. `check` returns a message for a bad value, else None. `page` names the
    plugin's own route where it is edited; the generated settings page then leads there. A setting of scope
    "platform" is the operator's alone, who may also give a single tenant a value of its own. `test` tries what is
    stored (a key at its provider) when an administrator asks, and gives None when it works, else one sentence.
    """

    key: str
    type: Any  # bool, int, str, list (of str) or dict (JSON object)
    default: Any
    label: str
    help: str = ""
    scope: Literal["platform", "tenant", "account"] = "tenant"
    choices: tuple[tuple[str, str], ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    secret: bool = False
    multiline: bool = False
    check: Callable[[Any], str | None] | None = None
    page: str = ""
    test: Callable[[], Awaitable[str | None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A limit of what one tenant may use. `limit` is the key of an int setting of scope "platform" of the same plugin.

    `used()` counts for the tenant in scope. `unit` "bytes" is shown as a size. The plugin asks before it adds:
    `await room_for(id, 1)`, which raises a refusal that names quota and limit. A limit of None is none.
    """

    id: str
    label: str
    limit: str
    used: Callable[[], Awaitable[int]]
    unit: Literal["count", "bytes"] = "count"
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundlePart:
    """Configuration of a plugin that travels in tenant bundles (`greenroom tenant export`), beside its settings.

    `export()` gives JSON-ready data without people's data, secrets or ids of rows, in a steady order.
    `check(data)` gives one sentence per fault and changes nothing. `apply(data)` makes the tenant so that
    `export()` then gives the same; it runs in the unit of work of the whole bundle. All in scope of the tenant,
    also while the plugin is off. `name` is `<plugin>.<part>`.
    """

    name: str
    export: Callable[[], Awaitable[Mapping[str, Any]]]
    check: Callable[[Mapping[str, Any]], Awaitable[list[str]]]
    apply: Callable[[Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A switch inside a plugin, `<plugin>.<name>`; works like the plugin's own switch, one level down.

    `kind` says what it is for: release (a new thing, until everybody has it), experiment (a comparison),
    operational (a valve for bad days), kill_switch (off in an emergency), permission (who may have it; for
    good). `days` is how long it is meant to live, else what is usual for its kind: an older one that is on for
    everybody is reported as stale. `conflicts` are ids of plugins and features that cannot be on beside it.
    """

    id: str
    label: str
    help: str = ""
    default: bool = True
    kind: Literal["release", "experiment", "operational", "kill_switch", "permission"] = "permission"
    days: int | None = None
    conflicts: tuple[str, ...] = ()

    @property
    def lives(self) -> int | None:
        """Days it is meant to live; None for good."""
        return self.days or {"release": 40, "experiment": 40, "operational": 7}.get(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchImpact:
    """What a plugin itself says is touched when it (or its `feature`) is switched off, for the question before.

    `tell()` gives short sentences in the reader's language ("12 upcoming sessions"), none when nothing is
    touched. Asked of the tenant in scope, reads only, cut off after a second.
    """

    name: str
    tell: Callable[[], Awaitable[list[str]]]
    feature: str | None = None


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
class Notice:
    """One message to one person, in source language; translated and formatted for its recipient.

    `subject`, `body` (markdown, blank line between paragraphs) and `action_label` are `N_()` messages with
    `{placeholders}` from `params`: str as it is, aware datetime as weekday, date, time and zone of the
    recipient, `Money` as an amount, `Text` translated. Give `account_id`, or `email` for someone without
    one. `key` makes it unique: the same key is delivered once. `attachments` are (file name, type, bytes).
    """

    key: str
    subject: str
    body: str
    params: Mapping[str, Any] = field(default_factory=dict)
    account_id: UUID | None = None
    email: str | None = None
    action_label: str = ""
    action_url: str = ""
    attachments: tuple[tuple[str, str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A message inside `Notice.params` that is translated for the recipient."""

    message: str


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in integer minor units of an ISO 4217 currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationType:
    """A kind of message. With `event`, `compose` is called for each such event and says what to send.

    `channels` are the defaults of its recipients; `critical` ones cannot be switched off by them.
    """

    id: str
    label: str
    event: str | None = None
    compose: Callable[[Happened], Awaitable[list[Notice]]] | None = None
    channels: tuple[str, ...] = ("email", "inapp")
    critical: bool = False


class NoticeSink(Protocol):
    """Whoever delivers notices provides this service; without one, notices are not composed at all."""

    async def deliver(self, type_id: str, notices: list[Notice]) -> None:
        """Queue `notices` of a declared type for their recipients; joins the open unit of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyProvider:
    """What a plugin holds about a person. Called for every installed plugin, on or off.

    `export(account_id)` gives JSON-ready data by section title; `erase(account_id)` removes or
    pseudonymises and returns one line per thing kept, with its reason. A plugin that holds nothing gives
    `nothing_because` instead. `models` are the model names covered.
    """

    title: str
    models: tuple[str, ...] = ()
    export: Callable[[UUID], Awaitable[dict[str, Any]]] | None = None
    erase: Callable[[UUID], Awaitable[list[str]]] | None = None
    nothing_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """A piece of HTML in a named place of somebody's page. Isolated; cut off after 300 ms.

    The kernel's slots: `landing` (public front page), `home` (signed-in start page), `shell.bell` (top bar),
    `shell.banner` (above every page), `shell.account` (account menu), `shell.error` (on error pages).
    Plugins declare their own as `<plugin>.<place>`. `render(subject)` gets what the slot passes (an id or
    None) and returns markup, or None for nothing. `wide` takes the full row.
    """

    slot: str
    name: str
    render: Callable[[Any], Awaitable[Markup | None]]
    order: int = 50
    wide: bool = False
    permission: str | None = None
    feature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    label: str
    hint: str
    url: str
    icon: str = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSource:
    """Entries for the command palette. `find(words)` returns a few hits that the actor may open."""

    name: str
    find: Callable[[str], Awaitable[list[SearchHit]]]
    permission: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A style sheet or ES module under the plugin's `static/<id>/`, added on pages whose route name matches.

    `routes` are name patterns (`scheduling.*`); empty means the plugin's own. `importable` also puts the
    module into the import map as `@greenroom/<id>`.
    """

    kind: Literal["style", "module"]
    path: str
    routes: tuple[str, ...] = ()
    importable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Sees every HTML and JSON request of the tenant before its handler; may answer instead (maintenance)."""

    name: str
    check: Callable[[web.Request], Awaitable[web.StreamResponse | None]]


@dataclass(frozen=True, slots=True)
class Brand:
    """How a tenant looks. URLs are site-relative; `None` means the kernel's default."""

    name: str
    theme_url: str | None = None
    logo_url: str | None = None
    theme_color: str = "#4f46e5"
    tagline: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branding:
    """`brand()` and `rewrite(locale, text)` read the tenant's snapshot only: no I/O, cached per snapshot.

    `rewrite` turns a translated message into the tenant's own terms, before values are filled in.
    """

    brand: Callable[[], Brand]
    rewrite: Callable[[str, str], str] | None = None


@dataclass(frozen=True, slots=True)
class ErrorText:
    title: str
    body: str  # markdown


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPages:
    """Tenant-edited words for an error status; `lookup(status, locale)` does no I/O and may return None."""

    lookup: Callable[[int, str], ErrorText | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateGlobal:
    name: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """`check()` returns None when well, else one sentence."""

    name: str
    check: Callable[[], Awaitable[str | None]]


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
class Command:
    """`greenroom <plugin> <name>`; `run(argv)` returns the exit status. Runs without database unless it asks."""

    name: str
    help: str
    run: Callable[[list[str]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoData:
    """Seeds one demo tenant, in scope, once; `after` names plugins whose data it builds on."""

    seed: Callable[[str], Awaitable[None]]  # the tenant's slug
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelModule:
    """Tortoise models of the plugin and the package that holds their migrations (dotted names)."""

    models: str
    migrations: str
