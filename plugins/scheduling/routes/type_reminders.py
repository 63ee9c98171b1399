"""A type's own reminders: when, to whom, by which channel; or those of the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from kernel import _, errors, flash, format_duration, get_or_404, now, page, read_form, see_other, url

from .. import reminders
from ..forms_types import RemindersForm, typed_rules
from ..models import Booking, InterviewType
from ..reminders import AFTER, BEFORE, Rule
from ..services import types as service
from ..settings import reminder_rules
from ..states import Status

#: Minutes to choose from, before the start and after the end; others that are in use are offered too.
_BEFORE = (20160, 10080, 4320, 2880, 1440, 720, 240, 120, 60, 30, 15, 10, 5)
_AFTER = (15, 60, 240, 1440, 2880, 4320, 10080)
_SPARE = 2


async def _kind(request: web.Request) -> InterviewType:
    return await get_or_404(InterviewType.filter(kind="human"), request.match_info["id"])


async def show(request: web.Request) -> web.StreamResponse:
    """The rows of a type, or what the site says while it has none of its own."""
    kind = await _kind(request)
    own = kind.reminders is not None
    rows = [_row(rule) for rule in (reminders.rules(kind.reminders or ()) if own else reminder_rules())]
    return await _draw(request, kind, rows, own, kind.version, {})


def _row(rule: Rule) -> tuple[str, str, str]:
    """What the selects of a row show: the moment, the role, the channel."""
    return f"{'+' if rule.kind == AFTER else ''}{rule.minutes}", rule.role, rule.channel


async def _draw(
    request: web.Request, kind: InterviewType, rows: Sequence[tuple[str, str, str]], own: bool, version: int,
    problems: Mapping[str, str], status: int = 200,
) -> web.StreamResponse:  # fmt: skip
    spare = min(_SPARE, reminders.MOST - len(rows))
    upcoming = Booking.filter(type_id=kind.id, status=Status.ACCEPTED, starts_at__gt=now())
    context: dict[str, Any] = {
        "title": _("Reminders"),
        "row": kind,
        "own": own,
        "version": version,
        "rows": [*rows, *[("", "", "")] * max(0, spare)],
        "moments": _moments({when for when, _role, _channel in rows}),
        "roles": [("", _("Both")), ("candidate", _("The candidate")), ("interviewer", _("The interviewer"))],
        "channels": [("", _("As they wish")), ("email", _("Email only")), ("inapp", _("On the site only"))],
        "site": [_words(rule) for rule in reminder_rules()],
        "upcoming": await upcoming.count(),
        "errors": problems,
    }
    return await page(request, "scheduling/type_reminders.html", context, status=status)


def _moments(used: set[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The choices of a row, in two groups, the earliest first."""
    found = {rule for text in used if (rule := reminders.parse(text)) is not None}
    before = sorted({*_BEFORE, *(r.minutes for r in found if r.kind == BEFORE)}, reverse=True)
    after = sorted({*_AFTER, *(r.minutes for r in found if r.kind == AFTER)})
    return [
        (_("Before the start"), [(str(n), _("{time} before").format(time=format_duration(n))) for n in before]),
        (_("After the end"), [(f"+{n}", _("{time} after").format(time=format_duration(n))) for n in after]),
    ]


def _words(rule: Rule) -> str:
    """A rule for people."""
    text = _("{time} after") if rule.kind == AFTER else _("{time} before")
    who = {"candidate": _("the candidate"), "interviewer": _("the interviewer")}.get(rule.role, _("both"))
    way = {"email": _("email only"), "inapp": _("on the site only")}.get(rule.channel, "")
    return ", ".join(part for part in (text.format(time=format_duration(rule.minutes)), who, way) if part)


async def save(request: web.Request) -> web.StreamResponse:
    """Store the rows, or go by the site's again; upcoming sessions follow."""
    kind = await _kind(request)
    parsed = await read_form(request, RemindersForm)
    form = parsed.value
    if form is None:
        raise errors.Invalid(parsed.errors)
    typed = typed_rules(parsed.raw_lists)
    try:
        await service.set_reminders(kind, form.version, typed if form.own else None)
    except (errors.Invalid, errors.Conflict) as exc:
        rows = [_row(rule) for rule in reminders.rules(typed)]
        problems = exc.errors if isinstance(exc, errors.Invalid) else {"": exc.detail}
        return await _draw(request, kind, rows, form.own, form.version, problems, exc.status)
    flash(request, _("Reminders saved. Sessions that are booked already follow within a minute."))
    return see_other(url("scheduling.type_reminders", id=kind.id))
