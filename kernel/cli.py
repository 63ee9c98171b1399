"""`greenroom`: one command for running, migrating and looking after an installation."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from . import cli_plugins, cli_tenants
from .base.config import Config, ConfigError, Mode, find_manifest, load_config
from .plugging.manifest import ManifestError, load_manifest

Run = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point. Returns the exit status: 0 well, 1 failed with one clear sentence, 2 wrong usage."""
    args = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if args and not args[0].startswith("-") and args[0] not in _BUILT_IN:
        return _plugin_command(parser, args)
    parsed = parser.parse_args(args)
    from .engines.client import DatabaseUnavailable
    from .engines.embedded import EmbeddedError
    from .plugging.applying import MigrationBlocked
    from .plugging.registry import RegistryError

    try:
        run: Run = parsed.run
        return run(parsed)
    except (ConfigError, ManifestError, EmbeddedError, RegistryError, MigrationBlocked, PermissionError) as exc:
        return fail(str(exc))
    except DatabaseUnavailable as exc:
        return fail(f"{exc}; see GREENROOM_DATABASE_URL")
    except KeyboardInterrupt:
        return 130


def fail(sentence: str) -> int:
    print(f"greenroom: {sentence}", file=sys.stderr)
    return 1


_BUILT_IN = ("demo", "serve", "worker", "migrate", "tenant", "account", "plugin", "doctor", "backup", "restore",
             "setting", "secrets")  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="greenroom", description="A white-label platform made of plugins over a small kernel."
    )
    commands = parser.add_subparsers(metavar="command", required=True)

    def command(name: str, help_: str, run: Run) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_, description=help_)
        sub.set_defaults(run=run)
        sub.add_argument("--data", type=Path, help="data folder (default: GREENROOM_DATA or ./.greenroom)")
        return sub

    demo = command("demo", "Start a demo: private database, sample tenants, one process.", _demo)
    demo.add_argument("--port", type=_port, help="port to listen on (default: GREENROOM_PORT or 8080)")
    serve = command("serve", "Serve web requests.", _serve)
    serve.add_argument("--port", type=_port, help="port to listen on (default: GREENROOM_PORT or 8080)")
    serve.add_argument("--no-jobs", action="store_true", help="leave jobs to `greenroom worker`")
    serve.add_argument(
        "--workers",
        type=_workers,
        default=1,
        help="processes that share the port (default: 1); more than one need Redis",
    )
    serve.add_argument("--child", type=int, default=0, help=argparse.SUPPRESS)
    worker = command("worker", "Execute jobs.", _worker)
    worker.add_argument("--queues", type=_queues, help="only these, each with its own limit if given: mail=2,default")
    worker.add_argument("--concurrency", type=int, default=10, help="jobs at once (default: 10)")
    worker.add_argument("--drain", action="store_true", help="tell all workers to finish what they have and leave")
    migrate = command("migrate", "Bring the database up to date.", _migrate)
    migrate.add_argument("action", nargs="?", choices=("apply", "make", "check"), default="apply",
                         help="apply what is pending (default); make: write what the models of a plugin have and its"
                         " migrations lack; check: say whether any plugin lacks some")  # fmt: skip
    migrate.add_argument("plugin", nargs="?", help="with make: which plugin, or kernel")
    migrate.add_argument("--name", default="", help="with make: what the migration does, in a word or two")
    cli_tenants.add_commands(command, lambda args, work: _run(work(_config(args), args)))
    account = command("account", "Create an account with roles.", _account)
    account.add_argument("action", choices=("create",))
    account.add_argument("--tenant", required=True, help="the tenant's slug")
    account.add_argument("--email", required=True, help="what they sign in with")
    account.add_argument("--name", required=True, help="what others see")
    account.add_argument("--role", action="append", default=[], help="owner, admin, …; may be given several times")
    account.add_argument("--password-stdin", action="store_true", help="read the password from standard input"
                         " (default: asked for on a terminal; else they choose one by mail)")  # fmt: skip
    cli_plugins.add_commands(command, _config, _run)
    doctor = command("doctor", "Check this installation and say what to mend.", _doctor)
    doctor.add_argument("--production", action="store_true", help="judge it as one that people use, whatever its mode")
    doctor.add_argument("--json", action="store_true", help="the findings as JSON")
    backup = command("backup", "Write database and files of this moment into one file.", _backup)
    backup.add_argument("file", type=Path, help="what to write; one that is there is replaced")
    restore = command("restore", "Bring back a backup.", _restore)
    restore.add_argument("file", type=Path, help="what `greenroom backup` wrote")
    restore.add_argument("--force", action="store_true", help="replace an installation that has tenants")
    restore.add_argument("--new-secret", action="store_true", help="go on although GREENROOM_SECRET is another one")
    for sub in (backup, restore):
        sub.add_argument(
            "--passphrase-file", type=Path,
            help="its first line encrypts the file (default: GREENROOM_BACKUP_PASSPHRASE, else it is not encrypted)",
        )  # fmt: skip
    return parser


