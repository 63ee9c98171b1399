"""Whatever went wrong, as an answer: a page in the tenant's shell, problem+json, or a bare page when all else fails.

Which of the two a client gets: paths below /api/ and clients that accept JSON but not HTML get problem+json.
"""

from __future__ import annotations

import errno
from html import escape
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web
from markupsafe import Markup

from ..base.context import current_locale
from ..base.errors import Forbidden, Problem, SignInRequired, Unavailable
from ..base.i18n import N_, _
from ..base.log import get_logger
from ..base.runtime import runtime
from ..engines.connection import DatabaseDown
from . import templating
from .markdown import render_markdown
from .views import html_answer, json_answer
from .visit import Visit

log = get_logger(__name__)

_WORDS: Final = {
    400: (N_("That request cannot be read"), N_("Go back and try again.")),
    401: (N_("Sign in to go on"), N_("This page is for people who are signed in.")),
    403: (N_("You cannot open this"), N_("Ask an administrator if you need it.")),
    404: (N_("We cannot find that page"), N_("The link may be old, or the page was moved. Your data is safe.")),
    405: (N_("That cannot be done here"), N_("Go back and try again.")),
    408: (N_("That took too long"), N_("The connection was too slow to receive everything. Try again.")),
    409: (N_("This has changed in the meantime"), N_("Reload the page and try again.")),
    410: (N_("This link is no longer valid"), N_("It was used, replaced or cancelled.")),
    413: (N_("That is too large"), N_("Send less at once.")),
    415: (N_("That kind of data is not accepted here"), N_("Send it in another format.")),
    421: (N_("Nothing is served at this address"), N_("Check the address for typing mistakes.")),
    422: (N_("Some values were not accepted"), N_("Go back and check them.")),
    429: (N_("Too many attempts"), N_("Wait a moment, then try again.")),
    500: (N_("Something went wrong on our side"), N_("It has been noted. Try again in a moment.")),
    503: (N_("This is not available right now"), N_("Try again in a moment.")),
    507: (N_("There is no room left to store this"), N_("Tell an administrator.")),
}


class _Plain(Problem):
    """A problem of any other status."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        self.status = status


def as_problem(exc: BaseException) -> Problem:
    """What an exception means to the client. Unknown ones are 500 and logged with their traceback."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, web.HTTPException):
        kept = {name: value for name, value in exc.headers.items() if name in ("Allow", "Retry-After")}
        return _Plain(exc.status, kept)
    if isinstance(exc, DatabaseDown):
        log.warning("the database is away: %s", exc)
        return Unavailable()
    if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT):
        log.error("the disk is full: %s", exc)
        return _Plain(507, {})
    if isinstance(exc, web.RequestPayloadError):
        return _Plain(400, {})
    log.error("a request failed", exc_info=exc)
    return Problem()


async def answer(visit: Visit, exc: BaseException) -> web.StreamResponse:
    """The answer to a request that ended in `exc`. Never raises."""
    if isinstance(exc, web.HTTPException) and exc.status < 400:
        return web.Response(status=exc.status, headers=exc.headers, body=exc.body)
    problem = as_problem(exc)
    request = visit.request
    try:
        if wants_json(request):
            response = _as_json(visit, problem)
        elif isinstance(problem, SignInRequired) and request.method in ("GET", "HEAD"):
            response = _to_sign_in(request)
        else:
            response = await _as_page(visit, problem)
    except Exception:
        log.exception("the error page could not be drawn")
        response = fallback(problem.status, visit.request_id)
    response.headers.update(problem.headers)
    if problem.status in (400, 408, 413) and not request.content.at_eof():
        # The rest of the body is of no use to anybody; reading on would only serve a flood.
        response.force_close()
    return response


def wants_json(request: web.Request) -> bool:
    if request.path.startswith("/api/"):
        return True
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def title_of(problem: Problem) -> str:
    if problem.title:
        return problem.title
    known = _WORDS.get(problem.status)
    return _(known[0]) if known else HTTPStatus(problem.status).phrase


def detail_of(problem: Problem) -> str:
    known = _WORDS.get(problem.status)
    return problem.detail or (_(known[1]) if known else "")


def _as_json(visit: Visit, problem: Problem) -> web.Response:
    data: dict[str, Any] = {
        "type": "about:blank",
        "title": title_of(problem),
        "status": problem.status,
        "detail": detail_of(problem),
        "request_id": visit.request_id,
        **problem.extra,
    }
    if isinstance(data.get("errors"), dict):
        data["errors"] = [{"field": field, "detail": said} for field, said in data["errors"].items()]
    if problem.status == 401:
        problem.headers.setdefault("WWW-Authenticate", 'Bearer realm="api"')
    return json_answer(data, problem.status, content_type="application/problem+json")


def _to_sign_in(request: web.Request) -> web.Response:
    path = f"/sign-in?next={quote(request.path_qs, safe='/')}"
    if "HX-Request" in request.headers:
        # A redirect would be followed by the script and its answer put into the middle of the page.
        return web.Response(status=401, headers={"HX-Redirect": path, "Cache-Control": "no-store"})
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})


async def _as_page(visit: Visit, problem: Problem) -> web.Response:
    if problem.status == 421:
        return html_answer(await templating.render_neutral(visit.request, "neutral.html"), status=421)
    if visit.snapshot is None or (visit.endpoint is not None and visit.endpoint.tenantless):
        return fallback(problem.status, visit.request_id, title=title_of(problem), detail=detail_of(problem))
    title, text = title_of(problem), detail_of(problem)
    body: Markup | None = None
    own = _own_words(visit, problem)
    if own is not None:
        title, body = own
    context = {
        "status": problem.status,
        "title": title,
        "detail": text,
        "body": body,
        "reference": visit.request_id if problem.status >= 500 else "",
        "permission_label": _permission_label(problem),
        "retry_after": problem.headers.get("Retry-After", ""),
        "problem": problem,
    }
    return html_answer(await templating.render(visit.request, "error.html", context), status=problem.status)


def _own_words(visit: Visit, problem: Problem) -> tuple[str, Markup] | None:
    """What the tenant wants to be said for this status, unless the problem itself has something to say."""
    if visit.snapshot is None or problem.title or problem.detail:
        return None
    for pid, pages in visit.snapshot.shape.error_pages:
        try:
            found = pages.lookup(problem.status, current_locale())
        except Exception:
            log.exception("the error words of %s could not be read", pid)
            continue
        if found is not None:
            return found.title, render_markdown(found.body)
    return None


def _permission_label(problem: Problem) -> str:
    if not isinstance(problem, Forbidden) or not problem.permission:
        return ""
    for declared in runtime().registry.permissions.values():
        for permission in declared:
            if permission.id == problem.permission:
                return _(permission.label)
    return problem.permission


def fallback(status: int, request_id: str, *, title: str = "", detail: str = "") -> web.Response:
    """A page that needs nothing: no template, no theme, no database, no style sheet."""
    known = _WORDS.get(status, _WORDS[500])
    heading, text = escape(title or known[0]), escape(detail or known[1])
    reference = f"<p>Reference: <code>{escape(request_id)}</code></p>" if status >= 500 and request_id else ""
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{heading}</title>'
        '<meta name="viewport" content="width=device-width"></head>'
        f"<body><h1>{heading}</h1><p>{text}</p>{reference}</body></html>"
    )
    return web.Response(status=status, text=html, content_type="text/html", headers={"Cache-Control": "no-store"})
