"""Interview types: what candidates can book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from kernel import (
    Money,
    Parsed,
    _,
    currency_digits,
    current_snapshot,
    errors,
    flash,
    get_or_404,
    page,
    read_form,
    see_other,
    services,
    url,
)

from .. import intake
from ..forms_types import TypeForm, typed_values
from ..models import InterviewType, Offer
from ..policies import sentences
from ..services import policy
from ..services import types as types_service
from ..texts import KINDS, LEVELS, PRICE_RULES, TOPICS

_NUMBERS = (
    "duration_minutes", "step_minutes", "buffer_before", "buffer_after", "minimum_notice_minutes", "window_days",
    "answer_hours", "fan_out", "panel", "observers", "guests", "offset_minutes",
)  # fmt: skip

_SWITCHES = ("request_blocks", "now_allowed")


async def show_types(request: web.Request) -> web.StreamResponse:
    """All types, active ones first."""
    types = await InterviewType.all().order_by("-active", "kind", "position", "title")
    offers = await Offer.all().values_list("type_id", flat=True)
    context = {
        "title": _("Interview types"),
        "types": [
            {"row": t, "offers": sum(o == t.id for o in offers), "price": _price(t), "level": _label(LEVELS, t.level)}
            for t in types
        ],
    }
    return await page(request, "scheduling/types.html", context)


def _price(row: InterviewType) -> Money | None:
    """The fixed price; None for the interviewer's rate."""
    return Money(row.price_minor, row.currency) if row.price_rule == "fixed" else None


def _label(choices: tuple[tuple[str, str], ...], key: str) -> str:
    return next((_(label) for value, label in choices if value == key), key)


async def show_new(request: web.Request) -> web.StreamResponse:
    return await _form(request, None, {}, {})


async def show_type(request: web.Request) -> web.StreamResponse:
    return await _form(request, await get_or_404(InterviewType, request.match_info["id"]), {}, {})


async def _form(
    request: web.Request,
    row: InterviewType | None,
    raw: Mapping[str, str],
    problems: Mapping[str, str],
    status: int = 200,
) -> web.StreamResponse:
    draft = row or InterviewType(currency=current_snapshot().currency)
    values: dict[str, Any] = {name: getattr(draft, name) for name in (*_NUMBERS, "description", "policy", "version")}
    values |= {"title": draft.title if row else "", "active": draft.active, "price": _typed(draft)}
    values |= {name: getattr(draft, name) for name in ("kind", "level", "topic", "price_rule", "mode")}
    values |= {name: getattr(draft, name) for name in _SWITCHES}
    values |= {
        name: found.isoformat() if (found := getattr(draft, name)) else "" for name in ("window_from", "window_to")
    }
    values["durations"] = ", ".join(str(minutes) for minutes in draft.durations)
    questions = [dict(q) for q in draft.questions]
    if raw:
        values |= {**raw, **{name: name in raw for name in ("active", *_SWITCHES)}}
        questions = _typed_questions(raw)
    context = {
        "title": row.title if row else _("New interview type"),
        "row": row,
        "values": values,
        "errors": problems,
        "kinds": [(k, _(label)) for k, label in KINDS],
        "levels": [(k, _(label)) for k, label in LEVELS],
        "topics": [(k, _(label)) for k, label in TOPICS],
        "rules": [(k, _(label)) for k, label in PRICE_RULES],
        "policies": [(v.key, v.title, " ".join(sentences(v.snapshot))) for v in (await policy.policies()).values()],
        "questions": [*questions, {}][: intake.MOST],
        "question_types": [(k, _(label)) for k, label in intake.TYPES],
        "currency": draft.currency,
        "payments": services.get("payments.Checkout") is not None,
    }
    return await page(request, "scheduling/type.html", context, status=status)


def _typed_questions(raw: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of the form as typed, whether right or not."""
    rows = []
    for n in range(intake.MOST):
        if raw.get(f"q{n}_label", "").strip():
            row: dict[str, Any] = {name: raw.get(f"q{n}_{name}", "") for name in ("key", "type", "label", "hint")}
            row |= {"required": f"q{n}_required" in raw, "options": raw.get(f"q{n}_options", "").splitlines()}
            rows.append(row)
    return rows


def _typed(row: InterviewType) -> str:
    if not row.price_minor:
        return ""
    digits = currency_digits(row.currency)
    return f"{row.price_minor / 10**digits:.{digits}f}"


async def _values(parsed: Parsed[TypeForm], currency: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What is stored, with the questions; problems by field."""
    if parsed.value is None:
        return {}, parsed.errors
    values, problems = typed_values(parsed.value, currency)
    questions, wrong = intake.questions_from(parsed.raw)
    if parsed.value.policy not in await policy.policies():
        problems["policy"] = _("Choose one of the options.")
    return values | {"questions": questions}, problems | wrong


async def create(request: web.Request) -> web.StreamResponse:
    """A new type; interviewers can offer it from now on."""
    parsed = await read_form(request, TypeForm)
    if parsed.value is None:
        return await _form(request, None, parsed.raw, parsed.errors, 422)
    values, problems = await _values(parsed, current_snapshot().currency)
    if problems:
        return await _form(request, None, parsed.raw, problems, 422)
    await types_service.create_type(values)
    flash(request, _("Interview type created"))
    return see_other(url("scheduling.types"))


async def save(request: web.Request) -> web.StreamResponse:
    """Change a type for future bookings."""
    row = await get_or_404(InterviewType, request.match_info["id"])
    parsed = await read_form(request, TypeForm)
    if parsed.value is None:
        return await _form(request, row, parsed.raw, parsed.errors, 422)
    values, problems = await _values(parsed, row.currency)
    values.pop("kind")  # a type keeps its kind: bookings of it rely on that
    if problems:
        return await _form(request, row, parsed.raw, problems, 422)
    try:
        await types_service.change_type(row, parsed.value.version, values)
    except errors.Conflict as exc:
        return await _form(request, row, parsed.raw, {"": exc.detail}, 409)
    flash(request, _("Interview type saved"))
    return see_other(url("scheduling.types"))


async def delete(request: web.Request) -> web.StreamResponse:
    """Delete an unused type; one with bookings is retired."""
    row = await get_or_404(InterviewType, request.match_info["id"])
    deleted = await types_service.delete_type(row.id)
    flash(request, _("Interview type deleted") if deleted else _("Interview type retired: it has bookings"))
    return see_other(url("scheduling.types"))
