"""`greenroom doctor`: what is wrong with this installation, each with a sentence and how to mend it.

Exit status 1 with any fault. `--production` judges as if people used it, whatever the mode says; production always is.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from ..app import installed
from ..base.clock import now
from ..base.config import Config, ConfigError, load_config, weakness
from ..engines import embedded, rls
from ..plugging import migrate as migrations
from ..plugging.registry import Registry
from ..tenancy.sealing import head
from ..web.limits import FORWARDED
from .backup import LAST, databases, owner_connection

_SKEW: Final = 2.0
_ROOM: Final = 1024**3
_BACKUP: Final = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is a stable name for scripts. A fault is to be mended before people come; a warning is to be known."""

    check: str
    level: Literal["fault", "warning"]
    what: str
    mend: str


def _fault(check: str, what: str, mend: str) -> Finding:
    return Finding(check, "fault", what, mend)


def _warning(check: str, what: str, mend: str) -> Finding:
    return Finding(check, "warning", what, mend)


async def report(data: Path | None, *, production: bool, as_json: bool) -> int:
    """The command: print what `examine` finds."""
    try:
        config = load_config(data=data)
    except ConfigError as exc:
        found = [_fault("configuration", str(exc), "Correct this variable; nothing else was looked at.")]
    else:
        found = await examine(config, os.environ, production=production or config.mode == "production")
    bad = any(finding.level == "fault" for finding in found)
    if as_json:
        print(json.dumps({"well": not bad, "findings": [asdict(finding) for finding in found]}, indent=1))
        return int(bad)
    for finding in found:
        print(f"{finding.level:8} {finding.check}: {finding.what}\n{'':9}{finding.mend}")
    if not found:
        print("Nothing to mend.")
    return int(bad)


async def examine(
    config: Config, env: Mapping[str, str], *, production: bool, dsns: tuple[str, str] | None = None
) -> list[Finding]:
    """Every finding, the configuration's first. `dsns` are those of owner and application, for tests."""
    registry = installed(config)
    found = list(_plugins(registry))
    if production:
        found += await _set_up(registry)
        found += [*_configured(config, env), *_edge(config), *_machine(config)]
        found += await _within("smtp", _smtp(config))
        found += await _within("redis", _redis(config))
        found += await _within("storage", _storage(config))
    found += await _database(config, dsns, production)
    return found


