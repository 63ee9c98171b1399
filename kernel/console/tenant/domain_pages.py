"""The tenant's own host names: claimed here, proved by DNS, made the main one."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field

from ...base import errors
from ...base.i18n import N_, _
from ...tenancy import domains
from ...tenancy.snapshots import current_snapshot
from ...web.forms import Form, Parsed, read_form
from ...web.routing import url
from ...web.views import flash, page, see_other
from ...web.words import Words


class DomainForm(Form):
    host: Annotated[str, Field(min_length=1, max_length=260), Words(missing=N_("Enter a domain name."))]


async def show_domains(request: web.Request) -> web.StreamResponse:
    """Every host with its state, what to enter at the DNS provider, and what comes next."""
    return await _page(request)


async def _page(request: web.Request, form: Parsed[DomainForm] | None = None, status: int = 200) -> web.StreamResponse:
    context = {
        "title": _("Domains"),
        "domains": await domains.domains(),
        "origin": current_snapshot().origin,
        "form": form,
        "errors": form.errors if form else {},
    }
    return await page(request, "console/domains.html", context, status=status)


async def add_domain(request: web.Request) -> web.StreamResponse:
    parsed = await read_form(request, DomainForm)
    if parsed.value is not None:
        try:
            card = await domains.claim(parsed.value.host)
        except errors.Invalid as exc:
            parsed.refuse(exc.errors)
        except errors.Conflict as exc:
            parsed.refuse({"host": exc.detail})
        else:
            flash(request, _("{host} is added. Now enter the record below.").format(host=card.host), "info")
            return see_other(_place(card.host))
    return await _page(request, parsed, 422)


async def verify_domain(request: web.Request) -> web.StreamResponse:
    """Look for the record now, and say what was found."""
    card = await domains.verify(_host(request))
    if card.serving and not card.problem:
        flash(request, _("{host} is verified and leads here.").format(host=card.host))
    else:
        flash(request, card.problem or _("Not verified yet."), "warn")
    return see_other(_place(card.host))


async def make_primary(request: web.Request) -> web.StreamResponse:
    host = _host(request)
    await domains.make_primary(host)
    flash(request, _("Links lead to {host} now. The other addresses go on working.").format(host=host))
    return see_other(url("kernel.domains"))


async def remove_domain(request: web.Request) -> web.StreamResponse:
    host = _host(request)
    if (await domains.domain(host)).state == "operator":
        raise errors.Forbidden(_("The operator has given this address; only they can take it away."))
    await domains.remove(host)
    flash(request, _("{host} does not lead here any more.").format(host=host))
    return see_other(url("kernel.domains"))


def _host(request: web.Request) -> str:
    return request.match_info["host"]


def _place(host: str) -> str:
    return url("kernel.domains") + "#d-" + host.replace(".", "-")
