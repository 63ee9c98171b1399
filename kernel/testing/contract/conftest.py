"""Parametrises the suite with what is installed; `--plugin` narrows it."""

from __future__ import annotations

import os
from functools import lru_cache

import pytest

from ...app import installed
from ...base.config import load_config
from ...base.contract import Route
from ...plugging.registry import Registry


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--plugin", action="append", default=[], help="only this plugin (may be given several times)")


@lru_cache(maxsize=1)
def registry() -> Registry:
    return installed(load_config(dict(os.environ) | {"GREENROOM_STRICT": "1"}, mode="test"))


def chosen(config: pytest.Config) -> list[str]:
    try:
        named = config.getoption("--plugin")
    except ValueError:  # the suite is part of a larger run
        named = []
    return [pid for pid in registry().ready if not named or pid in named]


def routes(config: pytest.Config) -> list[tuple[str, Route]]:
    return [(pid, route) for pid in chosen(config) for route in registry().routes.get(pid, ())]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "plugin" in metafunc.fixturenames:
        metafunc.parametrize("plugin", [p for p in chosen(metafunc.config) if p != "kernel"])
    if "any_plugin" in metafunc.fixturenames:
        metafunc.parametrize("any_plugin", chosen(metafunc.config))
