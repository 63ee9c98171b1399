"""The doctor: calls nothing good that is not, names each thing with how to mend it, and is quiet when all is well."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from kernel import cli
from kernel.base.clock import now
from kernel.base.config import Config, ConfigError, load_config
from kernel.engines import embedded
from kernel.operations import doctor
from kernel.operations.backup import LAST
from kernel.operations.doctor import Finding, examine
from kernel.plugging import migrate
from kernel.web.limits import FORWARDED

from ...processes import own_database, weak

SECRET = "u8Zq1f0wXk7vT3nB5mL9pR2sD4gH6jC0"
ENV = {"GREENROOM_SECRET": SECRET}


def good(folder: Path, **over: Any) -> Config:
    """A production configuration with nothing to mend; there is no mail server."""
    folder.mkdir(exist_ok=True, mode=0o700)
    (folder / LAST).write_text(json.dumps({"at": now().isoformat()}))
    env = {k: v for k, v in os.environ.items() if k == "GREENROOM_MANIFEST"} | {"GREENROOM_SECRET": SECRET}
    config = load_config(env, mode="production", data=folder)
    return dataclasses.replace(config, database_url="postgresql://x@127.0.0.1/x", smtp_url="smtp://127.0.0.1:9", **over)


async def found(config: Config, dsn: str, env: dict[str, str] | None = None, app: str = "") -> dict[str, Finding]:
    findings = await examine(config, env or ENV, production=True, dsns=(dsn, app or weak(dsn)))
    assert all(f.what.endswith((".", "!")) and len(f.mend) > 10 for f in findings), findings
    # what plugins say of themselves is tested with them
    return {finding.check: finding for finding in findings if "." not in finding.check}


_unwritten: list[list[str]] = []


@pytest.fixture(autouse=True)
def compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models and migrations do not change between two calls of the doctor, and comparing them takes seconds."""
    compare = migrate.unwritten

    async def unwritten(apps: migrate.Apps) -> list[str]:
        if not _unwritten:
            _unwritten.append(await compare(apps))
        return _unwritten[0]

    monkeypatch.setattr(migrate, "unwritten", unwritten)


