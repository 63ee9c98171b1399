"""`greenroom analytics …`."""

from __future__ import annotations

import argparse

from kernel import Command, run_in_tenant

from . import services


async def _rebuild() -> int:
    total = await services.rebuild()
    print(f"counted {total} events")
    return 0


def rebuild(argv: list[str]) -> int:
    """Count all events of one tenant anew."""
    parser = argparse.ArgumentParser(prog="greenroom analytics rebuild")
    parser.add_argument("--tenant", required=True, help="the tenant's slug")
    return run_in_tenant(parser.parse_args(argv).tenant, _rebuild)


COMMANDS = [Command(name="rebuild", help="Count all events of one tenant anew.", run=rebuild)]
