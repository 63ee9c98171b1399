"""pytest fixtures: a real PostgreSQL, the whole application over real HTTP, tenants, people, a real Chromium.

A test that asks for `tenant` gets one of its own, so nothing has to be rolled back or truncated: tenants do not
see each other. All async fixtures share one session-wide event loop, and async tests must run in it
(`asyncio_default_test_loop_scope = "session"`).
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from ..app import Greenroom, installed, started
from ..base.clock import frozen_at
from ..base.config import Config, load_config
from ..base.context import TenantRef
from ..base.contract import Notice
from ..engines import embedded
from ..operations.serving import listening
from ..plugging.migrate import apps_of
from ..tenancy.tenants import create_tenant
from ..tenancy.toggles import switch
from ..work.worker import run_due
from .databases import cluster_folder, open_cluster, run_database
from .people import Site, TenantKit
from .watching import counting_queries, noting_notices, published

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page


def pytest_addoption(parser: pytest.Parser) -> None:
    """For the contract suite; here, because only plugins can add options when a suite is named by its package."""
    parser.addoption("--plugin", action="append", default=[], help="contract suite: only this plugin (repeatable)")


def pytest_configure(config: pytest.Config) -> None:
    """A name that nothing has would select no test, and that looks like success."""
    if named := set(config.getoption("--plugin")):
        ready = installed(load_config(dict(os.environ), mode="test")).ready
        if missing := ", ".join(sorted(named - set(ready))):
            raise pytest.UsageError(f"No working plugin is called {missing}; see: greenroom plugin list")


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a browser or a Redis, so that nobody forgets to."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if asked & {"browser", "new_page"}:
            item.add_marker(pytest.mark.browser)
        if "redis_url" in asked:
            item.add_marker(pytest.mark.redis)


ALL = os.environ.get("GREENROOM_TEST_ALL") == "1"


def _missing(what: str, why: str) -> None:
    """Skip with the reason; with GREENROOM_TEST_ALL=1 nothing may be skipped."""
    if ALL:
        pytest.fail(f"{what} is missing, and nothing may be skipped: {why}")
    pytest.skip(f"{what} is missing: {why}")


@pytest.fixture(scope="session")
def cluster() -> Iterator[embedded.Embedded]:
    """A private PostgreSQL for the run; its data folder is kept between runs."""
    server = open_cluster(cluster_folder())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def test_config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    from aiohttp.test_utils import unused_port

    data = tmp_path_factory.mktemp("data")
    env = {k: v for k, v in os.environ.items() if not k.startswith("GREENROOM_")} | {"GREENROOM_STRICT": "1"}
    if manifest := os.environ.get("GREENROOM_MANIFEST"):
        env["GREENROOM_MANIFEST"] = manifest
    return load_config(env, mode="test", port=unused_port(), data=data)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(cluster: embedded.Embedded, test_config: Config) -> AsyncIterator[tuple[str, str]]:
    """DSNs (owner, application) of a migrated database of this run's own."""
    registry = installed(test_config)
    apps = apps_of({pid: found[0] for pid, found in registry.models.items() if found})
    async with run_database(cluster, apps) as dsns:
        yield dsns


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def greenroom(database: tuple[str, str], test_config: Config) -> AsyncIterator[Greenroom]:
    """The application, serving on 127.0.0.1. Jobs run when a test says `run_jobs()`."""
    async with (
        started(test_config, migrating=False, database=database) as room,
        listening(room),
    ):
        yield room


_count = 0


@pytest_asyncio.fixture(loop_scope="session")
async def make_tenant(greenroom: Greenroom) -> AsyncIterator[Callable[..., Awaitable[TenantKit]]]:
    """`await make_tenant(plugins={"x": False}, locale="de")`: a fresh tenant with its own host."""

    async def make(
        *,
        plugins: dict[str, bool] | None = None,
        locale: str = "en",
        locales: tuple[str, ...] = ("en", "de", "ar"),
        zone: str = "Europe/Berlin",
        currency: str = "EUR",
    ) -> TenantKit:
        global _count
        _count += 1
        slug = f"t{_count}"
        host = f"{slug}.localhost"
        ref = await create_tenant(
            slug, f"Tenant {_count}", hosts=[host], locale=locale, locales=locales, zone=zone, currency=currency,
            plugins=plugins,
        )  # fmt: skip
        await greenroom.runtime.snapshots.refresh()
        kit = TenantKit(ref, host, greenroom.runtime.config.port)
        kits.append(kit)
        return kit

    kits: list[TenantKit] = []
    yield make
    for kit in kits:
        await kit.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(make_tenant: Callable[..., Awaitable[TenantKit]]) -> TenantKit:
    """A tenant with every plugin in its default state."""
    return await make_tenant()


@pytest_asyncio.fixture(loop_scope="session")
async def other_tenant(make_tenant: Callable[..., Awaitable[TenantKit]]) -> TenantKit:
    return await make_tenant()


