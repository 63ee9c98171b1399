"""One case per rule: the declaration that breaks it and the words that name plugin and element."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import pytest
from pydantic import BaseModel

from kernel.base import contract as c
from kernel.base.events import event
from kernel.plugging.paths import overlap, segments
from kernel.plugging.registry import Registry

from .fakes import entry, hears, page, registry_of, route, work


class Body(BaseModel):
    name: str


@event("a.happened.v1")
@dataclass(frozen=True)
class Happened:
    who: UUID


class Plain:
    pass


class Speaks(Protocol):
    def speak(self) -> str: ...


async def _check(*_: object) -> None: ...


async def _compose(happened: c.Happened) -> list[c.Notice]:
    return []


async def _render(subject: object) -> None: ...


def sync(*_: object) -> None: ...


def setting(**over: Any) -> c.Setting:
    return c.Setting(**{"key": "a.size", "type": int, "default": 5, "label": "Size", **over})


ROUTE = {"method": "GET", "handler": page, "name": "a.home", "path": "/a"}
JOB = {"name": "a.work", "func": work}

CASES: list[tuple[str, object, str]] = [
    ("routes", c.Route(**ROUTE), "route 'a.home' needs exactly one of permission= and public=True"),
    ("routes", route("a.home", "/a", permission="a.x.y"), "route 'a.home' needs exactly one of"),
    ("routes", route("b.home", "/a"), "route 'b.home' must begin with 'a.'"),
    ("routes", route("a.home", "a"), "does not begin with /"),
    ("routes", route("a.home", "/"), "claims /, which is the kernel's"),
    ("routes", route("a.home", "/{x}"), "must begin with a static segment"),
    ("routes", route("a.home", "/a/"), "empty or odd segment"),
    ("routes", route("a.home", "/a/b c"), "empty or odd segment"),
    ("routes", route("a.home", "/api/v2/a"), "must begin with /api/v1/"),
    ("routes", route("a.home", "/api/v1/{x}"), "must begin with a static segment"),
    ("routes", route("a.home", "/a", method="HEAD"), "has method 'HEAD'"),
    ("routes", route("a.home", "/a", rate="many"), "has rate='many'"),
    ("routes", route("a.home", "/a", body_limit=0), "body_limit below one byte"),
    ("routes", route("a.home", "/a", always=True), "always= without a reason"),
    ("routes", route("a.home", "/a", response=Body), "must lie under /api/v1/"),
    ("routes", route("a.home", "/api/v1/a", response=Plain), "response= that is not a pydantic model"),
    ("routes", route("a.home", "/api/v1/a", request=Body), "is a GET and so cannot take a request= body"),
    ("routes", route("a.home", "/a", handler=sync), "handler= that is not an async function"),
    ("routes", route("a.home", "/a", feature="a.nope"), "names feature 'a.nope', which the plugin does not declare"),
    ("routes", c.Route(**ROUTE, permission="a.x.y"), "names permission 'a.x.y', which is not declared"),
    ("jobs", c.Job(**JOB, every=timedelta(hours=1), cron="0 * * * *"), "job 'a.work' has both every= and cron="),
    ("jobs", c.Job(**JOB, cron="daily"), "without exactly five fields"),
    ("jobs", c.Job(**JOB, every=timedelta(milliseconds=1)), "every= below one second"),
    ("jobs", c.Job(**JOB, attempts=0), "at least one attempt"),
    ("jobs", c.Job(name="b.work", func=work), "must begin with 'a.'"),
    ("jobs", c.Job(name="a.work", func=sync), "func= that is not an async function"),
    ("menu", c.MenuItem(section="workspace", label="A", route="a.x", icon="x"), "a route that does not exist"),
    ("permissions", c.Permission(id="b.x.read", label="X"), "permission 'b.x.read' must begin with 'a.'"),
    ("permissions", c.Permission(id="a.x.read", label="X", roles="admin"), "roles= that is not a tuple"),  # type: ignore[arg-type]
    ("settings", setting(key="size"), "setting 'size' must begin with 'a.'"),
    ("settings", setting(type=float), "a type other than"),
    ("settings", setting(default="5"), "does not accept its own default"),
    ("settings", setting(default=5, minimum=6), "does not accept its own default (Enter a number of at least 6)"),
    ("settings", setting(default=""), "default of another type"),
    ("settings", setting(secret=True), "is secret and so must be a str without a default"),
    ("settings", setting(scope="galaxy"), "scope 'galaxy'"),
    ("features", c.Feature(id="a.x.y", label="X"), "must be <plugin>.<name>"),
    ("features", c.Feature(id="a.x", label="X", kind="odd"), "has kind 'odd'"),  # type: ignore[arg-type]
    ("features", c.Feature(id="a.x", label="X", days=0), "must live a day at least"),
    ("features", c.Feature(id="a.x", label="X", conflicts=("a.x",)), "conflicts with itself"),
    ("impacts", c.SwitchImpact(name="b.x", tell=work), "must begin with 'a.'"),  # type: ignore[arg-type]
    ("events", Plain, "event class Plain is not decorated"),
    ("subscribers", c.Subscriber(event="happened", handler=hears), "needs an event name with version"),
    ("subscribers", c.Subscriber(event="a.happend.v1", handler=hears), "'a.happend.v1', which a does not declare"),
    ("subscribers", c.Subscriber(event="z.gone.v1", handler=sync), "handler= that is not an async function"),  # type: ignore[arg-type]
    ("filters", c.FilterStep(filter="a.b", step=_check), "needs a filter name with version"),  # type: ignore[arg-type]
    ("services", c.Service(protocol=Plain, provider=Plain()), "service 'Plain' is not a Protocol"),
    ("services", c.Service(protocol=Speaks, provider=Plain()), "provider of service 'Speaks' lacks speak"),
    ("notification_types", c.NotificationType(id="a.n", label="N", event="a.happened.v1"), "event= and compose="),
    ("notification_types", c.NotificationType(id="n", label="N"), "notification type 'n' must begin with 'a.'"),
    ("privacy_providers", c.PrivacyProvider(title="A"), "needs export= and erase=, or else nothing_because="),
    ("widgets", c.Widget(slot="cellar", name="w", render=_render), "names slot 'cellar'"),
    ("assets", c.Asset(kind="style", path="../x.css"), "must lie under the plugin's static folder"),
    ("assets", c.Asset(kind="module", path="x.css"), "asset 'x.css' is not a style or module by its ending"),
    ("template_globals", c.TemplateGlobal(name="a b", value=1), "not a name that a template can write"),
    ("models", c.ModelModule(models="a b", migrations="x"), "'a b', which is not a dotted module name"),
    ("models", c.ModelModule(models="json", migrations="x"), "has models and so must register a privacy provider"),
]


def build(hook: str, *elements: object, **more: list[object]) -> Registry:
    hooks: dict[str, Any] = {"events": [Happened], **more}
    hooks[hook] = [*hooks.get(hook, ()), *elements]
    return registry_of(("a", hooks), strict=False)


@pytest.mark.parametrize(("hook", "element", "words"), CASES, ids=[f"{h}-{w[:40]}" for h, _, w in CASES])
def test_broken_rules_are_named(hook: str, element: object, words: str) -> None:
    info = build(hook, element).plugins["a"]
    assert info.state == "broken"
    assert words in info.reason
    assert info.reason.startswith("a: ")


@pytest.mark.parametrize(
    ("hook", "element"),
    [
        ("routes", route("a.home", "/a")),
        ("jobs", c.Job(**JOB)),
        ("features", c.Feature(id="a.x", label="X")),
        ("settings", setting()),
        ("events", Happened),
        ("health", c.HealthCheck(name="disk", check=_check)),
        ("branding", c.Branding(brand=lambda: c.Brand("A"))),
    ],
)
def test_the_same_twice_is_refused(hook: str, element: object) -> None:
    info = registry_of(("a", {hook: [element, element]}), strict=False).plugins["a"]
    assert info.state == "broken"
    assert any(word in info.reason for word in ("twice", "are both", "is the most"))


def test_two_subscribers_and_menu_items_may_share_a_name() -> None:
    heard = c.Subscriber(event="a.happened.v1", handler=hears)
    item = c.MenuItem(section="workspace", label="A", route="a.home", icon="x")
    registry = registry_of(
        ("a", {"events": [Happened], "subscribers": [heard, heard], "routes": [route("a.home", "/a")],
               "menu": [item, item]})
    )  # fmt: skip
    assert len(registry.subscribers["a"]) == 2


def test_a_neighbour_that_is_absent_may_be_listened_to() -> None:
    kind = c.NotificationType(id="a.n", label="N", event="z.gone.v1", compose=_compose)
    heard = c.Subscriber(event="z.gone.v1", handler=hears)
    assert registry_of(("a", {"subscribers": [heard], "notification_types": [kind]})).ready == ("kernel", "a")


def test_a_later_plugins_event_is_checked_too_and_blocks_dependants() -> None:
    early = ("b", {"subscribers": [c.Subscriber(event="a.mistyped.v1", handler=hears)]})
    registry = registry_of(early, (entry("c", "b"), {}), ("a", {"events": [Happened]}), strict=False)
    assert {pid: i.state for pid, i in registry.plugins.items()} == {
        "kernel": "ready", "b": "broken", "c": "blocked", "a": "ready",
    }  # fmt: skip


def test_menu_leads_to_pages_without_parameters() -> None:
    item = c.MenuItem(section="workspace", label="A", route="a.one", icon="x")
    info = build("menu", item, routes=[route("a.one", "/a/{id}")]).plugins["a"]
    assert "must lead to a GET route without parameters" in info.reason


def test_permissions_may_come_from_the_kernel_and_from_what_is_required() -> None:
    held = {"permissions": [c.Permission(id="a.x.read", label="X")]}
    kernel = {"permissions": [c.Permission(id="kernel.y.read", label="Y")]}
    routes = [
        c.Route(**{**ROUTE, "name": f"b.{i}", "path": f"/b/{i}"}, permission=p)
        for i, p in enumerate(("a.x.read", "kernel.y.read", c.SIGNED_IN))
    ]
    assert registry_of(("a", held), (entry("b", "a"), {"routes": routes}), kernel=kernel).ready[-1] == "b"
    stranger = registry_of(("a", held), ("b", {"routes": routes}), kernel=kernel, strict=False)
    assert "'a.x.read', which is not declared" in stranger.plugins["b"].reason


def test_roles_and_template_globals_are_unique_over_all_plugins() -> None:
    one = {"roles": [c.Role(id="mentor", label="M")], "template_globals": [c.TemplateGlobal(name="x", value=1)]}
    info = registry_of(("a", one), ("b", one), strict=False).plugins["b"]
    assert "role 'mentor' is declared by a too" in info.reason
    assert "template global 'x' is declared by a too" in info.reason


@pytest.mark.parametrize(
    ("mine", "theirs", "collide"),
    [
        ("/x/one", "/x/one", True),
        ("/x/{id}", "/x/one", True),
        ("/x/{id}", "/x/{name}/edit", False),
        ("/x/one", "/x/two", False),
        ("/x/{tail:.*}", "/x/a/b", True),
        ("/x/{id:[0-9]{2}}", "/x/{id}", True),
        ("/api/v1/x", "/api/v1/y", False),
    ],
)
def test_paths_of_two_plugins_may_not_meet(mine: str, theirs: str, collide: bool) -> None:
    assert overlap(segments(mine), segments(theirs)) is collide
    ours = ("a", {"routes": [route("a.r", mine)]})
    other = ("b", {"routes": [route("b.r", theirs, method="POST")]})
    registry = registry_of(ours, other, strict=False)
    assert (registry.plugins["b"].state == "broken") is collide
    if collide:
        assert registry.plugins["b"].reason == f"b: route 'b.r' ({theirs}) collides with 'a.r' of a."


def test_within_a_plugin_static_beside_dynamic_is_fine() -> None:
    routes = [route("a.new", "/a/new"), route("a.one", "/a/{id}"), route("a.save", "/a/{id}", method="POST")]
    assert registry_of(("a", {"routes": routes})).ready == ("kernel", "a")
