"""Parametrises the suite with what is installed; `--plugin` narrows it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable
from functools import lru_cache

import pytest
import pytest_asyncio

from ...app import installed
from ...base.config import load_config
from ...base.contract import Route
from ...plugging.manifest import KERNEL
from ...plugging.registry import Registry
from ..people import TenantKit

MakeTenant = Callable[..., Awaitable[TenantKit]]


@lru_cache(maxsize=1)
def registry() -> Registry:
    return installed(load_config(dict(os.environ) | {"GREENROOM_STRICT": "1"}, mode="test"))


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> None:
    """The suite brings its own mode, so that it runs in a folder without any configuration."""
    if inspect.iscoroutinefunction(obj):
        pytest.mark.asyncio(loop_scope="session")(obj)


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(make_tenant: MakeTenant) -> TenantKit:
    """With every plugin on, whatever its default: what is off keeps any promise."""
    return await make_tenant(plugins=_everything())


@pytest_asyncio.fixture(loop_scope="session")
async def other_tenant(make_tenant: MakeTenant) -> TenantKit:
    return await make_tenant(plugins=_everything())


def _everything() -> dict[str, bool]:
    return {pid: True for pid in registry().ready if pid != KERNEL and not registry().plugins[pid].locked}


def chosen(config: pytest.Config) -> list[str]:
    try:
        named = config.getoption("--plugin")
    except ValueError:  # the fixtures were not loaded as a plugin
        named = []
    return [pid for pid in registry().ready if not named or pid in named]


def routes(config: pytest.Config) -> list[tuple[str, Route]]:
    return [(pid, route) for pid in chosen(config) for route in registry().routes.get(pid, ())]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "plugin" in metafunc.fixturenames:
        metafunc.parametrize("plugin", [p for p in chosen(metafunc.config) if p != "kernel"])
    if "any_plugin" in metafunc.fixturenames:
        metafunc.parametrize("any_plugin", chosen(metafunc.config))
