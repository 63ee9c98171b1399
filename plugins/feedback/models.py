"""Tables of feedback. Written by services only. Accounts and bookings are plain UUIDs: those rows are others'."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from kernel import TenantModel, Timestamped, VersionedModel, now


class Exchange(TenantModel, Timestamped, VersionedModel):
    """The feedback of one finished session: who owes what until when, and since when both sides may read it.

    `kind` is human, or ai for a practice session, which has no interviewer and nothing to exchange.
    `released_because` is both or time. Locked before anything of the session is written.
    """

    booking_id = fields.UUIDField()
    kind = fields.CharField(max_length=8)
    candidate_id = fields.UUIDField(db_index=True)
    interviewer_id = fields.UUIDField(null=True, db_index=True)
    title = fields.CharField(max_length=200)
    starts_at = fields.DatetimeField()
    ended_at = fields.DatetimeField()
    seconds = fields.IntField(default=0)
    due_at = fields.DatetimeField()
    release_at = fields.DatetimeField()
    released_at = fields.DatetimeField(null=True)
    released_because = fields.CharField(max_length=8, default="")

    class Meta:
        table = "feedback_exchange"
        unique_together = (("tenant_id", "booking_id"),)
        indexes = (("tenant_id", "ended_at"),)


class Rubric(TenantModel, Timestamped, VersionedModel):
    """What scorecards are written by. `criteria` is a list as in rubrics.py; `number` counts its revisions.

    `matches` are words; the rubric serves interview types whose name contains one. `standard` serves the rest.
    """

    slug = fields.CharField(max_length=60)
    title = fields.CharField(max_length=120)
    description = fields.CharField(max_length=500, default="")
    criteria = fields.JSONField[list[dict[str, Any]]](default=list)
    matches = fields.JSONField[list[str]](default=list)
    number = fields.IntField(default=1)
    standard = fields.BooleanField(default=False)
    active = fields.BooleanField(default=True)
    position = fields.IntField(default=0)

    class Meta:
        table = "feedback_rubric"
        unique_together = (("tenant_id", "slug"),)


class RubricRevision(TenantModel):
    """A rubric as it was before it was changed: what, by whom, when. Never changed."""

    rubric: fields.ForeignKeyRelation[Rubric] = fields.ForeignKeyField("feedback.Rubric", related_name="revisions")
    number = fields.IntField()
    title = fields.CharField(max_length=120)
    criteria = fields.JSONField[list[dict[str, Any]]](default=list)
    replaced_by = fields.UUIDField(null=True)
    replaced_at = fields.DatetimeField(default=now)

    class Meta:
        table = "feedback_rubric_revision"
        unique_together = (("tenant_id", "rubric_id", "number"),)
        personal = ("replaced_by",)


class Scorecard(TenantModel, Timestamped, VersionedModel):
    """The interviewer's assessment of the candidate. Private to the two of them.

    `rubric` is a copy of what it was written by, so that later changes of the rubric do not touch it. `content` is
    that of content.py: marks by criterion and the summary. `score` is the weighted mean in hundredths.
    """

    exchange: fields.ForeignKeyRelation[Exchange] = fields.ForeignKeyField(
        "feedback.Exchange", related_name="scorecards"
    )
    booking_id = fields.UUIDField()
    author_id = fields.UUIDField(db_index=True)
    subject_id = fields.UUIDField(db_index=True)
    rubric = fields.JSONField[dict[str, Any]]()
    content = fields.JSONField[dict[str, Any]](default=dict)
    score = fields.IntField(null=True)
    state = fields.CharField(max_length=12, default="draft")
    edition = fields.IntField(default=1)
    submitted_at = fields.DatetimeField(null=True)
    edited_at = fields.DatetimeField(null=True)

    class Meta:
        table = "feedback_scorecard"
        unique_together = (("tenant_id", "booking_id"),)
        personal = ("content",)


class Review(TenantModel, Timestamped, VersionedModel):
    """The candidate's rating of the interviewer: three times one to five stars, words, a note to admins alone.

    It counts once it was released and as long as it is not hidden. `report_state` is empty, open or kept.
    """

    exchange: fields.ForeignKeyRelation[Exchange] = fields.ForeignKeyField("feedback.Exchange", related_name="reviews")
    booking_id = fields.UUIDField()
    author_id = fields.UUIDField(db_index=True)
    subject_id = fields.UUIDField()
    realism = fields.SmallIntField(null=True)
    clarity = fields.SmallIntField(null=True)
    usefulness = fields.SmallIntField(null=True)
    text = fields.TextField(default="")
    private_note = fields.TextField(default="")
    state = fields.CharField(max_length=12, default="draft")
    edition = fields.IntField(default=1)
    submitted_at = fields.DatetimeField(null=True)
    edited_at = fields.DatetimeField(null=True)
    released_at = fields.DatetimeField(null=True)
    hidden_at = fields.DatetimeField(null=True)
    hidden_by = fields.UUIDField(null=True)
    hidden_reason = fields.CharField(max_length=500, default="")
    report_state = fields.CharField(max_length=8, default="")
    reported_at = fields.DatetimeField(null=True)
    report_reason = fields.CharField(max_length=500, default="")

    class Meta:
        table = "feedback_review"
        unique_together = (("tenant_id", "booking_id"),)
        indexes = (("tenant_id", "subject_id", "released_at"), ("tenant_id", "submitted_at"))
        personal = ("text", "private_note", "hidden_by", "report_reason")


class Edition(TenantModel):
    """What a submitted scorecard or review said before it was changed. Never changed. `of` is scorecard or review."""

    of = fields.CharField(max_length=12)
    target_id = fields.UUIDField()
    number = fields.IntField()
    content = fields.JSONField[dict[str, Any]](default=dict)
    written_at = fields.DatetimeField()

    class Meta:
        table = "feedback_edition"
        unique_together = (("tenant_id", "target_id", "number"),)
        personal = ("content",)


class SelfReview(TenantModel, Timestamped, VersionedModel):
    """What a candidate notes after a practice session, for themselves alone. `again`: titles to practise again."""

    booking_id = fields.UUIDField()
    account_id = fields.UUIDField(db_index=True)
    again = fields.JSONField[list[str]](default=list)
    note = fields.TextField(default="")

    class Meta:
        table = "feedback_self_review"
        unique_together = (("tenant_id", "booking_id"),)
        personal = ("again", "note")
