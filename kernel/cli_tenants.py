"""The commands about tenants, settings and secrets: what they take. What they do is in operations/."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

Start = Callable[[argparse.Namespace, Any], int]
Register = Callable[[str, str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser]


def add_commands(command: Register, start: Start) -> None:
    """`start(args, work)` runs `await work(config, args)` and gives its exit status."""
    tenants = command("tenant", "Make, show, pause, move and erase tenants.", lambda args: _tenant(args, start))
    steps = tenants.add_subparsers(metavar="step", required=True, dest="action")

    def step(name: str, help_: str, *, slug: bool | str = True) -> argparse.ArgumentParser:
        sub = steps.add_parser(name, help=help_, description=help_)
        sub.add_argument("--data", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if slug:
            sub.add_argument("slug", nargs=None if slug is True else "?", help="the tenant's slug")
        return sub

    step("list", "Every tenant: state, hosts, plugins, quotas.", slug=False).add_argument("--json", action="store_true")
    create = step("create", "Make a tenant from a bundle.", slug=False)
    create.add_argument("--bundle", type=Path, required=True, help="TOML: slug, name, hosts, plugins, settings, …")
    step("export", "Write a tenant's configuration as a bundle.").add_argument("file", type=Path, nargs="?")
    step("diff", "Say what a bundle would change.").add_argument("file", type=Path)
    apply = step("apply", "Make a tenant be as a bundle says, or refuse with all reasons.")
    apply.add_argument("file", type=Path)
    apply.add_argument("--dry-run", action="store_true", help="only say what would change")
    suspend = step("suspend", "Pause a tenant: 503 with the reason, jobs wait, data stay.")
    resume = step("resume", "Take a paused tenant up again.")
    delete = step("delete", "Erase a paused tenant: every row and file.")
    delete.add_argument("--confirm", metavar="SLUG", help="instead of being asked")
    domain = step("domain", "A tenant's own host names.")
    domain.add_argument("step", choices=("list", "add", "verify", "primary", "remove"),
                        help="add, prove by DNS and verify; primary: the address that the others lead to")  # fmt: skip
    domain.add_argument("host", nargs="?")
    domain.add_argument("--trusted", action="store_true", help="with add: yours to give, nothing to prove")
    quota = step("quota", "Show limits and use, or set a limit.")
    quota.add_argument("quota", nargs="?", help="such as kernel.accounts")
    quota.add_argument("limit", nargs="?", help="a number (sizes in MB), none, or default")
    for sub in (apply, suspend, resume, delete, quota):
        sub.add_argument("--reason", default="", help="kept in the logs; people of a paused site read it")
    _settings(command, start)


def _settings(command: Register, start: Start) -> None:
    setting = command("setting", "Values, locks and bounds of settings.", lambda args: _setting(args, start))
    setting.add_argument("step", choices=("get", "set", "reset", "lock", "unlock", "explain"),
                         help="reset: to the default; lock and unlock: may tenants choose, and within which bounds;"
                         " explain: where the value comes from")  # fmt: skip
    setting.add_argument("key", help="such as kernel.session_days")
    setting.add_argument("value", nargs="?", help="with set; `-` reads it from standard input, which keeps secrets out"
                         " of the shell's history")  # fmt: skip
    setting.add_argument("--tenant", help="only for this one (default: for all)")
    setting.add_argument("--min", type=int, dest="minimum", help="with lock and unlock: the least that may be set")
    setting.add_argument("--max", type=int, dest="maximum", help="with lock and unlock: the most that may be set")
    setting.add_argument("--reason", default="", help="tenants read it where the setting is locked")
    secrets = command("secrets", "What seals stored secrets.", lambda args: _secrets(args, start))
    secrets.add_argument("action", choices=("rotate",), help="seal them all with the newest key")


def _tenant(args: argparse.Namespace, start: Start) -> int:
    from .operations import tenants

    named = {"list": tenants.listing, "quota": tenants.quotas}
    return start(args, named.get(args.action) or getattr(tenants, args.action))


def _setting(args: argparse.Namespace, start: Start) -> int:
    from .operations import settings

    return start(args, settings.setting)


def _secrets(args: argparse.Namespace, start: Start) -> int:
    from .operations import settings

    return start(args, lambda config, _args: settings.rotate(config))
