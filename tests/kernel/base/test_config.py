"""The environment is read once, checked, and refused with one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.base.config import ConfigError, load_config

ENV = {"GREENROOM_SECRET": "0123456789abcdefghijklmnopqrstuvwxyzABCD"}


def test_production_is_strict_by_default(tmp_path: Path) -> None:
    config = load_config(ENV, data=tmp_path)
    assert (config.mode, config.scheme, config.cookie_secure, config.dev) == ("production", "https", True, False)
    assert config.public_port is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GREENROOM_MODE", "debug"),
        ("GREENROOM_PORT", "70000"),
        ("GREENROOM_PORT", "-1"),
        ("GREENROOM_SCHEME", "ftp"),
        ("GREENROOM_SECRET", "short"),
        ("GREENROOM_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("GREENROOM_SAFE_MODE", "maybe"),
        ("GREENROOM_OUTBOUND_ALLOW", "localhost"),
        ("GREENROOM_OUTBOUND_PORTS", "443, 70000"),
    ],
)
def test_a_bad_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load_config({**ENV, name: value}, data=tmp_path)


def test_production_needs_a_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="GREENROOM_SECRET"):
        load_config({}, data=tmp_path)


def test_a_demo_keeps_its_secret(tmp_path: Path) -> None:
    first = load_config({}, mode="demo", data=tmp_path / "new", port=8123)
    again = load_config({}, mode="demo", data=tmp_path / "new", port=8123)
    assert first.secret == again.secret
    assert len(first.secret) >= 32
    assert (tmp_path / "new" / "secret").stat().st_mode & 0o077 == 0
    assert first.public_port == 8123
    assert "secret" not in repr(first).replace("secret=", "") or first.secret.decode() not in repr(first)


def test_an_unusable_data_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="data folder"):
        load_config({}, mode="demo", data=tmp_path / "file")
