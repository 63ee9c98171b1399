"""`greenroom`: one command for running, migrating and looking after an installation."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

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
    from .engines.embedded import EmbeddedError
    from .plugging.registry import RegistryError

    try:
        run: Run = parsed.run
        return run(parsed)
    except (ConfigError, ManifestError, EmbeddedError, RegistryError) as exc:
        return fail(str(exc))
    except KeyboardInterrupt:
        return 130


def fail(sentence: str) -> int:
    print(f"greenroom: {sentence}", file=sys.stderr)
    return 1


_BUILT_IN = ("demo", "serve", "worker", "migrate", "tenant", "account", "plugin", "doctor")


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
    serve.add_argument("--port", type=_port)
    serve.add_argument("--no-jobs", action="store_true", help="leave jobs to `greenroom worker`")
    command("worker", "Execute jobs.", _worker)
    migrate = command("migrate", "Bring the database up to date.", _migrate)
    migrate.add_argument("action", nargs="?", choices=("apply", "make", "check"), default="apply")
    migrate.add_argument("plugin", nargs="?", help="with make: which plugin, or kernel")
    migrate.add_argument("--name", default="", help="with make: what the migration does, in a word or two")
    tenant = command("tenant", "List tenants, or create one from a bundle.", _tenant)
    tenant.add_argument("action", choices=("list", "create"))
    tenant.add_argument("--bundle", type=Path, help="with create: a TOML file with name, hosts, plugins, settings")
    account = command("account", "Create an account with roles.", _account)
    account.add_argument("action", choices=("create",))
    account.add_argument("--tenant", required=True, help="the tenant's slug")
    account.add_argument("--email", required=True)
    account.add_argument("--name", required=True)
    account.add_argument("--role", action="append", default=[], help="may be given several times")
    plugin = command("plugin", "List plugins, or switch one for a tenant.", _plugin)
    plugin.add_argument("action", choices=("list", "enable", "disable"))
    plugin.add_argument("id", nargs="?")
    plugin.add_argument("--tenant", help="the tenant's slug")
    plugin.add_argument("--reason", default="by command")
    plugin.add_argument("--cascade", action="store_true", help="with disable: also what requires it")
    command("doctor", "Check this installation and say what to mend.", _doctor)
    return parser


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")


def _config(args: argparse.Namespace, mode: Mode | None = None) -> Config:
    from .base import log

    config = load_config(mode=mode, port=getattr(args, "port", None), data=args.data)
    log.configure(as_json=config.log_json, level="WARNING" if config.mode == "demo" else config.log_level)
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

    return _run(serving.serve(_config(args), jobs=not args.no_jobs))


def _worker(args: argparse.Namespace) -> int:
    from .operations import serving

    return _run(serving.work(_config(args)))


def _migrate(args: argparse.Namespace) -> int:
    from .operations import upkeep

    if args.action == "make":
        if not args.plugin:
            return fail("say which plugin: greenroom migrate make <plugin>")
        return _run(upkeep.make_migration(_config(args, "test"), args.plugin, args.name))
    if args.action == "check":
        return _run(upkeep.check_migrations(_config(args, "test")))
    return _run(upkeep.migrate(_config(args)))


def _tenant(args: argparse.Namespace) -> int:
    from .operations import upkeep

    if args.action == "list":
        return _run(upkeep.list_tenants(_config(args)))
    if args.bundle is None:
        return fail("say from which bundle: greenroom tenant create --bundle FILE")
    return _run(upkeep.create_tenant(_config(args), args.bundle))


def _account(args: argparse.Namespace) -> int:
    from .operations import upkeep

    return _run(upkeep.create_account(_config(args), args.tenant, args.email, args.name, args.role))


def _plugin(args: argparse.Namespace) -> int:
    from .operations import upkeep

    if args.action == "list":
        return upkeep.list_plugins(load_config(mode="test", data=args.data))
    if not args.id or not args.tenant:
        return fail(f"say which: greenroom plugin {args.action} <plugin> --tenant <slug>")
    on = args.action == "enable"
    return _run(upkeep.switch(_config(args), args.tenant, args.id, on, args.reason, cascade=args.cascade))


def _doctor(args: argparse.Namespace) -> int:
    from .operations import upkeep

    return _run(upkeep.doctor(_config(args)))


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
