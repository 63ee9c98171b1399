"""The commands about plugins: what they take. What they do is in operations/."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from .base.config import Config, Mode, load_config

Register = Callable[[str, str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser]
Configure = Callable[[argparse.Namespace], Config]
Run = Callable[[Awaitable[int]], int]


def add_commands(command: Register, configure: Configure, run: Run) -> None:
    """`configure` reads the configuration of an installation; `run` does the work and gives its exit status."""
    plugin = command(
        "plugin", "Write, check, list, switch or purge plugins.", lambda args: _plugin(args, configure, run)
    )
    steps = plugin.add_subparsers(metavar="step", required=True, dest="action")

    def step(name: str, help_: str, *, id_: str = "the plugin's id", tenant: str = "") -> argparse.ArgumentParser:
        sub = steps.add_parser(name, help=help_, description=help_)
        sub.add_argument("--data", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if id_:
            sub.add_argument("id", nargs="?", help=id_)
        if tenant:
            sub.add_argument("--tenant", help=tenant)
        return sub

    _for_authors(step)
    _for_operators(step)


def _for_authors(step: Callable[..., argparse.ArgumentParser]) -> None:
    new = step("new", "Write the package of a new plugin, which works at once.", id_="such as reading_list")
    new.add_argument("--folder", type=Path, help="where to write it (default: ./<id>)")
    new.add_argument("--title", default="", help="its name for people")
    check = step("check", "Say what a plugin does not keep, with a grade from A to F.")
    check.add_argument("--json", action="store_true", help="the report as JSON")
    step("texts", "Renew the translations of a plugin from its sources.")


def _for_operators(step: Callable[..., argparse.ArgumentParser]) -> None:
    step("list", "Every installed plugin: version, state, what keeps it from working.", id_="")
    switched, one, some = "a plugin or one of its features", "the tenant's slug", "the tenant's slug (default: all)"
    enable = step("enable", "Switch it on for a tenant.", id_=switched, tenant=one)
    disable = step("disable", "Switch it off for a tenant. Its data stay.", id_=switched, tenant=one)
    explain = step("explain", "Say why it is on or off for a tenant.", id_=switched, tenant=one)
    explain.add_argument("--account", default="", help="for one of its people: their e-mail address")
    offer = step("offer", "Let tenants have it (again).", id_=switched, tenant=some)
    withhold = step("withhold", "Keep it from tenants.", id_=switched, tenant=some)
    stop = step("stop", "Switch it off for everybody, now.", id_=switched)
    resume = step("resume", "Take a stopped one up again.", id_=switched)
    trial = step("try", "Switch it on for some tenants, and off again by itself if it fails.", id_=switched)
    trial.add_argument("--percent", type=int, default=10, help="share of the tenants (default: 10); 0 ends the trial")
    trial.add_argument("--max-errors", type=int, default=5, help="percent of requests that may fail (default: 5)")
    purge = step("purge", "Delete the tables of a plugin, with what they hold of every tenant.")
    purge.add_argument("--yes", action="store_true", help="really do it")
    disable.add_argument("--cascade", action="store_true", help="also what requires it")
    enable.add_argument("--cascade", action="store_true", help="also what it requires")
    for sub in (enable, disable, offer, withhold, stop, resume):
        sub.add_argument("--reason", default="by command", help="kept in the audit log, and shown to tenants")


def _plugin(args: argparse.Namespace, configure: Configure, run: Run) -> int:
    from .operations import plugins, switches, upkeep

    action, named = args.action, getattr(args, "id", None)
    test: Mode = "test"  # those who write plugins have no configured installation
    if action == "list":
        return upkeep.list_plugins(load_config(mode=test, data=args.data))
    if not named:
        return _fail(f"say which: greenroom plugin {action} <plugin>")
    if action == "new":
        return plugins.new(load_config(mode=test, data=args.data), named, args.folder, args.title)
    if action == "texts":
        return plugins.texts(load_config(mode=test, data=args.data), named)
    if action == "check":
        return run(plugins.check(load_config(mode=test, data=args.data), named, json=args.json))
    if action == "purge":
        return run(plugins.purge(configure(args), named, confirmed=args.yes))
    if action == "try":
        return run(switches.try_out(configure(args), named, args.percent, args.max_errors))
    if action in ("stop", "withhold") and args.reason == "by command":
        return _fail(f"say why: greenroom plugin {action} {named} --reason '…'; every tenant is shown it")
    if action in ("offer", "withhold", "stop", "resume"):
        return run(switches.say(configure(args), action, named, getattr(args, "tenant", None), args.reason))
    if not args.tenant:
        return _fail(f"say which: greenroom plugin {action} {named} --tenant <slug>")
    if action == "explain":
        return run(switches.explain(configure(args), args.tenant, named, args.account))
    on = action == "enable"
    return run(upkeep.switch(configure(args), args.tenant, named, on, args.reason, cascade=args.cascade))


def _fail(sentence: str) -> int:
    print(f"greenroom: {sentence}", file=sys.stderr)
    return 1
