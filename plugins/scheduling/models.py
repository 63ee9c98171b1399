"""Tables of scheduling. Written by services only. Ids of accounts are plain UUIDs: those rows are the kernel's.

Times: instants are UTC; weekly hours and overrides are wall time, read in their schedule's zone.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from kernel import TenantModel, Timestamped, VersionedModel, now


class InterviewType(TenantModel, Timestamped, VersionedModel):
    """What can be booked. `kind` is human or ai; `price_rule` is fixed (`price_minor`) or rate (of the interviewer).

    Lengths are minutes. `window_days`: how far ahead. `policy` names one of policies.py. A retired type is not
    `active`; its bookings stay.
    """

    slug = fields.CharField(max_length=60)
    title = fields.CharField(max_length=120)
    description = fields.TextField(default="")
    kind = fields.CharField(max_length=8, default="human")
    level = fields.CharField(max_length=20, default="any")
    topic = fields.CharField(max_length=40, default="")
    duration_minutes = fields.IntField(default=60)
    step_minutes = fields.IntField(default=30)
    buffer_before = fields.IntField(default=0)
    buffer_after = fields.IntField(default=0)
    minimum_notice_minutes = fields.IntField(default=120)
    window_days = fields.IntField(default=60)
    price_rule = fields.CharField(max_length=8, default="rate")
    price_minor = fields.IntField(default=0)
    currency = fields.CharField(max_length=3)
    policy = fields.CharField(max_length=20, default="moderate")
    active = fields.BooleanField(default=True)
    position = fields.IntField(default=0)

    class Meta:
        table = "scheduling_interview_type"
        unique_together = (("tenant_id", "slug"),)


class Schedule(TenantModel, Timestamped, VersionedModel):
    """An interviewer's weekly hours: `weekly` maps ISO weekdays ("1" Monday) to lists of ["HH:MM", "HH:MM"]."""

    account_id = fields.UUIDField()
    name = fields.CharField(max_length=60, default="")
    zone = fields.CharField(max_length=64)
    weekly = fields.JSONField[dict[str, list[list[str]]]](default=dict)
    per_day = fields.IntField(null=True)
    per_week = fields.IntField(null=True)

    class Meta:
        table = "scheduling_schedule"
        unique_together = (("tenant_id", "account_id", "name"),)
        personal = ("weekly", "zone")


class DateOverride(TenantModel):
    """The hours of one date instead of the weekly ones; no ranges: closed."""

    schedule: fields.ForeignKeyRelation[Schedule] = fields.ForeignKeyField(
        "scheduling.Schedule", related_name="overrides"
    )
    date = fields.DateField()
    ranges = fields.JSONField[list[list[str]]](default=list)

    class Meta:
        table = "scheduling_date_override"
        unique_together = (("tenant_id", "schedule_id", "date"),)


class TimeOff(TenantModel):
    """A stretch in which an interviewer is away, whatever their hours say."""

    account_id = fields.UUIDField(db_index=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    note = fields.CharField(max_length=120, default="")

    class Meta:
        table = "scheduling_time_off"
        personal = ("starts_at", "ends_at", "note")


class Offer(TenantModel):
    """An interviewer offers a type."""

    account_id = fields.UUIDField()
    type: fields.ForeignKeyRelation[InterviewType] = fields.ForeignKeyField(
        "scheduling.InterviewType", related_name="offers"
    )

    class Meta:
        table = "scheduling_offer"
        unique_together = (("tenant_id", "account_id", "type_id"),)


class Calendar(TenantModel):
    """The number by which the exclusion constraints know a person. Unique in the whole database, from a sequence."""

    account_id = fields.UUIDField()
    number = fields.BigIntField()

    class Meta:
        table = "scheduling_calendar"
        unique_together = (("tenant_id", "account_id"),)


class Booking(TenantModel, Timestamped, VersionedModel):
    """A time taken by a candidate: from the hold to the end. `status` moves by states.py only.

    Type, price and policy are copied at booking time, so that later changes do not touch it. `from_minute` to
    `to_minute` (minutes since 1970 UTC) guard the candidate's calendar, `guard_from` to `guard_to`, which add the
    buffers, the interviewer's; the exclusion constraints of the first migration are over these.
    """

    type: fields.ForeignKeyRelation[InterviewType] = fields.ForeignKeyField(
        "scheduling.InterviewType", related_name="bookings", on_delete=fields.OnDelete.RESTRICT
    )
    interviewer_id = fields.UUIDField(null=True, db_index=True)
    candidate_id = fields.UUIDField(db_index=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    status = fields.CharField(max_length=16)
    outcome = fields.CharField(max_length=24, null=True)
    hold_until = fields.DatetimeField(null=True)
    kind = fields.CharField(max_length=8)
    title = fields.CharField(max_length=120)
    level = fields.CharField(max_length=20, default="any")
    type_id: UUID
    candidate_zone = fields.CharField(max_length=64)
    intake = fields.JSONField[dict[str, Any]](default=dict)
    price_minor = fields.IntField(default=0)
    currency = fields.CharField(max_length=3)
    policy = fields.JSONField[dict[str, Any]](default=dict)
    moves = fields.IntField(default=0)
    ical_uid = fields.CharField(max_length=120)
    ical_sequence = fields.IntField(default=0)
    confirmed_at = fields.DatetimeField(null=True)
    cancelled_by = fields.CharField(max_length=16, default="")
    cancel_reason = fields.CharField(max_length=500, default="")
    refund_percent = fields.IntField(null=True)
    calendar_no = fields.BigIntField(null=True)
    candidate_no = fields.BigIntField()
    from_minute = fields.BigIntField()
    to_minute = fields.BigIntField()
    guard_from = fields.BigIntField()
    guard_to = fields.BigIntField()

    class Meta:
        table = "scheduling_booking"
        indexes = (
            ("tenant_id", "interviewer_id", "starts_at"),
            ("tenant_id", "candidate_id", "starts_at"),
            ("tenant_id", "starts_at"),
        )
        personal = ("intake", "cancel_reason", "candidate_zone")


class BookingChange(TenantModel):
    """One entry of a booking's history: who moved it from where to where, and why. Never changed."""

    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField("scheduling.Booking", related_name="changes")
    before = fields.CharField(max_length=16)
    after = fields.CharField(max_length=16)
    actor_id = fields.UUIDField(null=True)
    role = fields.CharField(max_length=16, default="system")
    reason = fields.CharField(max_length=500, default="")
    details = fields.JSONField[dict[str, Any]](default=dict)
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "scheduling_booking_change"
        personal = ("actor_id", "reason")
