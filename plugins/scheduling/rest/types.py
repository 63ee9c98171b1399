"""Interview types as JSON, for administrators: made, changed, retired; their own reminders."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from kernel import Listing, Page, _, errors, get_or_404, json_answer, read_json

from .. import intake
from ..forms_types import MOST_LENGTHS, MOST_MINOR, TypeFields, type_values
from ..models import InterviewType, Offer
from ..permissions import TYPES
from ..services import policy
from ..services import types as service
from ..settings import reminder_rules
from .common import In, api, whole


class QuestionIn(In):
    """One question of the candidate's form. `key` keeps an earlier question's answers apart; empty for a new one."""

    key: Annotated[str, Field(max_length=12)] = ""
    type: Literal["text", "long", "choice", "several", "number", "date", "yesno", "file"] = "text"
    label: Annotated[str, Field(min_length=1, max_length=120)]
    hint: Annotated[str, Field(max_length=200)] = ""
    required: bool = False
    options: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=20)] = []


class TypeIn(TypeFields, In):
    """A type, whole: what is left out is as in a new one. Prices are minor units of the site's currency.

    `durations`: further lengths to choose from, in minutes.
    """

    price_minor: Annotated[int, Field(ge=0, le=MOST_MINOR)] = 0
    durations: Annotated[list[int], Field(max_length=MOST_LENGTHS + 1)] = []
    questions: Annotated[list[QuestionIn], Field(max_length=intake.MOST)] = []


class TypeChange(TypeIn):
    """`version` is the one that was read: when somebody else changed the type since, nothing is done (409)."""

    version: int


class TypeAdminOut(BaseModel):
    """A type with everything that can be said about it; `interviewers`: how many offer it."""

    id: UUID
    slug: str
    title: str
    description: str
    kind: str
    level: str
    topic: str
    duration_minutes: int
    durations: list[int]
    step_minutes: int
    offset_minutes: int
    buffer_before: int
    buffer_after: int
    minimum_notice_minutes: int
    window_days: int
    window_from: str | None
    window_to: str | None
    price_rule: str
    price_minor: int
    currency: str
    policy: str
    mode: str
    answer_hours: int
    request_blocks: bool
    fan_out: int
    now_allowed: bool
    panel: int
    observers: int
    guests: int
    questions: list[dict[str, Any]]
    reminders: list[str] | None
    active: bool
    version: int
    interviewers: int


class RetiredOut(BaseModel):
    """`deleted` is false when it has bookings: then it is retired, and its sessions keep their page."""

    deleted: bool


class TypeReminders(In):
    """Rules as lines: `60` (minutes before the start), `+1440` (after the end), then candidate or interviewer, email
    or inapp, as in `60 candidate inapp`. Null: as the site says; an empty list: nobody is reminded."""

    reminders: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=8)] | None
    version: int


class TypeRemindersOut(BaseModel):
    """`site` are the rules that hold when `reminders` is null."""

    reminders: list[str] | None
    site: list[str]
    version: int


def _out(row: InterviewType, offers: int) -> TypeAdminOut:
    values = {name: getattr(row, name) for name in TypeAdminOut.model_fields if name != "interviewers"}
    for name in ("window_from", "window_to"):
        values[name] = values[name].isoformat() if values[name] else None
    return TypeAdminOut(**values, interviewers=offers)


async def _one(row: InterviewType, status: int = 200) -> web.StreamResponse:
    return json_answer(_out(row, await Offer.filter(type_id=row.id).count()), status)


async def _row(request: web.Request) -> InterviewType:
    return await get_or_404(InterviewType, request.match_info["id"])


async def list_types(request: web.Request) -> web.StreamResponse:
    """All interview types, retired ones at the end."""
    offers: list[Any] = await Offer.all().values_list("type_id", flat=True)
    rows = await InterviewType.all().order_by("-active", "kind", "position", "title")
    return whole(request, [_out(row, offers.count(row.id)) for row in rows])


async def show_type(request: web.Request) -> web.StreamResponse:
    """One interview type."""
    return await _one(await _row(request))


async def create_type(request: web.Request) -> web.StreamResponse:
    """Make an interview type; interviewers can offer it from now on."""
    sent = await read_json(request, TypeIn)
    return await _one(await service.create_type(await _checked(sent)), 201)


async def change_type(request: web.Request) -> web.StreamResponse:
    """Change a type for future bookings. Send it whole: what is left out is as in a new one. `kind` stays."""
    row = await _row(request)
    sent = await read_json(request, TypeChange)
    if sent.kind != row.kind:
        raise errors.Invalid({"kind": _("A type keeps its kind: its bookings rely on that.")})
    await service.change_type(row, sent.version, await _checked(sent))
    return await _one(await InterviewType.get(id=row.id))


async def _checked(sent: TypeIn) -> dict[str, Any]:
    """What is stored. Raises Invalid by field."""
    values, problems = type_values(sent, sent.price_minor, sent.durations)
    if "price" in problems:
        problems["price_minor"] = problems.pop("price")
    if sent.policy not in await policy.policies():
        problems["policy"] = _("Choose one of the options.")
    questions, wrong = intake.questions_from(_rows(sent.questions))
    for name, problem in wrong.items():
        row, _underscore, part = name.partition("_")
        problems[f"questions.{row[1:]}.{part}"] = problem
    if problems:
        raise errors.Invalid(problems)
    return values | {"questions": questions}


def _rows(questions: list[QuestionIn]) -> dict[str, str]:
    """As the rows of the page's editor."""
    found: dict[str, str] = {}
    for n, question in enumerate(questions):
        found |= {f"q{n}_{name}": getattr(question, name) for name in ("key", "type", "label", "hint")}
        found |= {f"q{n}_required": "1" if question.required else "", f"q{n}_options": "\n".join(question.options)}
    return found