def _workers(text: str) -> int:
    if text.isdecimal() and 0 < int(text) <= 64:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes from 1 to 64")


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")


def _config(args: argparse.Namespace, mode: Mode | None = None) -> Config:
    from .base import log

    config = load_config(mode=mode, port=getattr(args, "port", None), data=args.data)
    level = config.log_level
    if config.mode == "demo" or (level == "INFO" and args.run not in (_serve, _worker, _migrate)):
        level = "WARNING"  # whoever runs another command wants its answer alone
    log.configure(as_json=config.log_json, level=level, secrets=config.secrets)
    return config


def _run(work: Awaitable[int]) -> int:
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.run(work)  # type: ignore[arg-type]
    return uvloop.run(work)  # type: ignore[arg-type]


# --- commands ---------------------------------------------------------------------------------------------------


def _demo(args: argparse.Namespace) -> int:
    from .operations import demo

    return _run(demo.run(_config(args, "demo")))


def _serve(args: argparse.Namespace) -> int:
    from .operations import serving

    if args.workers > 1:
        from .operations import supervising

        return _run(supervising.supervise(_config(args), args.workers, jobs=not args.no_jobs))
    return _run(serving.serve(_config(args), jobs=not args.no_jobs, child=args.child))


def _worker(args: argparse.Namespace) -> int:
    from .operations import serving

    if args.drain:
        return _run(serving.drain(_config(args)))
    return _run(serving.work(_config(args), queues=args.queues, concurrency=max(1, args.concurrency)))


def _queues(text: str) -> dict[str, int | None]:
    """`mail=2,default` as {"mail": 2, "default": None}."""
    found: dict[str, int | None] = {}
    for part in text.split(","):
        name, given, limit = part.strip().partition("=")
        if not name or (given and not (limit.isascii() and limit.isdecimal() and 0 < int(limit) < 1000)):
            raise argparse.ArgumentTypeError(f"{part!r} is not a queue such as mail or mail=2")
        found[name] = int(limit) if given else None
    return found


def _migrate(args: argparse.Namespace) -> int:
    from .operations import upkeep

    if args.action == "make":
        if not args.plugin:
            return fail("say which plugin: greenroom migrate make <plugin>")
        return _run(upkeep.make_migration(_config(args, "test"), args.plugin, args.name))
    if args.action == "check":
        return _run(upkeep.check_migrations(_config(args, "test")))
    return _run(upkeep.migrate(_config(args)))


def _account(args: argparse.Namespace) -> int:
    from .operations import upkeep

    config, password = _config(args), _password(args)
    return _run(upkeep.create_account(config, args.tenant, args.email, args.name, args.role, password=password))


def _password(args: argparse.Namespace) -> str | None:
    """From standard input or the terminal; None leaves it to its owner, who asks for a link by mail."""
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        return None
    import getpass

    return getpass.getpass(f"Password for {args.email} (nothing: they choose one by mail): ") or None


def _doctor(args: argparse.Namespace) -> int:
    from .operations import doctor

    return _run(doctor.report(args.data, production=args.production, as_json=args.json))


def _backup(args: argparse.Namespace) -> int:
    from .operations import backup

    return _run(backup.command(_config(args), args.file, args.passphrase_file))


def _restore(args: argparse.Namespace) -> int:
    from .operations import restore

    work = restore.command(_config(args), args.file, args.passphrase_file, force=args.force, new_secret=args.new_secret)
    return _run(work)


def _plugin_command(parser: argparse.ArgumentParser, args: list[str]) -> int:
    """`greenroom <plugin> <command> …`: imports that plugin alone, needs no database unless the command does."""
    import importlib
    import os

    try:
        manifest = load_manifest(find_manifest(os.environ))
    except (ConfigError, ManifestError) as exc:
        return fail(str(exc))
    entry = next((e for e in manifest.plugins if e.id == args[0]), None)
    if entry is None:
        parser.print_usage(sys.stderr)
        return 2
    module = importlib.import_module(entry.module)
    commands = {c.name: c for c in getattr(module, "register_commands", lambda: [])()}
    chosen = commands.get(args[1]) if len(args) > 1 else None
    if chosen is None:
        known = "\n".join(f"  greenroom {entry.id} {c.name}   {c.help}" for c in commands.values())
        print(known or f"greenroom: {entry.id} has no commands", file=sys.stderr)
        return 2
    return int(chosen.run(args[2:]))
