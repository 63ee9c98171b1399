"""The steps of the journey that remain, whatever is installed and on: with everything, and with one plugin off.

test_minus_one.py also runs this file in processes that one plugin was taken out of altogether.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable

import pytest

from kernel.app import Greenroom
from kernel.base.config import find_manifest
from kernel.plugging.manifest import load_manifest
from kernel.tenancy.toggles import switch
from kernel.testing.contract.walk import all_roles, holes, seed
from kernel.testing.people import PASSWORD, TenantKit

MakeTenant = Callable[..., Awaitable[TenantKit]]
RunJobs = Callable[..., Awaitable[int]]
PLUGINS = [entry.id for entry in load_manifest(find_manifest(os.environ)).plugins]
_PRACTICE = re.compile(r'<(?:input|button)[^>]*name="type"[^>]*value="([0-9a-f-]{36})"')
API = "/api/v1/scheduling"


async def journey(kit: TenantKit, greenroom: Greenroom, run_jobs: RunJobs) -> list[str]:
    """Walk it; names of the steps that there were."""
    snapshot = greenroom.runtime.snapshots.of(kit.ref.id)
    assert snapshot is not None
    steps = [await step(kit) for key, step in STEPS.items() if all(pid in snapshot.effective for pid in key.split("+"))]
    steps.append(await every_entry_of_the_menu(kit, greenroom))
    await run_jobs(kit, raising=True)
    return steps


async def signing_in(kit: TenantKit) -> str:
    await kit.account(email="walker@example.test")
    site = kit.visitor()
    assert (await site.get("/")).status == 200
    form = {"email": "walker@example.test", "password": PASSWORD}
    assert (await site.post("/sign-in", form)).status == 303
    assert (await site.get("/home")).status == 200
    assert (await site.get("/account/security")).status == 200
    assert (await site.post("/sign-out")).status == 303
    return "sign in and out"


async def signing_up(kit: TenantKit) -> str:
    site = kit.visitor()
    assert (await site.get("/sign-up")).status == 200
    return "sign up"


async def booking(kit: TenantKit) -> str:
    """Held, confirmed as far as it goes without a card, and cancelled."""
    site = await kit.sign_in("candidate")
    people = (await site.get(f"{API}/interviewers")).json()["items"]
    for person in people:
        for kind in person["types"]:
            query = f"interviewer={person['slug']}&type={kind}"
            slots = (await site.get(f"{API}/slots?{query}")).json()["slots"]
            if not slots:
                continue
            sent = {"interviewer": person["slug"], "type": kind, "start": slots[-1]}
            held = await site.post(f"{API}/bookings", json=sent)
            assert held.status == 201, held.text
            path = f"{API}/bookings/{held.json()['id']}"
            done = await site.post(f"{path}/confirm", json={"goal": "Graphs"})
            assert done.status < 500, done.text
            assert (await site.get(path)).json()["status"] in ("held", "requested", "pending", "accepted")
            page = await site.get(f"/bookings/{held.json()['id']}")
            assert page.status in (200, 303), page.text[:300]
            return "book"
    raise AssertionError("nobody has a free time")


async def practising(kit: TenantKit) -> str:
    site = await kit.sign_in("candidate")
    page = await site.get("/practice")
    kind = _PRACTICE.search(page.text)
    assert kind is not None
    begun = await site.post("/practice", {"type": kind[1], "_key": "practice-one"})
    assert begun.status == 303, begun.text[:500]
    room = "/rooms/" + begun.location.rstrip("/").rpartition("/")[2]
    ticket = await site.post(f"{room}/ticket")
    assert ticket.status == 200
    socket = await site.socket(f"{room}/ws?ticket={ticket.json()['ticket']}")
    assert '"welcome"' in (await socket.receive(5)).data
    await socket.close()
    return "meet in a room"


async def asking_for_help(kit: TenantKit) -> str:
    site = await kit.sign_in()
    assert (await site.get("/help")).status == 200
    return "ask for help"


async def switching(kit: TenantKit) -> str:
    owner = await kit.sign_in("owner")
    for path in ("/admin/plugins", "/admin/switch-history", "/admin/switch-playground?visitor=1", "/api/v1/switches"):
        assert (await owner.get(path)).status == 200, path
    return "look at the switchboard"


STEPS: dict[str, Callable[[TenantKit], Awaitable[str]]] = {
    "kernel": signing_in,
    "users": signing_up,
    "scheduling": booking,
    "scheduling+live+live.practice": practising,
    "helpdesk": asking_for_help,
    "kernel+kernel": switching,
}


async def every_entry_of_the_menu(kit: TenantKit, greenroom: Greenroom) -> str:
    """Nobody is led to a page that is not there, nor to one that fails."""
    registry = greenroom.runtime.registry
    site = await kit.sign_in("owner", *all_roles(role.id for found in registry.roles.values() for role in found))
    home = (await site.get("/home")).text
    paths = {route.path for routes in registry.routes.values() for route in routes if not holes(route)}
    links = {link for link in re.findall(r'href="(/[^"?#]*)"', home) if link in paths}
    assert len(links) > 5
    broken = {link: status for link in sorted(links) if (status := (await site.get(link)).status) not in (200, 303)}
    assert broken == {}
    return "follow every link of the start page"


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_with_everything_that_is_installed(
    make_tenant: MakeTenant, greenroom: Greenroom, run_jobs: RunJobs
) -> None:
    kit = await make_tenant()
    await seed(kit)
    await run_jobs(kit, raising=False)
    steps = await journey(kit, greenroom, run_jobs)
    assert len(steps) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("pid", PLUGINS)
async def test_with_one_plugin_switched_off(
    make_tenant: MakeTenant, greenroom: Greenroom, run_jobs: RunJobs, pid: str
) -> None:
    kit = await make_tenant()
    await seed(kit)
    await run_jobs(kit, raising=False)
    await switch(kit.ref, pid, False, reason="tried in a test", cascade=True)
    steps = await journey(kit, greenroom, run_jobs)
    assert len(steps) >= 3
