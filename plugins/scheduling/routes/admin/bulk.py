"""Several bookings at once: shown for all before, taken back within seconds, followed while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl
from uuid import UUID

from aiohttp import web

from kernel import (
    Money,
    _,
    current_zone,
    errors,
    flash,
    get_or_404,
    ngettext,
    now,
    page,
    parse_id,
    read_form,
    see_other,
    url,
)

from ... import bookings_list, queries
from ...forms_admin import BookingsAsked, BulkCancelForm, BulkForm
from ...models import BulkRun
from ...services import bulk
from ...services.bulk import MOST, Line


async def preview(request: web.Request) -> web.StreamResponse:
    """What calling the chosen ones off leads to, for each and in all. Changes nothing."""
    parsed = await read_form(request, BulkForm)
    if parsed.value is None:
        raise errors.Invalid(parsed.errors)
    form = parsed.value
    if form.everything:
        asked = _asked(form.query)
        ids = await bookings_list.ids(asked, current_zone(), MOST + 1)
    else:
        ids = form.id
    if not ids:
        flash(request, _("Choose at least one booking first."), "warn")
        return see_other(url("scheduling.admin_bookings"))
    if len(ids) > MOST:
        said = _("Choose at most {n} bookings at once: narrow the list with the filters.")
        flash(request, said.format(n=MOST), "warn")
        return see_other(url("scheduling.admin_bookings"))
    return await _draw(request, await bulk.outlook(ids), {}, {})


async def _draw(
    request: web.Request,
    lines: Sequence[Line],
    raw: Mapping[str, str],
    problems: Mapping[str, str],
    status: int = 200,
    notice: str = "",
) -> web.StreamResponse:
    able = [line for line in lines if not line.refused]
    context = {
        "title": _("Cancel sessions"),
        "lines": lines,
        "able": able,
        "refunds": totals(able),
        "strikes": 0,
        "raw": raw,
        "errors": problems,
        "notice": notice,
        "undo": int(bulk.UNDO.total_seconds()),
    }
    return await page(request, "scheduling/admin_bulk.html", context, status=status)


def totals(lines: Sequence[Line]) -> list[Money]:
    """Refunds by currency; nothing of what costs nothing."""
    sums: dict[str, int] = {}
    for line in lines:
        if line.refund_minor:
            sums[line.info.currency] = sums.get(line.info.currency, 0) + line.refund_minor
    return [Money(minor, currency) for currency, minor in sorted(sums.items())]


def items_of(sent: Sequence[str]) -> list[tuple[UUID, str]]:
    """`<id>:<seal>` as two. Invalid for anything else."""
    found = []
    for text in sent:
        id_text, _sep, seal = text.partition(":")
        booking_id = parse_id(id_text)
        if booking_id is None or not seal.isalnum():
            raise errors.Invalid({"item": _("Choose the bookings again.")})
        found.append((booking_id, seal))
    return found


async def begin(request: web.Request) -> web.StreamResponse:
    """Begin, with seconds to take it back. Another refund than shown is shown first."""
    parsed = await read_form(request, BulkCancelForm)
    items = items_of(parsed.raw_lists.get("item", []))
    percent = parsed.raw.get("percent", "")
    own = int(percent) if percent.isdecimal() and int(percent) <= 100 else None
    lines = await bulk.outlook([id for id, _seal in items], own)
    if parsed.value is None:
        return await _draw(request, lines, parsed.raw, parsed.errors, 422)
    shown = dict(items)
    if any(not line.refused and line.seal != shown[line.info.id] for line in lines):
        said = _("The result changed since you opened this page. Check it again.")
        return await _draw(request, lines, parsed.raw, {}, 409, said)
    run = await bulk.start(items, parsed.value.reason, own)
    return see_other(url("scheduling.admin_bulk_run", id=run.id))


async def show_run(request: web.Request) -> web.StreamResponse:
    """How far it is, and what could not be called off."""
    run = await get_or_404(BulkRun, request.match_info["id"])
    infos = await queries.BOOKINGS.many([UUID(i["id"]) for i in run.items])
    states = [i["state"] for i in run.items]
    done, failed = states.count("done"), states.count("failed")
    context = {
        "title": _("Cancel sessions"),
        "run": run,
        "done": done,
        "failed": [(infos.get(UUID(i["id"])), i["said"]) for i in run.items if i["state"] == "failed"],
        "left": [infos.get(UUID(i["id"])) for i in run.items if i["state"] in ("", "left")],
        "over": run.state in ("done", "stopped", "undone"),
        "words": ngettext("%(n)s of %(all)s cancelled", "%(n)s of %(all)s cancelled", done)
        % {"n": done, "all": len(states)},
        "handled": done + failed,
        "at": now(),
    }
    return await page(request, "scheduling/admin_bulk_run.html", context)


async def stop(request: web.Request) -> web.StreamResponse:
    """Take it back, or leave the rest."""
    row = await get_or_404(BulkRun, request.match_info["id"])
    run = await bulk.stop(row.id)
    flash(request, _("Taken back: nothing was cancelled") if run.state == "undone" else _("Stopped"))
    return see_other(url("scheduling.admin_bulk_run", id=row.id))


def _asked(query: str) -> BookingsAsked:
    try:
        return BookingsAsked.model_validate(dict(parse_qsl(query)))
    except ValueError:
        raise errors.Invalid({"query": _("These filters are not of this list.")}) from None
