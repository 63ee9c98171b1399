"""What is effective and why not: pure resolution, shapes, hosts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kernel.base import contract as c
from kernel.tenancy.hosts import normalise_host, origin_of_host
from kernel.tenancy.resolve import Choice, Sealed, SettingValues, Words, narrowed, resolve
from kernel.tenancy.shapes import Shapes
from kernel.tenancy.switch_rules import SwitchRule

from ..plugging.fakes import entry, hears, registry_of, route, work

_TICK = timedelta(seconds=1)


def make() -> Any:
    return registry_of(
        ("a", {"features": [c.Feature(id="a.x", label="X"), c.Feature(id="a.y", label="Y", default=False)]}),
        (entry("b", "a"), {}),
        (entry("c", "b", default=False), {}),
        (entry("d", locked=True), {}),
        (entry("e"), {"register_jobs": lambda: 1}),
        (entry("f", "e"), {}),
        strict=False,
    )


def test_defaults() -> None:
    on, why = resolve(make(), {})
    assert on == {"kernel", "a", "a.x", "b", "d"}
    assert {key: w.kind for key, w in why.items()} == {"a.y": "default", "c": "default", "e": "broken", "f": "blocked"}


def test_what_requires_something_off_is_off_although_chosen() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    on, why = resolve(make(), {"a": Choice(False, None, "too loud", at), "c": Choice(True)})
    assert on == {"kernel", "d"}
    assert re.fullmatch(r"Switched off, .*2026: too loud", str(why["a"]))
    assert re.fullmatch(r"Switched off by Ada, .*2026: too loud", why["a"].text(by="Ada"))
    assert str(why["b"]) == "Requires A, which is off"
    assert str(why["c"]) == "Requires B, which is off"
    assert str(why["a.x"]) == "Requires A, which is off"


def test_locked_stays_and_withheld_goes() -> None:
    on, why = resolve(make(), {"d": Choice(False), "a": Choice(True)}, Words({"a": "contract ended", "a.x": ""}))
    assert "d" in on
    assert str(why["a"]) == "Not offered by the operator: contract ended"
    assert str(why["a.x"]) == "Not offered by the operator"


def test_the_kill_switch_beats_every_other_word() -> None:
    words = Words(stopped={"a": "it leaks"}, trial=frozenset({"a", "c", "a.y"}))
    on, why = resolve(make(), {"a": Choice(True)}, words)
    assert str(why["a"]) == "Stopped by the operator: it leaks"
    assert str(why["b"]) == "Requires A, which is off"
    assert "a" not in on
    tried, _why = resolve(make(), {}, Words(trial=frozenset({"c", "a.y"})))
    assert {"c", "a.y"} <= tried
    assert "c" not in resolve(make(), {"c": Choice(False)}, Words(trial=frozenset({"c"})))[0]


def test_dates_hold_for_the_whole_tenant() -> None:
    start, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    choices = {"a.y": Choice(True, rule=SwitchRule(since=start, until=end))}
    seen = [("a.y" in resolve(make(), choices, at=at)[0]) for at in (start - _TICK, start, end - _TICK, end)]
    assert seen == [False, True, True, False]
    assert str(resolve(make(), choices, at=start - _TICK)[1]["a.y"]).startswith("On from")
    assert str(resolve(make(), choices, at=end)[1]["a.y"]).startswith("Was on until")


def test_of_two_that_conflict_only_one_is_on() -> None:
    registry = registry_of(
        ("a", {"features": [c.Feature(id="a.old", label="Old"),
                            c.Feature(id="a.new", label="New", default=False, conflicts=("a.old",))]}),
        (entry("b", conflicts=("a",)), {}),
    )  # fmt: skip
    assert registry.rivals["a.old"] == ("a.new",)
    on, why = resolve(registry, {"a.new": Choice(True)})
    assert on == {"kernel", "a", "a.old"}
    assert str(why["a.new"]) == "Cannot be on beside Old"
    assert str(why["b"]) == "Cannot be on beside A"
    assert resolve(registry, {"a.new": Choice(True), "a.old": Choice(False)})[0] >= {"a.new"}
    assert "b" in resolve(registry, {"a": Choice(False)})[0]


@pytest.mark.parametrize(
    ("feature", "days"),
    [
        (c.Feature(id="a.x", label="X", kind="release"), 40),
        (c.Feature(id="a.x", label="X", kind="experiment", days=14), 14),
        (c.Feature(id="a.x", label="X", kind="operational"), 7),
        (c.Feature(id="a.x", label="X", kind="kill_switch"), None),
        (c.Feature(id="a.x", label="X"), None),
    ],
)
def test_kinds_of_features_and_how_long_they_are_meant_to_live(feature: c.Feature, days: int | None) -> None:
    assert feature.lives == days


def test_whoever_lacks_a_plugin_lacks_what_requires_it() -> None:
    whole = frozenset({"kernel", "a", "a.x", "b", "c", "d"})
    assert narrowed(make(), whole, frozenset({"a.x"})) == whole - {"a.x"}
    assert narrowed(make(), whole, frozenset({"a"})) == {"kernel", "d"}


def test_broken_and_unknown_are_explained() -> None:
    _on, why = resolve(make(), {"gone": Choice(True), "kernel": Choice(False)})
    assert str(why["gone"]) == "Not installed"
    assert str(why["e"]).startswith("Broken: e: register_jobs must return a list")
    assert "kernel" not in why


def test_shapes_are_interned_and_hold_only_what_is_effective() -> None:
    registry = registry_of(
        ("a", {
            "features": [c.Feature(id="a.x", label="X")],
            "routes": [route("a.home", "/a")],
            "jobs": [c.Job(name="a.one", func=work), c.Job(name="a.two", func=work, feature="a.x")],
            "menu": [c.MenuItem(section="workspace", label=str(n), route="a.home", icon="i", order=n) for n in (9, 1)],
            "subscribers": [c.Subscriber(event="z.happened.v1", handler=hears)],
            "permissions": [c.Permission(id="a.x.read", label="X")],
        }),
        ("b", {"subscribers": [c.Subscriber(event="z.happened.v1", handler=hears)]}),
    )  # fmt: skip
    shapes = Shapes(registry)
    both = shapes.of(frozenset({"kernel", "a", "a.x", "b"}))
    assert both is shapes.of(frozenset({"b", "a", "a.x", "kernel"}))
    assert [item.order for _pid, item in both.menu] == [1, 9]
    assert [pid for pid, _s in both.subscribers["z.happened.v1"]] == ["a", "b"]
    assert set(both.jobs) == {"a.one", "a.two"}
    less = shapes.of(frozenset({"kernel", "a"}))
    assert set(less.jobs) == {"a.one"}
    assert less.permissions == {"a.x.read"}
    none = shapes.of(frozenset({"kernel"}))
    assert (none.menu, dict(none.subscribers), none.permissions) == ((), {}, frozenset())
    shapes.keep([none.effective])
    assert shapes.of(none.effective) is none
    assert shapes.of(both.effective) is not both


def test_setting_values_fall_through_to_defaults() -> None:
    setting = c.Setting(key="a.n", type=int, default=3, label="N")
    declared = {"a.n": ("a", setting)}
    assert SettingValues({}, {}, declared)["a.n"] == 3
    assert SettingValues({}, {"a.n": 4}, declared)["a.n"] == 4
    values = SettingValues({"a.n": 5}, {"a.n": 4}, declared)
    assert (values["a.n"], values.origin("a.n"), dict(values)) == (5, "tenant", {"a.n": 5})
    with pytest.raises(KeyError):
        values["a.m"]
    assert "data" not in repr(Sealed(b"data"))


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("Acme.Example.COM", "acme.example.com"),
        ("acme.test.", "acme.test"),
        ("acme.test:8080", "acme.test"),
        ("acme.test.:80", "acme.test"),
        ("localhost", "localhost"),
        ("a" * 64 + ".test", None),
        ("acme.test:99999", None),
        ("acme.test:0", None),
        ("acme.test:", None),
        ("acme.test/evil?x=", None),
        ("a.test@evil.test", None),
        ("acme..test", None),
        ("-acme.test", None),
        ("ácme.test", None),
        ("acme.test\n", None),
        ("[::1]:80", None),
        ("", None),
        (".", None),
        ("a." * 200, None),
    ],
)
def test_hosts(host: str, plain: str | None) -> None:
    assert normalise_host(host) == plain


def test_origins() -> None:
    assert origin_of_host("https", "a.test", None) == "https://a.test"
    assert origin_of_host("https", "a.test", 443) == "https://a.test"
    assert origin_of_host("http", "a.test", 8080) == "http://a.test:8080"
