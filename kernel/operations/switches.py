"""Commands about switches: why one is on or off, and the operator's word over all tenants."""

from __future__ import annotations

import sys

from ..app import started
from ..auth.accounts import find_account
from ..auth.sessions import actor_of
from ..base.config import Config
from ..base.context import TenantRef, speaking, tenant_scope
from ..base.errors import Problem
from ..console.switchboard.explaining import explain as explain_key
from ..console.switchboard.explaining import names_for
from ..tenancy import canary
from ..tenancy.snapshots import whole_snapshot
from ..tenancy.switch_rules import reader_of
from ..tenancy.tenants import find_tenant
from ..tenancy.toggles import offer, stop_everywhere


async def explain(config: Config, slug: str, key: str, email: str) -> int:
    """Print every condition of a plugin or feature for a tenant, or for one of its people."""
    async with started(config) as room:
        tenant = await find_tenant(slug)
        if tenant is None or room.runtime.registry.owner(key) is None:
            return _said(f"there is no tenant called {slug}" if tenant is None else f"nothing is called {key}")
        with tenant_scope(tenant), speaking("en", whole_snapshot().zone):
            reader = None
            if email:
                account = await find_account(email)
                actor = await actor_of(account.id) if account is not None else None
                if actor is None:
                    return _said(f"{slug} has no active account {email}")
                reader = reader_of(actor)
            snapshot = whole_snapshot()
            verdict = explain_key(snapshot, key, await names_for(snapshot), reader)
        print(f"{key} is {'on' if verdict.on else 'off'} for {email or slug}")
        for step in verdict.steps:
            print(f"  {'yes' if step.ok else 'no ':3} {step.text}")
    return 0


async def say(config: Config, action: str, key: str, slug: str | None, reason: str) -> int:
    """offer or withhold (for one tenant, or for all), stop everywhere at once, or resume."""
    async with started(config):
        tenant: TenantRef | None = None
        if slug is not None:
            tenant = await find_tenant(slug)
            if tenant is None:
                return _said(f"there is no tenant called {slug}")
        try:
            if action in ("stop", "resume"):
                await stop_everywhere(key, action == "stop", reason=reason)
            else:
                await offer(key, action == "offer", tenant=tenant, reason=reason)
        except Problem as exc:
            return _said(exc.detail or f"nothing is called {key}")
        done = {"stop": "stopped", "resume": "resumed", "offer": "offered", "withhold": "withheld"}[action]
        print(f"{key} is {done} for {slug or 'every tenant'}")
    return 0


async def try_out(config: Config, key: str, percent: int, max_errors: int) -> int:
    """Try a plugin or feature on a share of the tenants, or end that with 0; then say how every trial stands."""
    async with started(config):
        try:
            if percent:
                await canary.start_trial(key, percent, max_error_percent=max_errors)
            elif not await canary.end_trial(key, "ended by the operator"):
                return _said(f"{key} is not being tried")
        except Problem as exc:
            return _said(exc.detail or f"nothing is called {key}")
        for one in await canary.trials():
            state = f"{one.state} at {one.percent} % of tenants, {one.requests} requests, {one.errors} failed"
            print(f"{one.key}: {state}{f' ({one.reason})' if one.reason else ''}")
    return 0


def _said(words: str) -> int:
    print(f"greenroom: {words}", file=sys.stderr)
    return 1
