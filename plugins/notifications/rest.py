"""JSON twins of what people do with their messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from kernel import SIGNED_IN, Route, current_actor, errors, json_answer, read_json, read_query

from . import inbox, preferences, queries
from .forms import Inbox


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


class MessagesOut(_Model):
    items: list[MessageOut]
    total: int
    page: int
    unread: int


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
    """A page of messages; `?show=unread&page=2`."""
    asked = read_query(request, Inbox)
    if asked.value is None:
        raise errors.Invalid(asked.errors)
    found = await queries.inbox(_me(), only_unread=asked.value.show == "unread", number=asked.value.page)
    items = [
        MessageOut(
            id=i.id, type=i.type_id, type_label=i.type, subject=i.subject, text=i.text, action_label=i.action,
            action_url=inbox.destination(i.action_url), created_at=i.at, read=i.read,
        )
        for i in found.items
    ]  # fmt: skip
    waiting = await queries.unread(_me())
    return json_answer(MessagesOut(items=items, total=found.total, page=found.number, unread=waiting))


async def mark(request: web.Request) -> web.StreamResponse:
    """Mark some or all as read (or unread); somebody else's id is not found."""
    wanted = await read_json(request, MarkIn)
    if wanted.ids is None:
        if not wanted.read:
            raise errors.Invalid({"ids": "Name the messages that are to be unread again."})
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
          permission=SIGNED_IN, response=MessagesOut),
    Route(method="POST", path="/api/v1/notifications/read", handler=mark, name="notifications.api_read",
          permission=SIGNED_IN, request=MarkIn, response=UnreadOut),
    Route(method="GET", path="/api/v1/notifications/preferences", handler=read_preferences,
          name="notifications.api_preferences", permission=SIGNED_IN, response=PreferencesModel),
    Route(method="PUT", path="/api/v1/notifications/preferences", handler=write_preferences,
          name="notifications.api_save_preferences", permission=SIGNED_IN, request=PreferencesModel,
          response=PreferencesModel),
]  # fmt: skip