@pytest.fixture
async def mail() -> Any:
    """A mail server that greets."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            writer.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 yes\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_a_good_installation_is_called_good(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path, mail: str
) -> None:
    async with own_database(cluster, "doctor") as dsn:
        assert await found(_with(good(tmp_path / "data"), smtp_url=mail), dsn) == {}


def _with(config: Config, **over: Any) -> Config:
    return dataclasses.replace(config, **over)


async def test_every_unsafe_setting_is_a_fault(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path, mail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _with(good(tmp_path / "data"), smtp_url=mail)
    cases: list[tuple[str, Config, dict[str, str]]] = [
        ("secret", config, {"OTHER": "x"}),
        ("secret", _with(config, secret=b"a" * 40), ENV),
        ("secret", _with(config, secret=b"greenroom-test-secret-of-32-bytes-and-more"), ENV),
        ("old-secrets", _with(config, old_secrets=(b"x" * 32,)), ENV),
        ("mode", _with(config, mode="demo"), ENV),
        ("origin", _with(config, scheme="http"), ENV),
        ("database", _with(config, database_url=None), ENV),
        ("smtp", _with(config, smtp_url=None), ENV),
        ("smtp", _with(config, smtp_url="smtp://127.0.0.1:9"), ENV),
        ("smtp", _with(config, smtp_url=mail.replace("//", "//user:pass@")), ENV),
        ("redis", _with(config, redis_url="redis://127.0.0.1:9/0"), ENV),
        ("storage", _with(config, storage_url="s3://greenroom", s3_endpoint="http://127.0.0.1:9"), ENV),
        ("outbound", _with(config, outbound_allow=(ip_network("10.0.0.0/8"),)), ENV),
        ("debug", _with(config, log_level="DEBUG"), ENV),
        ("debug", config, ENV | {"PYTHONASYNCIODEBUG": "1"}),
        ("safe-mode", _with(config, safe_mode=True), ENV),
        ("proxies", _with(config, trusted_proxies=(ip_network("0.0.0.0/0"),)), ENV),
        ("metrics", _with(config, metrics_bind=("0.0.0.0", 9464)), ENV),
    ]
    async with own_database(cluster, "doctor") as dsn:
        for name, unsafe, env in cases:
            findings = await found(unsafe, dsn, env)
            assert set(findings) == {name}, (name, findings)
        (config.data_dir / FORWARDED).write_text("10.0.0.9")
        assert set(await found(config, dsn)) == {"proxies"}
        (config.data_dir / FORWARDED).unlink()
        (config.data_dir / LAST).write_text(json.dumps({"at": "2020-01-01T00:00:00+00:00"}))
        assert "2020-01-01" in (await found(config, dsn))["backup"].what
        (config.data_dir / LAST).unlink()
        assert set(await found(config, dsn)) == {"backup"}
        (config.data_dir / LAST).write_text(json.dumps({"at": now().isoformat()}))
        config.data_dir.chmod(0o755)
        assert set(await found(config, dsn)) == {"data-folder"}
        config.data_dir.chmod(0o700)
        monkeypatch.setattr(doctor, "_ROOM", 2**60)
        assert set(await found(config, dsn)) == {"disk"}


async def test_holes_in_the_database_are_faults(
    cluster: embedded.Embedded, database: tuple[str, str], tmp_path: Path, mail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _with(good(tmp_path / "data"), smtp_url=mail)
    async with own_database(cluster, "doctor") as dsn:
        conn = await asyncpg.connect(dsn)
        for breaking, mending, name in (
            ("ALTER TABLE kernel_file DISABLE ROW LEVEL SECURITY", "ALTER TABLE kernel_file ENABLE ROW LEVEL SECURITY",
             "isolation"),
            ("CREATE VIEW peep AS SELECT * FROM kernel_file", "DROP VIEW peep", "isolation"),
            ("CREATE ROLE mighty LOGIN BYPASSRLS", "DROP ROLE mighty", "isolation"),
            ("DELETE FROM tortoise_migrations WHERE app = 'theming'", "SELECT 1", "migrations"),
        ):  # fmt: skip
            await conn.execute(breaking)
            mighty = dsn.replace("//postgres@", "//mighty@", 1) if "ROLE" in breaking else ""
            assert name in await found(config, dsn, app=mighty), breaking
            await conn.execute(mending)
        owner = await found(config, dsn, app=dsn)
        assert owner["isolation"].level == "fault"
        # Two processes and no Redis.
        listeners = [await asyncpg.connect(dsn, server_settings={"application_name": "greenroom"}) for _ in range(2)]
        for listener in listeners:
            await listener.add_listener("x", lambda *given: None)
        assert "redis" in await found(config, dsn)
        for listener in listeners:
            await listener.close()
        await conn.close()
        monkeypatch.setattr(doctor, "_SKEW", -1.0)
        assert "clock" in await found(config, dsn)
    gone = await found(config, dsn)
    assert "cannot be asked" in gone["database"].what


@pytest.mark.parametrize(
    "secret", ["a" * 40, "abc" * 20, "changeme-changeme-changeme-changeme-1", "greenroom-0123456789-0123456789-xyz"]
)
def test_production_does_not_start_on_a_default_or_weak_secret(secret: str) -> None:
    with pytest.raises(ConfigError, match="GREENROOM_SECRET"):
        load_config({"GREENROOM_SECRET": secret}, mode="production")
    load_config({"GREENROOM_SECRET": SECRET}, mode="production")


def test_the_command_says_it_and_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in os.environ if n.startswith("GREENROOM_") and n != "GREENROOM_MANIFEST"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GREENROOM_MODE", "demo")
    assert cli.main(["doctor", "--production", "--json", "--data", str(tmp_path / "d")]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["well"] is False
    assert {"mode", "secret", "origin", "smtp", "backup"} <= {f["check"] for f in told["findings"]}
    monkeypatch.setenv("GREENROOM_MODE", "production")
    monkeypatch.setenv("GREENROOM_SECRET", "short")
    assert cli.main(["doctor", "--data", str(tmp_path / "d")]) == 1
    assert "at least 32 characters" in capsys.readouterr().out