@pytest.fixture
def run_jobs() -> Callable[..., Awaitable[int]]:
    """`await run_jobs(tenant)`: execute all due jobs now; with `until=` also those due up to that instant."""

    async def run(kit: TenantKit | TenantRef, **options: Any) -> int:
        options.setdefault("raising", True)
        return await run_due(kit.ref if isinstance(kit, TenantKit) else kit, **options)

    return run


@pytest.fixture
def frozen_time() -> Callable[..., Any]:
    """`with frozen_time(instant):` - the clock of this process stands still."""
    return frozen_at


@pytest.fixture
def count_queries() -> Callable[[], Any]:
    """`with count_queries() as counted:` - how many statements the database was asked: `len(counted)`."""
    return counting_queries


@pytest.fixture
def notices() -> Iterator[list[Notice]]:
    """What declared notification types compose during the test, each key once; run the jobs first."""
    with noting_notices() as found:
        yield found


@pytest.fixture
def captured_events(tenant: TenantKit) -> Callable[..., Awaitable[list[dict[str, Any]]]]:
    """`await captured_events("shop.sold.v1")`: the data of what was published in `tenant`, oldest first."""

    async def captured(name: str = "") -> list[dict[str, Any]]:
        return await published(tenant, name)

    return captured


@pytest.fixture
def as_role(tenant: TenantKit) -> Callable[..., Awaitable[Site]]:
    """`await as_role("admin")`: a browser signed in to `tenant` as somebody new with these roles."""
    return tenant.sign_in


@pytest.fixture
def enable(tenant: TenantKit) -> Callable[[str], Awaitable[None]]:
    """`await enable("shop")`: switch a plugin or feature of `tenant` on, with what it requires."""

    async def on(key: str) -> None:
        await switch(tenant.ref, key, True, reason="by a test", cascade=True)

    return on


@pytest.fixture
def disable(tenant: TenantKit) -> Callable[[str], Awaitable[None]]:
    """`await disable("shop")`: switch a plugin or feature of `tenant` off, with what requires it."""

    async def off(key: str) -> None:
        await switch(tenant.ref, key, False, reason="by a test", cascade=True)

    return off


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of this run's own."""
    import subprocess

    from aiohttp.test_utils import unused_port

    binary = shutil.which("redis-server")
    if binary is None:
        _missing("redis-server", "install Debian's redis-server")
        return
    port, folder = unused_port(), tmp_path_factory.mktemp("redis")
    process = subprocess.Popen(  # noqa: S603
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(10)


# --- Chromium ---------------------------------------------------------------------------------------------------

#: Quiet, reproducible, and able to show itself a camera. The network flags keep it from calling home.
CHROMIUM_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb", "--font-render-hinting=none",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=fps=30",
    "--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection",
)  # fmt: skip


def chromium_path() -> str | None:
    return next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One headless Chromium for the run."""
    path = chromium_path()
    if path is None:
        _missing("Chromium", "install Debian's chromium")
        return
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(
            executable_path=path, headless=True, args=list(CHROMIUM_FLAGS), chromium_sandbox=False
        )
        yield found
        await found.close()


_REPORT = pytest.StashKey[bool]()


def _pictures() -> Path:
    folder = Path("test-pictures")
    folder.mkdir(exist_ok=True)
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    # In early CPython 3.11, a collection while ast.parse runs (pytest quotes the source of a failure) may end in a
    # SystemError, and with it the whole run (python/cpython#106905).
    gc.disable()
    try:
        report = yield
    finally:
        gc.enable()
    if report.when == "call":
        item.stash[_REPORT] = report.failed
    return report


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[Callable[..., Awaitable[Page]]]:
    """`await new_page(width=390, dark=True)`: a page in a context of its own; console and page errors fail the test.

    Pages of a failed test are left as pictures in test-pictures/.
    """
    contexts: list[Any] = []
    faults: list[str] = []

    async def make(
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        zone: str = "Europe/Berlin",
        script: bool = True,
        site: Any = None,
        tolerate: tuple[str, ...] = (),
    ) -> Page:
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            timezone_id=zone,
            java_script_enabled=script,
            permissions=["camera", "microphone"],
        )
        contexts.append(context)
        if site is not None:
            await context.add_cookies(site.browser_cookies())
        page = await context.new_page()
        page.set_default_timeout(15_000)

        def note(text: str) -> None:
            if not any(t in text for t in tolerate):
                faults.append(text)

        page.on("pageerror", lambda error: note(f"page error: {error}"))
        page.on("console", lambda m: note(f"console: {m.text}") if m.type == "error" else None)
        return page

    yield make
    if request.node.stash.get(_REPORT, False):
        folder = _pictures()
        for number, page in enumerate(page for context in contexts for page in context.pages):
            await page.screenshot(path=folder / f"{request.node.name}-{number}.png", full_page=True)
    for context in contexts:
        await context.close()
    assert faults == []