async def delete_type(request: web.Request) -> web.StreamResponse:
    """Delete a type without bookings; one with bookings is retired."""
    row = await _row(request)
    return json_answer(RetiredOut(deleted=await service.delete_type(row.id)))


async def show_reminders(request: web.Request) -> web.StreamResponse:
    """When people are reminded of sessions of this type, and of what follows them."""
    row = await get_or_404(InterviewType, request.match_info["id"], kind="human")
    return json_answer(_reminders(row))


def _reminders(row: InterviewType) -> TypeRemindersOut:
    return TypeRemindersOut(reminders=row.reminders, site=[str(r) for r in reminder_rules()], version=row.version)


async def save_reminders(request: web.Request) -> web.StreamResponse:
    """Give a type reminders of its own, or those of the site again. Upcoming sessions follow."""
    row = await get_or_404(InterviewType, request.match_info["id"], kind="human")
    sent = await read_json(request, TypeReminders)
    await service.set_reminders(row, sent.version, sent.reminders)
    return json_answer(_reminders(await InterviewType.get(id=row.id)))


_TYPES, _ONE = "admin/interview-types", "admin/interview-types/{id}"
ROUTES = [
    api("GET", _TYPES, list_types, "admin_types", Page[TypeAdminOut], permission=TYPES, query=Listing),
    api("POST", _TYPES, create_type, "type_create", TypeAdminOut, request=TypeIn, permission=TYPES, idempotent=True,
        status=201, errors=(409,)),
    api("GET", _ONE, show_type, "admin_type", TypeAdminOut, permission=TYPES),
    api("PUT", _ONE, change_type, "type_save", TypeAdminOut, request=TypeChange, permission=TYPES),
    api("DELETE", _ONE, delete_type, "type_delete", RetiredOut, permission=TYPES),
    api("GET", f"{_ONE}/reminders", show_reminders, "type_reminders", TypeRemindersOut, permission=TYPES),
    api("PUT", f"{_ONE}/reminders", save_reminders, "type_reminders_save", TypeRemindersOut, request=TypeReminders,
        permission=TYPES),
]  # fmt: skip
