"""What the people of a demo would find in their mailboxes. Public on purpose, and gone where mail really goes out."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from tortoise.expressions import Q

from kernel import allow_sources, bytes_answer, errors, get_or_404, html_answer, mail_server, page, read_query, url_with
from kernel import gettext as _

from .. import mime
from ..forms import Viewer
from ..models import SUPPRESSED, Attachment, Email
from ..outbox import MAILBOX

_SHOWN = 60
_VIEWS = ("html", "text", "headers")
#: The mail is drawn apart from our pages: no scripts, no forms, nothing loaded; a click leaves the frame.
_FRAME = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    " allow-top-navigation-by-user-activation"
)


def _only_here() -> None:
    """Mails hold links that sign people in: they are shown only where no real person gets mail."""
    if mail_server() != MAILBOX:
        raise errors.NotFound()


async def show(request: web.Request) -> web.StreamResponse:
    """The list, with the newest mail beside it."""
    _only_here()
    return await _page(request, None)


async def detail(request: web.Request) -> web.StreamResponse:
    """One mail beside the list."""
    _only_here()
    return await _page(request, await _mail(request))


async def _mail(request: web.Request) -> Email:
    return await get_or_404(Email.exclude(state=SUPPRESSED), request.match_info["id"])


async def _page(request: web.Request, chosen: Email | None) -> web.StreamResponse:
    asked = read_query(request, Viewer).value or Viewer()
    rows = Email.exclude(state=SUPPRESSED)
    if asked.q:
        rows = rows.filter(Q(address__icontains=asked.q) | Q(subject__icontains=asked.q) | Q(name__icontains=asked.q))
    found = await rows.order_by("-created_at", "-id").limit(_SHOWN)
    mail = chosen or (found[0] if found else None)
    view = asked.view if asked.view in _VIEWS else "html"
    context: dict[str, Any] = {
        "title": _("Mailbox"),
        "mails": found,
        "mail": mail,
        "chosen": chosen is not None,
        "q": asked.q,
        "view": view,
        "query": {"q": asked.q or None, "view": view if view != "html" else None},
        "files": await Attachment.filter(email_id=mail.id).order_by("position") if mail else [],
        "views": _views(mail, asked.q) if mail else [],
        "headers": mime.headers(mail) if mail and view == "headers" else [],
    }
    allow_sources(request, "frame-src", ["'self'"])
    return await page(request, "notifications/mailbox.html", context)


def _views(mail: Email, words: str) -> list[tuple[str, str, str]]:
    labels = {"html": _("Formatted"), "text": _("Plain text"), "headers": _("Headers")}
    return [
        (key, label, url_with("notifications.mail", {"id": mail.id}, {"q": words or None, "view": key}))
        for key, label in labels.items()
    ]


async def html(request: web.Request) -> web.StreamResponse:
    """The HTML part for the frame."""
    _only_here()
    mail = await _mail(request)
    framed = mail.html.replace("<head>", '<head><base target="_top">', 1)
    return html_answer(framed, headers={"Content-Security-Policy": _FRAME})


async def file(request: web.Request) -> web.StreamResponse:
    """An attachment, as a download."""
    _only_here()
    mail = await _mail(request)
    position = request.match_info["position"]
    if not (position.isascii() and position.isdecimal() and len(position) < 5):
        raise errors.NotFound()
    row = await Attachment.get_or_none(email_id=mail.id, position=int(position))
    if row is None:
        raise errors.NotFound()
    return bytes_answer(bytes(row.data), row.content_type, row.name)
