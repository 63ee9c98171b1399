"""The admin's record of e-mails: to whom, about what, how it went and why."""

from __future__ import annotations

from aiohttp import web

from kernel import (
    audit,
    errors,
    flash,
    get_or_404,
    mail_server,
    page,
    read_query,
    see_other,
    unit_of_work,
    url,
    url_with,
)
from kernel import gettext as _

from .. import outbox, queries, reasons
from ..forms import Log
from ..models import STATES, Email


async def show(request: web.Request) -> web.StreamResponse:
    """Recent e-mails by state; search in address, name and subject."""
    asked = read_query(request, Log).value or Log()
    state = asked.state if asked.state in STATES else ""
    found = await queries.records(state=state, words=asked.q, number=asked.page)
    counts = await queries.counts()

    def at(number: int = 1, of: str = state) -> str:
        query = {"state": of or None, "q": asked.q or None, "page": number if number > 1 else None}
        return url_with("notifications.emails", {}, query)

    tabs = [("", _("All"), at(of=""), sum(counts.values()))]
    tabs += [(key, reasons.state(key)[0], at(of=key), counts.get(key, 0)) for key in STATES if key != "sending"]
    context = {
        "title": _("Emails"),
        "found": found,
        "state": state,
        "q": asked.q,
        "tabs": tabs,
        "clear": url_with("notifications.emails", {}, {"state": state or None}) if asked.q else None,
        "prev": at(found.number - 1) if found.number > 1 else None,
        "next": at(found.number + 1) if found.number * found.size < found.total else None,
        "server": mail_server(),
    }
    return await page(request, "notifications/emails.html", context)


async def detail(request: web.Request) -> web.StreamResponse:
    """One e-mail with what its server said; never its content, which may hold links that work."""
    row = await get_or_404(Email, request.match_info["id"])
    return await page(request, "notifications/email.html", {"title": row.subject, "mail": queries.record(row)})


async def retry(request: web.Request) -> web.StreamResponse:
    """Send a failed e-mail once more."""
    row = await get_or_404(Email, request.match_info["id"])
    try:
        async with unit_of_work():
            await outbox.retry(row.id)
            before = {"state": row.state, "reason": row.reason}
            await audit.record("notifications.email_retried", subject="email", subject_id=str(row.id), before=before)
    except errors.Conflict:
        flash(request, _("This email is not among the failed ones any more"), "warn")
    else:
        flash(request, _("The email is sent again"))
    return see_other(url("notifications.email", id=row.id))
