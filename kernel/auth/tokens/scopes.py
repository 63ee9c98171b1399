"""What a token reaches: permission ids, and `read:<plugin>` or `write:<plugin>` for all of a plugin's interface.

A scope never gives a right, it only lets one through: what the token's owner may not do, it cannot do either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ...base import errors
from ...base.contract import SIGNED_IN
from ...base.i18n import _
from ...base.runtime import runtime
from ...tenancy.snapshots import current_snapshot
from ..permissions import effective_declared, plugin_of

KERNEL = "kernel"
_API = "/api/v1/"


@dataclass(frozen=True, slots=True)
class ScopeGroup:
    """A plugin's scopes as pages offer them. `rights` are (permission id, source-language label)."""

    plugin: str
    reads: bool
    writes: bool
    rights: tuple[tuple[str, str], ...]


def accepted(permission: str | None, plugin: str, *, safe: bool) -> tuple[str, ...]:
    """The scopes of which a route needs one, the narrowest first; none for a public route."""
    if permission is None:
        return ()
    of = plugin if permission == SIGNED_IN else plugin_of(permission)
    groups = (f"read:{of}", f"write:{of}") if safe else (f"write:{of}",)
    return groups if permission == SIGNED_IN else (permission, *groups)


def narrowed(held: Iterable[str], scopes: Collection[str], *, safe: bool) -> frozenset[str]:
    """What is left of the owner's rights for a request that only reads (`safe`) or changes something."""
    out = {SIGNED_IN}
    for permission in held:
        if any(scope in scopes for scope in accepted(permission, KERNEL, safe=safe)):
            out.add(permission)
    return frozenset(out)


def check(needed: tuple[str, ...], held: Collection[str]) -> None:
    """Raises Forbidden that names the missing scope, unless one of `needed` is held."""
    if not needed or any(scope in held for scope in needed):
        return
    text = _("This token lacks the scope {scope}.").format(scope=needed[0])
    problem = errors.Forbidden(text, title=_("The token does not reach this"))
    problem.extra |= {"scope": needed[0], "accepted_scopes": list(needed)}
    problem.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{needed[0]}"'
    raise problem


def offered(held: Collection[str]) -> list[ScopeGroup]:
    """The scopes that make sense for somebody with these rights: of plugins that are on and have an interface."""
    effective = {KERNEL, *current_snapshot().effective}
    rights = effective_declared()
    out = []
    for plugin, routes in runtime().registry.routes.items():
        reach = [r for r in routes if plugin in effective and r.path.startswith(_API) and not r.public]
        usable = [r for r in reach if r.permission == SIGNED_IN or r.permission in held]
        if not usable:
            continue
        ids = sorted({r.permission for r in usable if r.permission and r.permission != SIGNED_IN})
        out.append(
            ScopeGroup(
                plugin,
                any(r.method == "GET" for r in usable),
                any(r.method != "GET" for r in usable),
                tuple((i, rights[i].label) for i in ids if i in rights),
            )
        )
    return out


def problem(wanted: Collection[str], held: Collection[str]) -> str | None:
    """What is wrong with a choice of scopes for somebody with these rights, or None."""
    known = {KERNEL, *current_snapshot().effective}
    if not wanted:
        return _("Choose at least one scope.")
    for scope in wanted:
        verb, colon, plugin = scope.partition(":")
        group = bool(colon) and verb in ("read", "write") and plugin in known
        if not group and (scope not in held or scope == SIGNED_IN):
            return _("There is no scope called {name}, or you do not hold that right.").format(name=scope[:80])
    return None
