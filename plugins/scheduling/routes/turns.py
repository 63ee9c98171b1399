"""Who takes a type's sessions when any suitable interviewer will do: the table of priorities and weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from aiohttp import web

from kernel import Form, _, errors, flash, get_or_404, page, read_form, see_other, url

from ..models import InterviewType
from ..services import offers


class TurnsForm(Form):
    """The rows come besides, as `priority_` and `weight_` with the interviewer's id."""


async def _kind(request: web.Request) -> InterviewType:
    return await get_or_404(InterviewType.filter(kind="human"), request.match_info["id"])


async def show(request: web.Request) -> web.StreamResponse:
    return await _draw(request, await _kind(request), {}, {})


async def _draw(
    request: web.Request, kind: InterviewType, raw: Mapping[str, str], problems: Mapping[str, str], status: int = 200
) -> web.StreamResponse:
    turns = await offers.turns_of(kind.id)
    weights: dict[int, int] = {}
    for turn in turns:
        weights[turn.priority] = weights.get(turn.priority, 0) + turn.weight
    context: dict[str, Any] = {
        "title": _("Who takes the sessions"),
        "row": kind,
        "turns": [
            {
                "id": str(t.account_id), "card": t.card, "recent": t.recent,
                "priority": raw.get(f"priority_{t.account_id}", str(t.priority)),
                "weight": raw.get(f"weight_{t.account_id}", str(t.weight)),
                "share": round(100 * t.weight / weights[t.priority]),
            }
            for t in turns
        ],
        "priorities": [
            ("4", _("Highest")), ("3", _("High")), ("2", _("Medium")), ("1", _("Low")), ("0", _("Lowest")),
        ],
        "errors": problems,
    }  # fmt: skip
    return await page(request, "scheduling/turns.html", context, status=status)


async def save(request: web.Request) -> web.StreamResponse:
    """Store the table."""
    kind = await _kind(request)
    parsed = await read_form(request, TurnsForm)
    wanted: dict[UUID, tuple[int, int]] = {}
    try:
        for turn in await offers.turns_of(kind.id):
            priority = parsed.raw.get(f"priority_{turn.account_id}", str(turn.priority))
            weight = parsed.raw.get(f"weight_{turn.account_id}", str(turn.weight))
            wanted[turn.account_id] = (_number(priority, "priority"), _number(weight, "weight"))
        await offers.set_turns(kind, wanted)
    except errors.Invalid as exc:
        return await _draw(request, kind, parsed.raw, exc.errors, 422)
    flash(request, _("Turns saved"))
    return see_other(url("scheduling.turns", id=kind.id))


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise errors.Invalid({name: _("Choose a weight from 1 to 1,000.")})
    return int(text)
