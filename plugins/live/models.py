"""Tables of the rooms. Ids of accounts and bookings are plain UUIDs: those rows belong to others."""

from __future__ import annotations

from tortoise import fields

from kernel import TenantModel, Timestamped, VersionedModel, now


class LiveSession(TenantModel, Timestamped, VersionedModel):
    """What happens to one booking in its room. Changed only under its row lock, by services.

    `epoch` numbers the media connections: it rises whenever somebody joins anew. `pairs` are repairs since: two people
    (see services/media.py) and the number of their newest connection. `chat_seq` is the number of the last chat
    message. `late_until`: somebody said that they will be late, so nobody counts as absent before.
    """

    booking_id = fields.UUIDField()
    kind = fields.CharField(max_length=8)
    state = fields.CharField(max_length=24, default="scheduled")
    candidate_id = fields.UUIDField(db_index=True)
    interviewer_id = fields.UUIDField(null=True, db_index=True)
    title = fields.CharField(max_length=200, default="")
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(db_index=True)
    epoch = fields.IntField(default=0)
    pairs = fields.JSONField[dict[str, int]](default=dict, db_default="{}")
    chat_seq = fields.IntField(default=0)
    started_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    end_cause = fields.CharField(max_length=24, default="")
    ended_by = fields.UUIDField(null=True)
    seconds = fields.IntField(default=0)
    waiting_told = fields.BooleanField(default=False)
    late_until = fields.DatetimeField(null=True)

    class Meta:
        table = "live_session"
        unique_together = (("tenant_id", "booking_id"),)


class Presence(TenantModel):
    """One stay of one person in a room, from one connection: the evidence of who was there and when.

    `seen_at` moves while the connection lives; a row that is not closed and not moving was left behind by a
    process that died. `account_id` is an account, or a Guest (then `role` says so). `epoch` is the session's when they
    joined, `tab` the browser's tab, `lobby`: at the door, not let in yet.
    """

    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField("live.LiveSession", related_name="stays")
    account_id = fields.UUIDField(db_index=True)
    role = fields.CharField(max_length=16)
    connection = fields.UUIDField()
    joined_at = fields.DatetimeField(default=now)
    seen_at = fields.DatetimeField(default=now)
    left_at = fields.DatetimeField(null=True)
    left_because = fields.CharField(max_length=16, default="")
    epoch = fields.IntField(default=0, db_default=0)
    tab = fields.CharField(max_length=40, default="", db_default="")
    lobby = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "live_presence"
        indexes = (("session_id", "joined_at"), ("connection",))


class Guest(TenantModel):
    """Somebody without account who came by a personal link. `id` follows from booking and address (access.guest_id)."""

    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField("live.LiveSession", related_name="guests")
    email = fields.CharField(max_length=254)
    name = fields.CharField(max_length=60)
    role = fields.CharField(max_length=16)

    class Meta:
        table = "live_guest"
        unique_together = (("tenant_id", "session_id", "email"),)
        personal = ("email", "name")


class ChatMessage(TenantModel):
    """A line in the room, in the order of `seq`. `author_id` is None for the scripted interviewer and for notices.

    `kind` is text, or in practice rooms question, follow_up, hint, notice, answer.
    """

    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField("live.LiveSession", related_name="chat")
    seq = fields.IntField()
    author_id = fields.UUIDField(null=True, db_index=True)
    role = fields.CharField(max_length=16)
    kind = fields.CharField(max_length=16, default="text")
    cid = fields.CharField(max_length=40)
    body = fields.TextField()
    sent_at = fields.DatetimeField(default=now)

    class Meta:
        table = "live_chat_message"
        unique_together = (("tenant_id", "session_id", "seq"), ("tenant_id", "session_id", "author_id", "cid"))


class SessionTimer(TenantModel):
    """The shared timer of a session (tools/timer.py)."""

    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField("live.LiveSession", related_name="timers")
    seconds = fields.IntField()
    left_ms = fields.IntField()
    started_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        table = "live_timer"
        unique_together = (("tenant_id", "session_id"),)


class Note(TenantModel):
    """An interviewer's private notes on a session. Only their author ever reads them; `version` 0 is none yet."""

    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField("live.LiveSession", related_name="notes")
    author_id = fields.UUIDField(db_index=True)
    body = fields.TextField(default="")
    version = fields.IntField(default=0)
    saved_at = fields.DatetimeField(default=now)

    class Meta:
        table = "live_note"
        unique_together = (("tenant_id", "session_id", "author_id"),)


class Question(TenantModel, Timestamped, VersionedModel):
    """A question of the tenant's bank; `content` is that of ai/bank.py: prompt, points, hints."""

    slug = fields.CharField(max_length=80)
    topic = fields.CharField(max_length=24, db_index=True)
    level = fields.CharField(max_length=16)
    locale = fields.CharField(max_length=8, default="en")
    title = fields.CharField(max_length=160)
    minutes = fields.IntField(default=8)
    content: fields.JSONField[dict[str, object]] = fields.JSONField()
    bundled = fields.BooleanField(default=False)
    active = fields.BooleanField(default=True)

    class Meta:
        table = "live_question"
        unique_together = (("tenant_id", "slug"),)


class PracticeRun(TenantModel, Timestamped):
    """The scripted interview of a session: its questions as they were asked (`items`), where it stands (`script`).

    Copies instead of references: a question that is edited later must not change what was answered.
    """

    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField("live.LiveSession", related_name="runs")
    candidate_id = fields.UUIDField(db_index=True)
    topic = fields.CharField(max_length=24)
    items: fields.JSONField[list[dict[str, object]]] = fields.JSONField()
    script: fields.JSONField[dict[str, object]] = fields.JSONField()
    report: fields.JSONField[dict[str, object] | None] = fields.JSONField(null=True)

    class Meta:
        table = "live_practice_run"
        unique_together = (("tenant_id", "session_id"),)
