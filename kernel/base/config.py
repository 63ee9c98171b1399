"""Environment in, one frozen Config out. Nothing else reads environment variables."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

Mode = Literal["demo", "production", "test"]
_MODES = ("demo", "production", "test")


class ConfigError(ValueError):
    """One sentence that names the variable and what it may be."""


@dataclass(frozen=True, slots=True)
class Config:
    """How this process was started. Durations in seconds, sizes in bytes."""

    mode: Mode
    data_dir: Path
    secret: bytes = field(repr=False)
    manifest: Path
    host: str = "127.0.0.1"
    port: int = 8080
    scheme: Literal["http", "https"] = "https"
    #: Shown in links: the public port, or None for the scheme's own.
    public_port: int | None = None
    database_url: str | None = field(default=None, repr=False)
    app_database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    #: Secrets of before: they open what they sealed, until `greenroom secrets rotate` has sealed it anew.
    old_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    #: Name servers that are asked for the proofs of custom domains; none: those of the machine.
    name_servers: tuple[str, ...] = ()
    #: Networks that requests to addresses typed by users may reach besides the public internet, by any scheme and port.
    outbound_allow: tuple[IPv4Network | IPv6Network, ...] = ()
    #: Ports that such requests may use besides 80 and 443.
    outbound_ports: frozenset[int] = frozenset()
    #: Where Prometheus reads on a port of its own (host, port of the first process), and what opens /metrics elsewhere.
    metrics_bind: tuple[str, int] | None = None
    metrics_token: bytes = field(default=b"", repr=False)
    metrics_by_tenant: bool = False
    #: Open connections that this process takes at most; further ones are closed at once.
    max_connections: int = 10_000
    #: Where files are kept instead of the data folder: s3://bucket/prefix, with an endpoint for other makers' stores.
    storage_url: str | None = None
    s3_endpoint: str | None = None
    s3_region: str = "us-east-1"
    traces: bool = False
    safe_mode: bool = False
    strict: bool = False
    #: Seconds for a page to begin its answer; longer ones are cut with 503.
    page_seconds: float = 60.0
    #: Seconds that the event loop may stand still before it is reported; and before a supervised process ends itself.
    blocked_seconds: float = 2.0
    restart_seconds: float = 10.0
    log_json: bool = False
    log_level: str = "INFO"

    @property
    def cookie_secure(self) -> bool:
        """Cookies carry Secure and the __Host- prefix: always, except in a demo or test over plain http."""
        return self.scheme == "https"

    @property
    def secrets(self) -> list[str]:
        """What must never be seen in a log: secrets and the passwords inside addresses."""
        found = [key.decode(errors="replace") for key in (self.secret, *self.old_secrets, self.metrics_token)]
        for url in (self.database_url, self.app_database_url, self.redis_url, self.smtp_url):
            if url and (password := urlsplit(url).password):
                found += [password, unquote(password)]
        return [secret for secret in found if secret]

    @property
    def dev(self) -> bool:
        """Pages for developers (component gallery, mailbox viewer) exist."""
        return self.mode != "production"


def load_config(
    env: Mapping[str, str] | None = None,
    *,
    mode: Mode | None = None,
    port: int | None = None,
    data: Path | None = None,
) -> Config:
    """The configuration of this process. Arguments win over the environment.

    Raises ConfigError for a value out of range, and in production for a missing or short secret.
    """
    env = os.environ if env is None else env
    chosen = mode or env.get("GREENROOM_MODE", "production")
    if chosen not in _MODES:
        raise ConfigError(f"GREENROOM_MODE must be one of {', '.join(_MODES)}, not {chosen!r}.")
    data_dir = Path(data or env.get("GREENROOM_DATA") or ".greenroom").expanduser().absolute()
    wanted_port = port if port is not None else _int(env, "GREENROOM_PORT", 8080, 0, 65535)
    scheme = env.get("GREENROOM_SCHEME") or ("https" if chosen == "production" else "http")
    if scheme not in ("http", "https"):
        raise ConfigError(f"GREENROOM_SCHEME must be http or https, not {scheme!r}.")
    public = env.get("GREENROOM_PUBLIC_PORT")
    return Config(
        mode=chosen,  # type: ignore[arg-type]
        data_dir=data_dir,
        secret=_secret(env, chosen, data_dir),
        manifest=find_manifest(env),
        host=env.get("GREENROOM_HOST", "127.0.0.1"),
        port=wanted_port,
        scheme=scheme,  # type: ignore[arg-type]
        public_port=_int(env, "GREENROOM_PUBLIC_PORT", 0, 1, 65535) if public else _default_port(chosen, wanted_port),
        database_url=_database(env, "GREENROOM_DATABASE_URL"),
        app_database_url=_database(env, "GREENROOM_APP_DATABASE_URL"),
        redis_url=env.get("GREENROOM_REDIS_URL") or None,
        smtp_url=env.get("GREENROOM_SMTP_URL") or None,
        trusted_proxies=_networks(env, "GREENROOM_TRUSTED_PROXIES"),
        outbound_allow=_networks(env, "GREENROOM_OUTBOUND_ALLOW"),
        outbound_ports=_ports(env, "GREENROOM_OUTBOUND_PORTS"),
        old_secrets=_old_secrets(env),
        name_servers=tuple(env.get("GREENROOM_NAME_SERVERS", "").split()),
        metrics_bind=_bind(env, "GREENROOM_METRICS_BIND"),
        metrics_token=_token(env, "GREENROOM_METRICS_TOKEN"),
        metrics_by_tenant=_bool(env, "GREENROOM_METRICS_BY_TENANT"),
        max_connections=_int(env, "GREENROOM_MAX_CONNECTIONS", 10_000, 10, 1_000_000),
        storage_url=_storage(env),
        s3_endpoint=env.get("GREENROOM_S3_ENDPOINT") or None,
        s3_region=env.get("GREENROOM_S3_REGION") or "us-east-1",
        traces=_bool(env, "GREENROOM_TRACES"),
        safe_mode=_bool(env, "GREENROOM_SAFE_MODE"),
        strict=_bool(env, "GREENROOM_STRICT"),
        page_seconds=_int(env, "GREENROOM_PAGE_SECONDS", 60, 1, 3600),
        blocked_seconds=_int(env, "GREENROOM_BLOCKED_SECONDS", 2, 1, 3600),
        restart_seconds=_int(env, "GREENROOM_RESTART_SECONDS", 10, 2, 3600),
        log_json=_bool(env, "GREENROOM_LOG_JSON", default=chosen == "production"),
        log_level=env.get("GREENROOM_LOG_LEVEL", "INFO").upper(),
    )


def find_manifest(env: Mapping[str, str]) -> Path:
    """GREENROOM_MANIFEST, else ./plugin_manifest.toml, else the one beside or inside the installed kernel."""
    package = Path(__file__).resolve().parent.parent
    named = env.get("GREENROOM_MANIFEST")
    places = [Path(named)] if named else [Path("plugin_manifest.toml"), package.parent / "plugin_manifest.toml"]
    places.append(package / "plugin_manifest.toml")
    for place in places:
        if place.is_file():
            return place.absolute()
    raise ConfigError(f"No plugin manifest at {places[0]}; set GREENROOM_MANIFEST to its path.")


def _default_port(mode: str, port: int) -> int | None:
    return None if mode == "production" else port


def weakness(secret: bytes) -> str:
    """Why a secret is none ("is ..."), or ""."""
    text = secret.decode(errors="replace").lower()
    if len(secret) < 32:
        return "has fewer than 32 characters"
    if len(set(text)) < 8 or text in (text + text)[1:-1]:
        return "repeats itself"
    if any(
        word in text for word in ("changeme", "change-me", "change_me", "example", "password", "greenroom", "secret")
    ):
        return "looks like one that was copied from somewhere"
    return ""


def _secret(env: Mapping[str, str], mode: str, data_dir: Path) -> bytes:
    given = env.get("GREENROOM_SECRET", "")
    if given:
        if len(given) < 32:
            raise ConfigError("GREENROOM_SECRET must have at least 32 characters; openssl rand -hex 32 makes one.")
        if mode == "production" and (reason := weakness(given.encode())):
            raise ConfigError(f"GREENROOM_SECRET {reason}: make a random one, for example with openssl rand -hex 32.")
        return given.encode()
    if mode == "production":
        raise ConfigError("Set GREENROOM_SECRET to at least 32 random characters; openssl rand -hex 32 makes some.")
    if mode == "test":
        return b"greenroom-test-secret-of-32-bytes-and-more"
    # A demo keeps its secret beside its data, so that sign-ins survive a restart.
    path = data_dir / "secret"
    try:
        if path.is_file():
            return path.read_bytes()
        data_dir.mkdir(parents=True, exist_ok=True)
        value = secrets.token_hex(32).encode()
        path.touch(mode=0o600)
        path.write_bytes(value)
    except OSError as exc:
        raise ConfigError(f"The data folder {data_dir} cannot be used: {exc.strerror}.") from exc
    return value


def _old_secrets(env: Mapping[str, str]) -> tuple[bytes, ...]:
    found = env.get("GREENROOM_OLD_SECRETS", "").split()
    if any(len(secret) < 32 for secret in found):
        raise ConfigError("GREENROOM_OLD_SECRETS must be secrets of at least 32 characters, with spaces between them.")
    return tuple(secret.encode() for secret in found)


def _int(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
    return int(text)


def _bool(env: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    text = env.get(name, "").lower()
    if text in ("", "0", "1", "true", "false", "yes", "no"):
        return default if text == "" else text in ("1", "true", "yes")
    raise ConfigError(f"{name} must be 1 or 0, not {text!r}.")


def _networks(env: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in env.get(name, "").split(",") if part.strip())
    except ValueError as exc:
        raise ConfigError(f"{name} must be a list of networks such as 10.0.0.0/8: {exc}.") from exc


def _ports(env: Mapping[str, str], name: str) -> frozenset[int]:
    parts = [part.strip() for part in env.get(name, "").split(",") if part.strip()]
    if not all(part.isascii() and part.isdecimal() and 0 < int(part) < 65536 for part in parts):
        raise ConfigError(f"{name} must be a list of ports such as 8443, 9443.")
    return frozenset(int(part) for part in parts)


def _database(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name) or None
    if text is not None and not text.startswith(("postgresql://", "postgres://")):
        raise ConfigError(f"{name} must be an address such as postgresql://user:password@host/name.")
    return text


def _bind(env: Mapping[str, str], name: str) -> tuple[str, int] | None:
    text = env.get(name, "")
    host, _, port = text.rpartition(":")
    if not text:
        return None
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"{name} must be an address and a port such as 127.0.0.1:9464, not {text!r}.")
    return host.strip("[]"), int(port)


def _token(env: Mapping[str, str], name: str) -> bytes:
    text = env.get(name, "")
    if text and (len(text) < 20 or not text.isascii()):
        raise ConfigError(f"{name} must have at least 20 characters of plain ASCII.")
    return text.encode()


def _storage(env: Mapping[str, str]) -> str | None:
    text = env.get("GREENROOM_STORAGE_URL", "")
    if text and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?", text):
        raise ConfigError(f"GREENROOM_STORAGE_URL must be s3://bucket or s3://bucket/prefix, not {text!r}.")
    return text or None
