"""`greenroom tenant …`: making, showing, pausing, moving and erasing tenants, and their domains and quotas."""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from ..app import started
from ..base.config import Config
from ..base.context import TenantRef, speaking, tenant_scope
from ..base.errors import Problem
from ..base.runtime import runtime
from ..engines.connection import unit_of_work
from ..tenancy import domains
from ..tenancy.governing import reset_tenant_value, set_tenant_value
from ..tenancy.quotas import quota, uses
from ..tenancy.snapshots import Snapshot
from ..tenancy.tenants import add_host, find_tenant, remove_host, set_state
from . import bundles, erasing

Work = Callable[[TenantRef], Awaitable[int]]


def refused(exc: Problem) -> int:
    """One line that says why not; status 1."""
    errors = getattr(exc, "errors", None)
    detail = "; ".join(f"{field}: {text}" for field, text in errors.items()) if errors else str(exc)
    print(f"greenroom: {detail}", file=sys.stderr)
    return 1


def no_tenant(slug: str) -> int:
    print(f"greenroom: there is no tenant {slug!r}; see: greenroom tenant list", file=sys.stderr)
    return 1


async def for_tenant(config: Config, slug: str, work: Work) -> int:
    """Start, do the work in scope of the tenant, end. What speaks against it is printed."""
    async with started(config):
        tenant = await find_tenant(slug)
        if tenant is None:
            return no_tenant(slug)
        with tenant_scope(tenant), speaking("en", "UTC"):
            try:
                return await work(tenant)
            except Problem as exc:
                return refused(exc)
            except bundles.Refused as exc:
                print("greenroom: nothing was applied:", *(f"  {text}" for text in exc.faults), sep="\n",
                      file=sys.stderr)  # fmt: skip
                return 1
            except erasing.NotErased as exc:
                print(f"greenroom: not erased: {exc}", file=sys.stderr)
                return 1


# --- showing ------------------------------------------------------------------------------------------------------


async def listing(config: Config, args: Namespace) -> int:
    """Every tenant with state, hosts, plugins and quota use."""
    async with started(config):
        found = []
        for snapshot in sorted(runtime().snapshots.all(), key=lambda s: s.tenant.slug):
            with tenant_scope(snapshot.tenant), speaking("en", "UTC"):
                found.append(await _shown(snapshot))
    if args.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return 0
    if not found:
        print("There are no tenants; make one: greenroom tenant create --bundle FILE")
    for one in found:
        print(f"{one['slug']:20} {one['state']:10} {one['name']}")
        if one["state_reason"]:
            print(f"{'':20} {one['state_reason']}")
        print(f"{'':20} hosts    {', '.join(d['host'] + _mark(d) for d in one['domains'])}")
        print(f"{'':20} plugins  {', '.join(one['plugins']) or 'none'}")
        for q in one["quotas"]:
            if q["limit"] is not None:
                print(f"{'':20} {q['id']:22} {q['used_words']} of {q['limit_words']} ({q['share']} %)")
    return 0


def _mark(domain: dict[str, Any]) -> str:
    return (
        " (main)"
        if domain["primary"]
        else ""
        if domain["state"] in ("operator", "verified")
        else (f" ({domain['state']})")
    )


async def _shown(snapshot: Snapshot) -> dict[str, Any]:
    since: datetime | None = snapshot.state_since
    return {
        "slug": snapshot.tenant.slug,
        "name": snapshot.tenant.name,
        "id": str(snapshot.tenant.id),
        "state": snapshot.state,
        "state_reason": snapshot.state_reason,
        "state_since": since.isoformat() if since else None,
        "domains": [
            {"host": d.host, "state": d.state, "primary": d.primary, "serving": d.serving}
            for d in await domains.domains()
        ],
        "plugins": [pid for pid in snapshot.shape.plugins if pid != "kernel"],
        "quotas": [
            {
                "id": u.id, "used": u.used, "limit": u.limit, "share": u.share, "used_words": u.used_words,
                "limit_words": u.limit_words,
            }
            for u in await uses()
        ],
    }  # fmt: skip


# --- bundles ------------------------------------------------------------------------------------------------------


async def create(config: Config, args: Namespace) -> int:
    bundle = bundles.read_bundle(args.bundle)
    async with started(config):
        try:
            tenant = await bundles.create(bundle)
        except bundles.Refused as exc:
            print(f"greenroom: {bundle.slug} was not created:", *(f"  {t}" for t in exc.faults), sep="\n",
                  file=sys.stderr)  # fmt: skip
            return 1
        except Problem as exc:
            return refused(exc)
        snapshot = runtime().snapshots.of(tenant.id)
        print(f"created {tenant.slug}: {snapshot.origin if snapshot else bundle.hosts[0]}")
        if not bundle.accounts:
            print(f"next: greenroom account create --tenant {tenant.slug} --email … --name … --role owner")
    return 0


async def export(config: Config, args: Namespace) -> int:
    async def work(tenant: TenantRef) -> int:
        _write(bundles.write_bundle(await bundles.export()), args.file)
        return 0

    return await for_tenant(config, args.slug, work)


def _write(text: str, file: Path | None) -> None:
    if file is None:
        print(text, end="")
        return
    file.write_text(text, encoding="utf-8")
    print(f"wrote {file}")


async def diff(config: Config, args: Namespace) -> int:
    """0: nothing to do. 1: refused. 2: there are changes, as diff(1) has it."""
    wanted = bundles.read_bundle(args.file)

    async def work(tenant: TenantRef) -> int:
        todo, faults = await bundles.plan(tenant, wanted)
        print("\n".join(map(str, todo)) or "nothing to do")
        if faults:
            raise bundles.Refused(faults)
        return 2 if todo else 0

    return await for_tenant(config, args.slug or wanted.slug, work)


