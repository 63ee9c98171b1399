"""`greenroom setting …` and `greenroom secrets …`: the operator's hand on settings and on what seals them."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import dataclass
from typing import Any

from ..app import started
from ..base.config import Config
from ..base.context import TenantRef, every_tenant, speaking, tenant_scope
from ..base.errors import Invalid, Problem
from ..base.runtime import runtime
from ..engines.connection import execute, sql, unit_of_work
from ..engines.models import all_models
from ..plugging.values import parse_text
from ..tenancy import acts, governing
from ..tenancy.epoch import bump_platform
from ..tenancy.sealing import CannotOpen, head, seal, unseal
from ..tenancy.settings import declaration
from ..tenancy.tenants import find_tenant
from .tenants import no_tenant, refused

_BATCH = 200


async def setting(config: Config, args: Namespace) -> int:
    """One step on one setting, for all tenants or with --tenant for one."""
    async with started(config):
        tenant = None
        if args.tenant is not None and (tenant := await find_tenant(args.tenant)) is None:
            return no_tenant(args.tenant)
        try:
            with speaking("en", "UTC"):
                return await _step(args, tenant)
        except LookupError:
            print(f"greenroom: no plugin declares a setting {args.key!r}", file=sys.stderr)
        except Problem as exc:
            return refused(exc)
        return 1


async def _step(args: Namespace, tenant: TenantRef | None) -> int:
    key: str = args.key
    declared = declaration(key)
    if args.step == "set":
        if args.value is None:
            print("greenroom: say the value; `-` reads it from standard input", file=sys.stderr)
            return 1
        value = _value(declared, sys.stdin.read().rstrip("\n") if args.value == "-" else args.value)
        if tenant is not None:
            await governing.set_tenant_value(tenant, key, value, reason=args.reason)
        else:
            await governing.set_platform_setting(key, value, reason=args.reason)
    elif args.step == "reset":
        if tenant is not None:
            await governing.reset_tenant_value(tenant, key, reason=args.reason)
        else:
            await governing.reset_platform_setting(key, reason=args.reason)
    elif args.step in ("lock", "unlock"):
        await governing.govern(
            key, tenant=tenant, locked=args.step == "lock", minimum=args.minimum, maximum=args.maximum,
            reason=args.reason,
        )  # fmt: skip
    return _say(key, tenant, args.step)


def _value(declared: Any, text: str) -> Any:
    """As typed on the command line: `none` for nothing, JSON for lists and objects, else as in a form."""
    if text == "none" and declared.default is None:
        return None
    if declared.type in (list, dict) and text[:1] in "[{":
        try:
            return json.loads(text)
        except ValueError as exc:
            raise Invalid({declared.key: f"not JSON: {exc}"}) from exc
    try:
        return parse_text(declared, text)
    except ValueError as exc:
        raise Invalid({declared.key: str(exc)}) from exc


def _say(key: str, tenant: TenantRef | None, step: str) -> int:
    """The value in effect; with `explain` every level, and the operator's rule."""
    tenants = [tenant] if tenant else [s.tenant for s in sorted(runtime().snapshots.all(), key=lambda s: s.tenant.slug)]
    if not tenants:
        print(f"{key}: there is no tenant yet")
    for one in tenants:
        with tenant_scope(one):
            why = governing.explain(key)
            print(f"{one.slug:20} {governing.as_text(key)}")
            if step == "explain":
                for level in why.levels:
                    mark = "->" if level.counts else "  "
                    print(f"  {mark} {level.scope:10} {'nothing' if level.shown is None else level.shown}")
                if not why.rule.empty:
                    whom = "this tenant" if why.rule.scope == "tenant" else "all tenants"
                    said = f" ({why.rule.reason})" if why.rule.reason else ""
                    print(f"     rule for {whom}: {governing.bounds_words(why.rule)}, by {why.rule.by}{said}")
                if why.clamped:
                    print("     moved to the operator's bound")
                if why.unfit:
                    print("     a stored value does not fit the setting any more and is passed over")
    return 0


# --- the key ring -------------------------------------------------------------------------------------------------


async def rotate(config: Config) -> int:
    """Seal every stored secret with the newest key, in short steps; may be broken off and repeated."""
    async with started(config):
        done, lost = await reseal()
        print(f"{done} secrets are sealed with the newest key")
        if lost:
            print(f"{len(lost)} cannot be opened: enter them again, or put their secret into GREENROOM_OLD_SECRETS")
            return 1
        print("GREENROOM_OLD_SECRETS may be emptied")
    return 0


async def reseal() -> tuple[int, list[str]]:
    """How many secrets were sealed anew, and the places of those that no key of the ring opens."""
    done = 0
    lost: dict[str, str] = {}
    spots = _spots()
    with every_tenant():
        while rows := await _old_rows(spots, _BATCH, skip=list(lost)):
            for row in rows:
                try:
                    text = unseal(bytes(row.sealed), row.place)
                except CannotOpen as exc:
                    lost[row.mark] = row.place
                    print(f"{row.place}: {exc}", file=sys.stderr)
                    continue
                spot = spots[row.spot]
                async with unit_of_work():
                    # Only what we have read: a value saved meanwhile is newer, and sealed with the new key.
                    done += await execute(
                        f"UPDATE {spot.table} SET {spot.column} = $1 WHERE {spot.key}::text = $2"  # noqa: S608
                        f" AND {spot.column} = $3",
                        seal(text, row.place), row.ref, bytes(row.sealed),
                    )  # fmt: skip
        if done:
            await bump_platform()  # processes hold sealed values in their snapshots
            await acts.note("secrets.rotated", "secrets", after=f"{done} sealed anew, {len(lost)} cannot be opened")
    return done, list(lost.values())


@dataclass(frozen=True, slots=True)
class _Spot:
    """A column with sealed secrets; `place` is the SQL of what each was bound to."""

    table: str
    column: str
    key: str
    place: str


def _spots() -> list[_Spot]:
    """Settings (see tenancy/settings.py), and whatever models name in `Meta.sealed` (see sealing.row_place)."""
    found = [
        _Spot("kernel_setting_value", "sealed", "id", "concat(tenant_id, '/', owner_id, '/', key)"),
        _Spot("kernel_platform_setting", "sealed", "key", "'/platform/' || key"),
    ]
    for model in all_models():
        table = model._meta.db_table
        for column in getattr(model.Meta, "sealed", ()):
            found.append(_Spot(table, column, "id", f"concat(tenant_id, '/{table}/', id)"))
    return found


async def _old_rows(spots: list[_Spot], limit: int, skip: list[str]) -> list[Any]:
    """Some of those that an older key has sealed: number of the spot, place, id, and the sealed bytes."""
    parts = [
        f"SELECT {n} AS spot, concat('{n}/', {s.key}) AS mark, {s.key}::text AS ref,"  # noqa: S608
        f" {s.place} AS place, {s.column} AS sealed"
        f" FROM {s.table} WHERE {s.column} IS NOT NULL AND substring({s.column} FROM 1 FOR 5) <> $1"
        f" AND NOT concat('{n}/', {s.key}) = ANY ($3::text[])"
        for n, s in enumerate(spots)
    ]
    return await sql(" UNION ALL ".join(parts) + " LIMIT $2", head(), limit, skip)