async def _within(check: str, work: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        async with asyncio.timeout(15):
            return await work
    except Exception as exc:
        return [
            _fault(
                check,
                f"It cannot be reached: {exc or type(exc).__name__}.",
                "See that it runs and that its address is right.",
            )
        ]


async def _set_up(registry: Registry) -> list[Finding]:
    """What plugins say about how they are set up."""
    found: list[Finding] = []
    for plugin_id, checks in registry.health.items():
        for check in checks:
            if check.mend and (trouble := await check.check()):
                found.append(_fault(f"{plugin_id}.{check.name}", trouble, check.mend))
    return found


def _plugins(registry: Registry) -> Iterator[Finding]:
    for info in registry.plugins.values():
        if info.state in ("broken", "blocked"):
            yield _fault(
                "plugins", f"{info.id} is {info.state}: {info.reason}", "Repair it, or set use = false in the manifest."
            )


def _configured(config: Config, env: Mapping[str, str]) -> Iterator[Finding]:
    if config.mode != "production":
        yield _fault(
            "mode", f"GREENROOM_MODE is {config.mode}: the mailbox viewer and developers' pages are open to all.",
            "Set GREENROOM_MODE=production.",
        )  # fmt: skip
    if not env.get("GREENROOM_SECRET"):
        yield _fault(
            "secret", "GREENROOM_SECRET is not set.", "Set it to 32 or more random characters: openssl rand -hex 32"
        )
    elif reason := weakness(config.secret):
        yield _fault("secret", f"GREENROOM_SECRET {reason}.", "Make a random one: openssl rand -hex 32")
    if config.old_secrets:
        yield _warning(
            "old-secrets", f"{len(config.old_secrets)} old secrets still open what they sealed.",
            "Run `greenroom secrets rotate`, then empty GREENROOM_OLD_SECRETS.",
        )  # fmt: skip
    if config.scheme != "https":
        yield _fault(
            "origin",
            "GREENROOM_SCHEME is http: cookies and passwords travel in the clear.",
            "Put TLS before it and set GREENROOM_SCHEME=https.",
        )
    if config.database_url is None:
        yield _fault(
            "database", "GREENROOM_DATABASE_URL is not set: the private PostgreSQL lives and dies with this process.",
            "Give it a PostgreSQL server of its own.",
        )  # fmt: skip
    if config.smtp_url is None:
        yield _fault(
            "smtp", "GREENROOM_SMTP_URL is not set: nobody would get mail.", "Set it to smtp://user:password@host:587."
        )
    if config.outbound_allow:
        networks = ", ".join(map(str, config.outbound_allow))
        yield _fault(
            "outbound", f"GREENROOM_OUTBOUND_ALLOW is set: users could make this server call {networks}.",
            "Empty it, unless these networks hold nothing but what users may reach.",
        )  # fmt: skip
    if config.log_level == "DEBUG" or env.get("PYTHONASYNCIODEBUG") or env.get("PYTHONDEVMODE"):
        yield _fault(
            "debug",
            "Debugging is on: slow, and logs tell more than they should.",
            "Set GREENROOM_LOG_LEVEL=INFO and unset PYTHONASYNCIODEBUG and PYTHONDEVMODE.",
        )
    if config.safe_mode:
        yield _warning(
            "safe-mode",
            "Safe mode is on: most plugins are not loaded.",
            "Unset GREENROOM_SAFE_MODE once the culprit is found.",
        )


def _edge(config: Config) -> Iterator[Finding]:
    seen = config.data_dir / FORWARDED
    if not config.trusted_proxies and seen.exists():
        yield _fault(
            "proxies", f"Requests come by way of {seen.read_text().strip()[:60]}, which is not trusted.",
            f"Set GREENROOM_TRUSTED_PROXIES to its network, then delete {seen}.",
        )  # fmt: skip
    for network in config.trusted_proxies:
        if network.prefixlen == 0:
            yield _fault(
                "proxies",
                f"GREENROOM_TRUSTED_PROXIES has {network}: anybody may forge an address.",
                "Name the proxies' own networks.",
            )
    if config.metrics_bind is not None and not _local(config.metrics_bind[0]):
        yield _warning(
            "metrics",
            f"Metrics are open on {config.metrics_bind[0]}.",
            "Bind them to 127.0.0.1 or a network that only the scraper reaches.",
        )


def _local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _machine(config: Config) -> Iterator[Finding]:
    folder = next(place for place in (config.data_dir, *config.data_dir.parents) if place.exists())
    usage = shutil.disk_usage(folder)
    if usage.free < max(_ROOM, usage.total // 50):
        yield _fault(
            "disk",
            f"{folder} has {usage.free // 1024**2} MB free.",
            "Make room: a full disk stops uploads first and the database next.",
        )
    if config.data_dir.exists() and config.data_dir.stat().st_mode & 0o006:
        yield _fault(
            "data-folder",
            f"Every user of this machine may look into {config.data_dir}.",
            f"chmod o-rw {config.data_dir}",
        )
    try:
        made = datetime.fromisoformat(json.loads((config.data_dir / LAST).read_text())["at"])
    except (OSError, ValueError, KeyError, TypeError):
        yield _fault(
            "backup",
            "There has never been a backup from here.",
            "Run `greenroom backup FILE` every night, and keep the file elsewhere.",
        )
        return
    if now() - made > _BACKUP:
        yield _fault(
            "backup",
            f"The last backup is of {made:%Y-%m-%d %H:%M} UTC.",
            "Run `greenroom backup FILE` every night, and keep the file elsewhere.",
        )


async def _smtp(config: Config) -> list[Finding]:
    if config.smtp_url is None:
        return []
    import aiosmtplib

    parts = urlsplit(config.smtp_url)
    tls = parts.scheme == "smtps"
    server = aiosmtplib.SMTP(hostname=parts.hostname, port=parts.port or (465 if tls else 587), use_tls=tls, timeout=8)
    async with server:
        if parts.username and not (tls or server.get_transport_info("sslcontext")):
            return [
                _fault(
                    "smtp",
                    "The mail server's password would travel in the clear.",
                    "Use smtps://, or a server that offers STARTTLS.",
                )
            ]
        if parts.username:
            await server.login(unquote(parts.username), unquote(parts.password or ""))
    return []


async def _redis(config: Config) -> list[Finding]:
    if config.redis_url is None:
        return []
    from redis.asyncio import Redis

    client = Redis.from_url(config.redis_url, socket_connect_timeout=5, socket_timeout=5)
    try:
        await client.ping()
    finally:
        await client.aclose()
    return []


async def _storage(config: Config) -> list[Finding]:
    if config.storage_url is None:
        return []
    from ..engines.storage import open_storage

    storage = open_storage(config)
    try:
        await storage.put("greenroom-doctor/probe", b"probe")
        await storage.delete("greenroom-doctor/probe")
    finally:
        await storage.close()
    return []


# --- the database ----------------------------------------------------------------------------------------------


async def _database(config: Config, dsns: tuple[str, str] | None, production: bool) -> list[Finding]:
    if dsns is None and config.database_url is None and not (config.data_dir / "postgres").exists():
        return [_warning("database", "There is no database yet.", "It is made at the first start.")]
    try:
        async with AsyncExitStack() as stack:
            owner, application = dsns if dsns is not None else await stack.enter_async_context(databases(config))
            conn = await owner_connection(owner, "doctor")
            stack.push_async_callback(conn.close)
            return await _look(config, conn, owner, application, production)
    except (asyncpg.PostgresError, OSError, TimeoutError, embedded.EmbeddedError) as exc:
        return [
            _fault(
                "database",
                f"The database cannot be asked: {exc}.",
                "See that it runs and that GREENROOM_DATABASE_URL is right.",
            )
        ]


async def _look(config: Config, conn: Any, owner: str, application: str, production: bool) -> list[Finding]:
    role = unquote(urlsplit(application).username or rls.APP_ROLE)
    registry = installed(config)
    apps = migrations.apps_of({pid: found[0] for pid, found in registry.models.items() if found})
    if not await conn.fetchval("SELECT to_regclass('public.kernel_tenant') IS NOT NULL"):
        return [_fault("migrations", "The database is empty.", "Run `greenroom migrate`.")]
    found: list[Finding] = []
    for line in await migrations.drift(apps, owner):
        if line.startswith(("Table ", "View ", "Role ", "Function ")):
            continue  # told below, for the role that is really used
        found.append(_fault("migrations", f"{line}.", "Run `greenroom migrate`."))
    for line in await rls.leaks(conn, role=role):
        found.append(_fault("isolation", line, "Run `greenroom migrate`; take away what was made by hand."))
    row = await conn.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolname = current_user AS owner, rolcreaterole OR rolcreatedb AS makes"
        " FROM pg_roles WHERE rolname = $1",
        role,
    )
    if row is None:
        found.append(
            _fault(
                "isolation",
                f"There is no role {role}.",
                "Run `greenroom migrate`, or create it: LOGIN, no other right.",
            )
        )
    elif row["rolsuper"] or row["rolbypassrls"] or row["owner"] or row["makes"]:
        found.append(
            _fault("isolation", f"The application's role {role} may do more than touch rows: no wall holds it.",
                   "Give it a role that neither owns tables nor is superuser, BYPASSRLS, CREATEROLE or CREATEDB.")
        )  # fmt: skip
    found += await _old_keys(config, conn)
    skew = abs((await conn.fetchval("SELECT clock_timestamp()") - datetime.now().astimezone()).total_seconds())
    if skew > _SKEW:
        found.append(
            _fault(
                "clock",
                f"This clock and the database's differ by {skew:.0f} seconds.",
                "Run a time service (chrony) on both.",
            )
        )
    if production:
        found += await _surroundings(config, conn)
    return found


async def _old_keys(config: Config, conn: Any) -> list[Finding]:
    """Stored secrets that the present key did not seal: lost as soon as the old one is taken away."""
    count = await conn.fetchval(
        "SELECT (SELECT count(*) FROM kernel_setting_value WHERE sealed IS NOT NULL"
        " AND substring(sealed FROM 1 FOR 5) <> $1) + (SELECT count(*) FROM kernel_platform_setting"
        " WHERE sealed IS NOT NULL AND substring(sealed FROM 1 FOR 5) <> $1)",
        head(config.secret),
    )
    if not count:
        return []
    mend = "Run `greenroom secrets rotate` while GREENROOM_OLD_SECRETS still has the key that sealed them."
    return [_warning("old-keys", f"{count} stored secrets are sealed with an older key.", mend)]


async def _surroundings(config: Config, conn: Any) -> list[Finding]:
    found = []
    # Every process listens for jobs or switches on a connection of its own.
    processes = await conn.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'greenroom'"
        " AND query ILIKE 'LISTEN%'"
    )
    if processes > 1 and config.redis_url is None:
        found.append(
            _fault(
                "redis",
                f"{processes} processes share this database without Redis: each has its own rate limits.",
                "Set GREENROOM_REDIS_URL for all of them.",
            )
        )
    parts = urlsplit(config.database_url or "")
    host = parts.hostname or ""
    mode = parse_qs(parts.query).get("sslmode", [""])[0]
    if host and not _local(host) and mode not in ("require", "verify-ca", "verify-full"):
        found.append(
            _warning(
                "database",
                f"The connection to {host} need not be encrypted.",
                "Add ?sslmode=verify-full to GREENROOM_DATABASE_URL.",
            )
        )
    return found
