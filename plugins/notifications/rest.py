"""JSON twins of what people do with their messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import (
    SIGNED_IN,
    Listing,
    Page,
    Route,
    audit,
    current_actor,
    errors,
    get_or_404,
    json_answer,
    read_json,
    read_listing,
    unit_of_work,
)
from kernel import gettext as _

from . import inbox, outbox, preferences, queries
from .models import Email
from .permissions import RETRY, VIEW


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MessageOut(_Model):
    id: UUID
    type: str
    type_label: str
    subject: str
    text: str
    action_label: str
    action_url: str
    created_at: datetime
    read: bool


class MessagesListing(Listing):
    show: Literal["all", "unread"] = "all"


class EmailsListing(Listing):
    q: Annotated[str, Field(max_length=100)] = ""
    state: Annotated[str, Field(max_length=20)] = ""


class EmailOut(_Model):
    """An email as it is on record, without its content."""

    id: UUID
    to: str
    subject: str
    type: str
    state: str
    reason: str
    attempts: int
    at: datetime
    sent_at: datetime | None
    retryable: bool


class Done(_Model):
    done: bool = True


class MarkIn(_Model):
    """`ids` or, when they are left out, everything."""

    ids: Annotated[list[UUID], Field(max_length=200)] | None = None
    read: bool = True


class UnreadOut(_Model):
    unread: int


class PreferenceModel(_Model):
    """`locked`: cannot be turned off; ignored when sent."""

    type: Annotated[str, Field(max_length=120)]
    channel: Annotated[str, Field(max_length=20)]
    wanted: bool
    label: str = ""
    locked: bool = False


class PreferencesModel(_Model):
    preferences: Annotated[list[PreferenceModel], Field(max_length=600)]


def _me() -> UUID:
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired()
    return actor.id


async def messages(request: web.Request) -> web.StreamResponse:
    """One's own messages, the latest first."""
    asked = read_listing(request, MessagesListing)
    unread = asked.show == "unread"
    found = await queries.inbox(_me(), only_unread=unread, number=asked.number, size=asked.limit)
    items = [
        MessageOut(
            id=i.id, type=i.type_id, type_label=i.type, subject=i.subject, text=i.text, action_label=i.action,
            action_url=inbox.destination(i.action_url), created_at=i.at, read=i.read,
        )
        for i in found.items
    ]  # fmt: skip
    return json_answer(Page[MessageOut](items=items, next=asked.next(found.total)))


async def unread_count(_request: web.Request) -> web.StreamResponse:
    """How many messages are unread."""
    return json_answer(UnreadOut(unread=await queries.unread(_me())))


async def send_test(_request: web.Request) -> web.StreamResponse:
    """Send oneself a message, to see that it arrives."""
    await inbox.send_test(_me())
    return json_answer(Done(), 202)


async def try_address(_request: web.Request) -> web.StreamResponse:
    """Write to one's address again, although its mail server refused us."""
    await inbox.try_address_again(_me())
    return json_answer(Done())


def _email(row: Email) -> EmailOut:
    found = queries.record(row)
    return EmailOut(**{name: getattr(found, name) for name in EmailOut.model_fields})


async def emails(request: web.Request) -> web.StreamResponse:
    """Emails on record, the latest first."""
    asked = read_listing(request, EmailsListing)
    found = await queries.records(state=asked.state, words=asked.q, number=asked.number, size=asked.limit)
    items = [EmailOut(**{name: getattr(row, name) for name in EmailOut.model_fields}) for row in found.items]
    return json_answer(Page[EmailOut](items=items, next=asked.next(found.total)))


async def email(request: web.Request) -> web.StreamResponse:
    """One email on record."""
    return json_answer(_email(await get_or_404(Email, request.match_info["id"])))


async def retry(request: web.Request) -> web.StreamResponse:
    """Send a failed email once more."""
    row = await get_or_404(Email, request.match_info["id"])
    async with unit_of_work():
        await outbox.retry(row.id)
        before = {"state": row.state, "reason": row.reason}
        await audit.record("notifications.email_retried", subject="email", subject_id=str(row.id), before=before)
    return json_answer(_email(await get_or_404(Email, row.id)))


async def mark(request: web.Request) -> web.StreamResponse:
    """Mark some or all as read (or unread); somebody else's id is not found."""
    wanted = await read_json(request, MarkIn)
    if wanted.ids is None:
        if not wanted.read:
            raise errors.Invalid({"ids": _("Name the messages that are to be unread again.")})
        await inbox.mark_all(_me())
    for message_id in wanted.ids or ():
        await inbox.mark(_me(), message_id, read=wanted.read)
    return json_answer(UnreadOut(unread=await queries.unread(_me())))


async def read_preferences(request: web.Request) -> web.StreamResponse:
    """The whole matrix."""
    return json_answer(await _matrix())


async def write_preferences(request: web.Request) -> web.StreamResponse:
    """Store the given boxes; others stay."""
    wanted = await read_json(request, PreferencesModel)
    await preferences.save(str(_me()), {(p.type, p.channel): p.wanted for p in wanted.preferences})
    return json_answer(await _matrix())


async def _matrix() -> PreferencesModel:
    return PreferencesModel(
        preferences=[
            PreferenceModel(
                type=line.type_id, channel=cell.channel, wanted=cell.wanted, label=line.label, locked=cell.locked
            )
            for group in await preferences.matrix(str(_me()))
            for line in group.lines
            for cell in line.cells
        ]
    )


ROUTES = [
    Route(method="GET", path="/api/v1/notifications", handler=messages, name="notifications.api_list",
          permission=SIGNED_IN, query=MessagesListing, response=Page[MessageOut]),
    Route(method="GET", path="/api/v1/notifications/unread", handler=unread_count, name="notifications.api_unread",
          permission=SIGNED_IN, response=UnreadOut),
    Route(method="POST", path="/api/v1/notifications/test", handler=send_test, name="notifications.api_send_test",
          permission=SIGNED_IN, response=Done, status=202, rate="5/600", idempotent=True),
    Route(method="POST", path="/api/v1/notifications/try-address", handler=try_address, permission=SIGNED_IN,
          name="notifications.api_try_address", response=Done, rate="5/3600"),
    Route(method="GET", path="/api/v1/emails", handler=emails, name="notifications.api_emails", permission=VIEW,
          query=EmailsListing, response=Page[EmailOut]),
    Route(method="GET", path="/api/v1/emails/{id}", handler=email, name="notifications.api_email", permission=VIEW,
          response=EmailOut),
    Route(method="POST", path="/api/v1/emails/{id}/retry", handler=retry, name="notifications.api_retry",
          permission=RETRY, response=EmailOut, idempotent=True),
    Route(method="POST", path="/api/v1/notifications/read", handler=mark, name="notifications.api_read",
          permission=SIGNED_IN, request=MarkIn, response=UnreadOut, errors=(404,),
          twin_of=("notifications.read_all", "notifications.mark", "notifications.open")),
    Route(method="GET", path="/api/v1/notifications/preferences", handler=read_preferences,
          name="notifications.api_preferences", permission=SIGNED_IN, response=PreferencesModel),
    Route(method="PUT", path="/api/v1/notifications/preferences", handler=write_preferences,
          name="notifications.api_save_preferences", permission=SIGNED_IN, request=PreferencesModel,
          response=PreferencesModel),
]  # fmt: skip
