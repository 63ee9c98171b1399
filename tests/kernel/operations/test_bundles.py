"""Tenants as files: round trip, plan, apply as a whole or not at all, take back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kernel.auth import grants
from kernel.base.config import ConfigError
from kernel.base.context import every_tenant, tenant_scope
from kernel.engines.connection import sql
from kernel.operations import bundles as b
from kernel.tenancy import governing
from kernel.tenancy import settings as s
from kernel.tenancy.tenants import find_tenant
from kernel.tenancy.toggles import switch
from kernel.testing.people import TenantKit

Make = Callable[..., Awaitable[TenantKit]]


async def exported(tenant: TenantKit) -> b.Bundle:
    with tenant_scope(tenant.ref):
        return b.parse_bundle(b.write_bundle(await b.export()), "export")


@pytest.fixture
async def shaped(tenant: TenantKit) -> TenantKit:
    """A tenant with something of everything that travels."""
    with tenant_scope(tenant.ref):
        await s.set_settings(
            {
                "kernel.idle_days": 7,
                "theming.tagline": 'Übung "macht"\nden\\Meister \x7f😀'.replace("\n", " "),
                "theming.words": {"de": {"booking": "Termin"}},
                "live.turn_urls": ["turn:a.example.org", "turn:b.example.org"],
            }
        )
        await s.set_setting("live.turn_secret", "never-in-a-bundle")
        await grants.save_role("helper", "Helper & Co", ["kernel.jobs.view"])
    await switch(tenant.ref, "analytics", False, reason="quiet")
    return tenant


async def test_an_export_makes_the_same_tenant_elsewhere(shaped: TenantKit, tmp_path: Path) -> None:
    before = await exported(shaped)
    text = b.write_bundle(before)
    assert "never-in-a-bundle" not in text
    assert before.parts is not None
    assert before.parts["scheduling.offer"]["types"]
    moved = replace(before, slug="elsewhere", name=before.name, hosts=("elsewhere.localhost",))
    path = tmp_path / "tenant.toml"
    path.write_text(b.write_bundle(moved), encoding="utf-8")
    ref = await b.create(b.read_bundle(path))
    with tenant_scope(ref):
        again = await b.export()
    assert b.changes(again, moved) == []
    assert replace(again, slug="", hosts=(), accounts=()) == replace(moved, slug="", hosts=(), accounts=())
    twice = await b.apply_to(ref, moved)
    assert twice.changes == []


async def test_a_plan_says_old_and_new_and_apply_does_it_and_back(shaped: TenantKit) -> None:
    before = await exported(shaped)
    assert before.settings is not None
    assert before.plugins is not None
    settings = {k: v for k, v in before.settings.items() if k != "theming.words"} | {"kernel.idle_days": 9}
    settings["theming.brand_name"] = "Acme"
    wanted = replace(before, settings=settings, plugins={"helpdesk": False}, roles={}, zone="Asia/Kolkata")
    todo, faults = await b.plan(shaped.ref, wanted)
    assert faults == []
    assert [str(change) for change in todo] == [
        "- plugins.analytics = false",
        "+ plugins.helpdesk = false",
        '- roles.helper = {"added": ["kernel.jobs.view"], "label": "Helper & Co", "removed": []}',
        "~ settings.kernel.idle_days: 7 -> 9",
        '+ settings.theming.brand_name = "Acme"',
        '- settings.theming.words = {"de": {"booking": "Termin"}}',
        '~ zone: "Europe/Berlin" -> "Asia/Kolkata"',
    ]
    assert b.changes(await exported(shaped), before) == []  # planning changed nothing
    done = await b.apply_to(shaped.ref, wanted, reason="spring cleaning")
    assert done.changes == todo
    with tenant_scope(shaped.ref):
        assert s.setting("kernel.idle_days") == 9
        assert s.setting("live.turn_secret") == "never-in-a-bundle"  # secrets stay where they are
    assert (await b.apply_to(shaped.ref, wanted)).changes == []
    await b.apply_to(shaped.ref, done.before)
    assert b.changes(await exported(shaped), before) == []
    with every_tenant():
        told = await sql(
            "SELECT after FROM kernel_operator_act WHERE action = 'bundle.applied' AND reason = 'spring cleaning'"
        )
    assert "settings.kernel.idle_days: 7 -> 9" in told[0].after


async def test_everything_that_speaks_against_a_bundle_is_said_and_nothing_applied(shaped: TenantKit) -> None:
    before = await exported(shaped)
    await governing.govern("kernel.session_days", tenant=shaped.ref, locked=True, reason="contract")
    await governing.govern("kernel.idle_days", tenant=shaped.ref, locked=False, minimum=5)
    bad = replace(
        before,
        name="Changed",
        zone="Mars/Base",
        hosts=(*before.hosts, "Not A Host"),
        plugins={"users": False, "scheduling": True, "nope": True},
        settings={
            "kernel.idle_days": 2, "kernel.session_days": 10, "kernel.max_accounts": 5, "live.turn_secret": "x",
            "nope.key": 1, "theming.radius": "round",
        },
        roles={"owner": {"label": "O"}, "x": {"label": "X", "added": ["no.right"], "removed": []}},
        parts={
            "scheduling.offer": {"types": [{"slug": "BAD", "title": "", "duration_minutes": -1}], "extra": 1},
            "theming.look": {"logo": "%%%"}, "gone.part": {},
        },
    )  # fmt: skip
    with pytest.raises(b.Refused) as caught:
        await b.apply_to(shaped.ref, bad)
    said = "\n".join(caught.value.faults)
    for words in (
        "zone: ", "hosts: 'Not A Host'", "plugins.nope: not installed",
        "settings.kernel.idle_days: Enter a number between 5 and 90",
        "settings.kernel.session_days: locked by the operator (contract)",
        "settings.kernel.max_accounts: only the operator", "settings.live.turn_secret: secrets do not travel",
        "settings.nope.key: no plugin declares it", "settings.theming.radius: ",
        "roles.owner: ", "roles.x: there is no right 'no.right'",
        "parts.scheduling.offer: there is no key 'extra'", "parts.scheduling.offer: types[BAD]: slug must be",
        "parts.theming.look: logo must be", "parts.gone.part: no installed plugin knows it",
    ):  # fmt: skip
        assert words in said
    assert b.changes(await exported(shaped), before) == []


async def test_a_plugin_whose_requirement_is_off_is_refused_and_an_old_state_is_not(shaped: TenantKit) -> None:
    before = await exported(shaped)
    broken = replace(before, plugins={"scheduling": False, "live": True})
    with pytest.raises(b.Refused) as caught:
        await b.apply_to(shaped.ref, broken)
    assert caught.value.faults == ["plugins.live: cannot be on: Requires Scheduling, which is off"]
    # The kernel itself may get there: whoever switches scheduling off leaves live wanted. That comes back as it was.
    await switch(shaped.ref, "live", False, cascade=True)
    await switch(shaped.ref, "live", True)
    await switch(shaped.ref, "scheduling", False, cascade=True)
    legal = await exported(shaped)
    assert legal.plugins is not None
    assert (legal.plugins["scheduling"], legal.plugins["live"]) == (False, True)
    assert (await b.apply_to(shaped.ref, replace(legal, zone="Asia/Tokyo"))).changes != []


async def test_what_a_bundle_leaves_out_is_left_alone(shaped: TenantKit) -> None:
    before = await exported(shaped)
    small = replace(before, plugins=None, settings=None, roles=None, parts=None, currency="CHF")
    done = await b.apply_to(shaped.ref, small)
    assert [change.path for change in done.changes] == ["currency"]


async def test_hosts_come_and_go_with_the_main_one_first(tenant: TenantKit) -> None:
    before = await exported(tenant)
    wanted = replace(before, hosts=("new.example.com", before.hosts[0]))
    await b.apply_to(tenant.ref, wanted)
    assert (await exported(tenant)).hosts == wanted.hosts
    await b.apply_to(tenant.ref, before)
    assert (await exported(tenant)).hosts == before.hosts


async def test_a_bundle_that_cannot_be_made_leaves_no_tenant(tenant: TenantKit) -> None:
    good = await exported(tenant)
    bad = replace(good, slug="halfway", hosts=("halfway.localhost",), parts={"theming.look": {"logo": "no"}})
    with pytest.raises(b.Refused) as caught:
        await b.create(bad)
    assert caught.value.faults == ["parts.theming.look: logo must be a WebP picture as an export writes it, in base64"]
    assert await find_tenant("halfway") is None
    with pytest.raises(b.Refused, match="leads to another tenant"):
        await b.create(replace(good, slug="halfway"))


async def test_a_retired_type_with_bookings_does_not_stop_a_bundle(shaped: TenantKit) -> None:
    before = await exported(shaped)
    assert before.parts is not None
    offer = dict(before.parts["scheduling.offer"])
    changed = [dict(one) for one in offer["types"]]
    changed[0] |= {"title": "Another title", "duration_minutes": 75}
    del changed[-1]
    wanted = replace(before, parts={"scheduling.offer": {**offer, "types": changed}})
    done = await b.apply_to(shaped.ref, wanted)
    slug = changed[0]["slug"]
    assert f"parts.scheduling.offer.types[{slug}].title" in [change.path for change in done.changes]
    await b.apply_to(shaped.ref, replace(before, parts={"scheduling.offer": offer}))
    assert b.changes(await exported(shaped), before) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slug = ", "cannot be read"),
        ('slug = "a"\nname = "A"', "lacks 'hosts'"),
        ('slug = "a"\nname = "A"\nhosts = "x"', "hosts must be a list of texts"),
        ('slug = "a"\nname = 1\nhosts = ["x"]', "name must be a text"),
        ('slug = "a"\nname = "A"\nhosts = ["x"]\nplugin = 1', "there is no key 'plugin'"),
        ('slug = "a"\nname = "A"\nhosts = ["x"]\nsettings = 1', "settings must be a table"),
        ('slug = "a"\nname = "A"\nhosts = ["x"]\n[roles]\nx = 1', "roles.x must be a table"),
        ('bundle = 9\nslug = "a"\nname = "A"\nhosts = ["x"]', "is not the version 1"),
        ('slug = "a"\nname = "A"\nhosts = ["x"]\naccounts = [{email = "a@b.c"}]', "an email and a name"),
    ],
)
def test_a_bad_file_is_refused_with_file_and_key(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^The bundle bad\.toml") as caught:
        b.read_bundle(path)
    assert words in str(caught.value)


def test_every_text_survives_the_file() -> None:
    nasty = "".join(chr(n) for n in (*range(1, 0x20), *range(0x7E, 0xA1), 0x2028, 0xFEFF, 0x1F600)) + "\"\\'#[]{}="
    given: dict[str, Any] = {"k.a": nasty, "k.b": [nasty, ""], "k.c": {nasty: {"n": 1, "t": True}}, "k.d": -5}
    bundle = b.Bundle(slug="a", name=nasty, hosts=("a.localhost",), settings=given, roles={}, parts={}, plugins={})
    assert b.parse_bundle(b.write_bundle(bundle), "x") == bundle
