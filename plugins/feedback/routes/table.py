"""Which address leads to which handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from aiohttp import web

from kernel import SIGNED_IN, Route

from ..permissions import MODERATE, RUBRICS
from . import admin, mine, practice, review, rubrics, scorecard

Method = Literal["GET", "POST"]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ONE = "/feedback/{booking_id}"
_REVIEW = "/admin/feedback/{review_id}"
_RUBRIC = "/admin/rubrics/{rubric_id}"


def _own(
    method: Method, path: str, handler: Handler, name: str, *, once: bool = False, rate: str | None = None
) -> Route:
    return Route(method=method, path=path, handler=handler, name=name, permission=SIGNED_IN, idempotent=once, rate=rate)


def _admin(method: Method, path: str, handler: Handler, name: str, permission: str) -> Route:
    return Route(method=method, path=path, handler=handler, name=name, permission=permission)


ROUTES = [
    _own("GET", "/feedback", mine.mine, "feedback.mine"),
    _own("GET", _ONE, mine.session, "feedback.session"),
    _own("POST", _ONE + "/report", mine.report, "feedback.report", rate="10/3600"),
    _own("GET", _ONE + "/scorecard", scorecard.write, "feedback.scorecard"),
    _own("POST", _ONE + "/scorecard", scorecard.submit, "feedback.scorecard_submit", once=True),
    _own("POST", _ONE + "/scorecard/draft", scorecard.draft, "feedback.scorecard_draft"),
    _own("GET", _ONE + "/review", review.write, "feedback.review"),
    _own("POST", _ONE + "/review", review.submit, "feedback.review_submit", once=True),
    _own("POST", _ONE + "/review/draft", review.draft, "feedback.review_draft"),
    _own("POST", _ONE + "/practice", practice.save, "feedback.practice_save"),
    _admin("GET", "/admin/feedback", admin.reviews, "feedback.admin", MODERATE),
    _admin("GET", _REVIEW, admin.review, "feedback.admin_review", MODERATE),
    _admin("POST", _REVIEW + "/hide", admin.hide, "feedback.admin_hide", MODERATE),
    _admin("POST", _REVIEW + "/restore", admin.restore, "feedback.admin_restore", MODERATE),
    _admin("POST", _REVIEW + "/keep", admin.keep, "feedback.admin_keep", MODERATE),
    _admin("GET", "/admin/rubrics", rubrics.listed, "feedback.rubrics", RUBRICS),
    _admin("GET", "/admin/rubrics/new", rubrics.new, "feedback.rubric_new", RUBRICS),
    Route(
        method="POST",
        path="/admin/rubrics/new",
        handler=rubrics.create,
        name="feedback.rubric_create",
        permission=RUBRICS,
        idempotent=True,
    ),
    _admin("GET", _RUBRIC, rubrics.edit, "feedback.rubric", RUBRICS),
    _admin("POST", _RUBRIC, rubrics.change, "feedback.rubric_change", RUBRICS),
    _admin("POST", _RUBRIC + "/switch", rubrics.switch, "feedback.rubric_switch", RUBRICS),
]