async def apply(config: Config, args: Namespace) -> int:
    wanted = bundles.read_bundle(args.file)

    async def work(tenant: TenantRef) -> int:
        if args.dry_run:
            todo, faults = await bundles.plan(tenant, wanted)
            if faults:
                raise bundles.Refused(faults)
            print("\n".join(map(str, todo)) or "nothing to do")
            return 0
        before = bundles.write_bundle(await bundles.export())
        done = await bundles.apply_to(tenant, wanted, reason=args.reason)
        if not done.changes:
            print("nothing to do")
            return 0
        print("\n".join(map(str, done.changes)))
        kept = _keep(config, tenant, bundles.write_bundle(done.before) if done.before else before)
        print(f"applied; to take it back: greenroom tenant apply {tenant.slug} {kept}")
        return 0

    return await for_tenant(config, args.slug or wanted.slug, work)


def _keep(config: Config, tenant: TenantRef, text: str) -> Path:
    """The state before, as a file beside the data: the way back."""
    from ..base.clock import now

    folder = config.data_dir / "bundles"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{tenant.slug}-{now():%Y%m%dT%H%M%S%f}.toml"
    path.write_text(text, encoding="utf-8")
    return path


# --- states -------------------------------------------------------------------------------------------------------


async def suspend(config: Config, args: Namespace) -> int:
    async def work(tenant: TenantRef) -> int:
        changed = await set_state(tenant, "suspended", reason=args.reason)
        print(f"{tenant.slug} is suspended" if changed else f"{tenant.slug} was suspended already")
        return 0

    return await for_tenant(config, args.slug, work)


async def resume(config: Config, args: Namespace) -> int:
    async def work(tenant: TenantRef) -> int:
        changed = await set_state(tenant, "active", reason=args.reason)
        print(f"{tenant.slug} is active" if changed else f"{tenant.slug} was active already")
        return 0

    return await for_tenant(config, args.slug, work)


async def delete(config: Config, args: Namespace) -> int:
    """Asks for the slug, on the terminal or as --confirm."""
    if args.confirm is None and sys.stdin.isatty():
        print(f"This erases every row and file of {args.slug}. Nothing brings them back but a backup.")
        args.confirm = (await asyncio.to_thread(input, "Type its slug to go on: ")).strip()
    if args.confirm != args.slug:
        print(f"greenroom: say that you mean it: greenroom tenant delete {args.slug} --confirm {args.slug}",
              file=sys.stderr)  # fmt: skip
        return 1

    async def work(tenant: TenantRef) -> int:
        done = await erasing.erase_tenant(tenant, runtime().owner_dsn, reason=args.reason)
        print(f"erased {tenant.slug}; 0 rows are left. Gone:", *erasing.summary(done), sep="\n")
        return 0

    return await for_tenant(config, args.slug, work)


# --- domains and quotas -------------------------------------------------------------------------------------------


async def domain(config: Config, args: Namespace) -> int:
    async def work(tenant: TenantRef) -> int:
        if args.step == "list":
            for card in await domains.domains():
                print(f"{card.host:40} {card.state:9} {'main' if card.primary else ''}")
        elif args.host is None:
            print(f"greenroom: say which: greenroom tenant domain {args.slug} {args.step} HOST", file=sys.stderr)
            return 1
        elif args.step == "add" and args.trusted:
            async with unit_of_work():
                print(f"{await add_host(args.host)} leads to {tenant.slug}")
        elif args.step == "add":
            _say_record(tenant, await domains.claim(args.host))
        elif args.step == "verify":
            card = await domains.verify(domains.read_host(args.host))
            print(
                f"{card.host} is proven" if card.serving else f"{card.host} is not proven: {card.problem or card.state}"
            )
            return 0 if card.serving else 1
        elif args.step == "primary":
            await domains.make_primary(args.host)
            print(f"{args.host} is the main address of {tenant.slug}; pages on the others lead to it")
        elif (await domains.domain(args.host)).state == "operator":
            await remove_host(args.host)
            print(f"{args.host} leads nowhere any more")
        else:
            await domains.remove(args.host)
            print(f"{args.host} leads nowhere any more")
        return 0

    return await for_tenant(config, args.slug, work)


def _say_record(tenant: TenantRef, card: domains.DomainCard) -> None:
    print(f"Add this record to the DNS of {card.host}, then: greenroom tenant domain {tenant.slug} verify {card.host}")
    print(f"  {card.record}  TXT  {card.value}")


async def quotas(config: Config, args: Namespace) -> int:
    """Show quotas, or set one for this tenant: a number in the setting's unit, `none`, or `default`."""

    async def work(tenant: TenantRef) -> int:
        if args.quota is None:
            for use in await uses():
                print(f"{use.id:24} {use.used_words:>12} of {use.limit_words}")
            return 0
        declared = quota(args.quota)
        if declared is None:
            raise LookupError(args.quota)
        if args.limit is None or not (args.limit in ("none", "default") or args.limit.isdecimal()):
            print("greenroom: say the limit: a number (sizes in MB), none, or default", file=sys.stderr)
            return 1
        if args.limit == "default":
            await reset_tenant_value(tenant, declared.limit, reason=args.reason)
        else:
            value = None if args.limit == "none" else int(args.limit)
            await set_tenant_value(tenant, declared.limit, value, reason=args.reason)
        print(f"{args.quota} of {tenant.slug}: {args.limit}")
        return 0

    try:
        return await for_tenant(config, args.slug, work)
    except LookupError:
        print(f"greenroom: there is no quota {args.quota!r}; see: greenroom tenant quota {args.slug}", file=sys.stderr)
        return 1
