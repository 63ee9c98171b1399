"""Roles of a tenant: what each may do, who has it, and why somebody can or cannot."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from aiohttp import web
from pydantic import StringConstraints

from ..auth import accounts, grants, permissions
from ..auth.permissions import Explanation, RoleInfo
from ..base import errors
from ..base.i18n import N_, _
from ..base.ids import parse_id
from ..web.forms import Form, read_form
from ..web.routing import url
from ..web.views import flash, page, see_other
from ..web.words import Words
from .landmarks import plugin_title


class NewRoleForm(Form):
    label: Annotated[str, StringConstraints(min_length=1, max_length=80), Words(missing=N_("Enter a name"))]


class RightsForm(Form):
    """The ticked rights; a role's label where it is the tenant's own."""

    rights: list[str] = []
    label: str = ""


class GiveForm(Form):
    email: Annotated[str, Words(missing=N_("Enter the email address of an account"))]


class TakeForm(Form):
    account: str


async def role_of(request: web.Request) -> RoleInfo:
    slug = request.match_info["role"]
    for role in await permissions.all_roles():
        if role.id == slug:
            return role
    raise errors.NotFound()


def _groups(held: frozenset[str]) -> list[dict[str, Any]]:
    """Rights by plugin, for ticking."""
    groups: dict[str, dict[str, Any]] = {}
    for right in permissions.effective_declared().values():
        plugin = permissions.plugin_of(right.id)
        group = groups.setdefault(plugin, {"title": plugin_title(plugin), "rights": []})
        group["rights"].append({"id": right.id, "label": _(right.label), "held": right.id in held})
    return list(groups.values())


async def show_roles(request: web.Request) -> web.StreamResponse:
    """Every role, a form for a new one, and the explainer."""
    return await _index(request, {}, {})


async def _index(
    request: web.Request, raw: dict[str, str], problems: dict[str, str], status: int = 200
) -> web.StreamResponse:
    roles = await permissions.all_roles()
    counts = {role.id: len(await accounts.accounts_with_role(role.id)) for role in roles}
    email, right = request.query.get("email", "").strip(), request.query.get("right", "")
    answer: Explanation | None = None
    unknown = False
    if email:
        found = await accounts.find_account(email)
        unknown = found is None
        answer = await permissions.explain(found.id, right) if found else None
    rights = sorted((p.id, f"{_(p.label)} ({p.id})") for p in permissions.effective_declared().values())
    context = {
        "title": _("Roles"),
        "roles": [(role, counts[role.id]) for role in roles],
        "label": raw.get("label", ""),
        "errors": problems,
        "email": email,
        "right": right,
        "rights": rights,
        "answer": answer,
        "unknown": unknown,
        "names": {role.id: role.label for role in roles},
    }
    return await page(request, "console/roles.html", context, status=status)


async def create_role(request: web.Request) -> web.StreamResponse:
    """A new role without rights; its page follows."""
    parsed = await read_form(request, NewRoleForm)
    if parsed.value is None:
        return await _index(request, parsed.raw, parsed.errors, 422)
    slug = await free_slug(parsed.value.label)
    try:
        await grants.save_role(slug, parsed.value.label, ())
    except errors.Invalid as exc:
        return await _index(request, parsed.raw, exc.errors, 422)
    flash(request, _("Role created"))
    return see_other(url("kernel.role", role=slug))


async def free_slug(label: str) -> str:
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:30] or "role"
    stem = stem if stem[0].isalpha() and len(stem) > 1 else f"role-{stem}"
    taken = {role.id for role in await permissions.all_roles()}
    return next(s for n in range(1, 10_000) if (s := stem if n == 1 else f"{stem}-{n}") not in taken)


async def show_role(request: web.Request) -> web.StreamResponse:
    """What one role may do and who has it."""
    return await _one(request, await role_of(request), {})


async def _one(
    request: web.Request, role: RoleInfo, problems: dict[str, str], status: int = 200, email: str = ""
) -> web.StreamResponse:
    context = {
        "title": role.label,
        "role": role,
        "groups": _groups(role.permissions),
        "holders": await accounts.accounts_with_role(role.id),
        "errors": problems,
        "email": email,
        "owner": role.id == permissions.OWNER,
    }
    return await page(request, "console/role.html", context, status=status)


async def save_role(request: web.Request) -> web.StreamResponse:
    """Set what a role may do."""
    role = await role_of(request)
    parsed = await read_form(request, RightsForm)
    if parsed.value is None:
        return await _one(request, role, parsed.errors, 422)
    try:
        await grants.save_role(role.id, parsed.value.label or role.label, parsed.value.rights)
    except errors.Invalid as exc:
        return await _one(request, role, exc.errors, 422)
    flash(request, _("Role saved"))
    return see_other(url("kernel.role", role=role.id))


async def delete_role(request: web.Request) -> web.StreamResponse:
    """Remove one of the tenant's own roles."""
    role = await role_of(request)
    await grants.delete_role(role.id)
    flash(request, _("Role deleted"))
    return see_other(url("kernel.roles"))


async def give_role(request: web.Request) -> web.StreamResponse:
    """Give the role to an account, found by its address."""
    role = await role_of(request)
    parsed = await read_form(request, GiveForm)
    if parsed.value is None:
        return await _one(request, role, parsed.errors, 422, parsed.raw.get("email", ""))
    account = await accounts.find_account(parsed.value.email)
    if account is None:
        problem = {"email": _("There is no account with this email address.")}
        return await _one(request, role, problem, 422, parsed.value.email)
    await grants.grant(account.id, role.id)
    flash(request, _("{name} now has the role {role}").format(name=account.name, role=role.label))
    return see_other(url("kernel.role", role=role.id))


async def take_role(request: web.Request) -> web.StreamResponse:
    """Take the role from an account."""
    role = await role_of(request)
    parsed = await read_form(request, TakeForm)
    account_id = parse_id(parsed.value.account) if parsed.value else None
    if account_id is None:
        raise errors.NotFound()
    try:
        await grants.revoke(account_id, role.id)
    except errors.Conflict as exc:
        return await _one(request, role, {"holders": exc.detail}, 409)
    flash(request, _("Role taken away"))
    return see_other(url("kernel.role", role=role.id))
