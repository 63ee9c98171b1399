"""Tables of scheduling. Written by services only. Ids of accounts are plain UUIDs: those rows are the kernel's.

Times: instants are UTC; weekly hours and overrides are wall time, read in their schedule's zone.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from kernel import TenantModel, Timestamped, VersionedModel, now

from .models_bulk import BulkRun
from .models_calendars import Feed, LinkKey, OtherCalendar, Preparation, Reminder
from .models_hours import Busy, Demand, FreeMonth, Pulse, Travel, Window

__all__ = [
    "Ask", "Booking", "BookingChange", "BulkRun", "Busy", "Calendar", "DateOverride", "Demand", "Feed", "FreeMonth",
    "InterviewType", "LinkKey", "Offer", "OtherCalendar", "PaidMove", "Policy", "Preparation", "Proposal", "Pulse",
    "Reminder", "Schedule", "Strike", "TimeOff", "Travel", "Waiting", "Window",
]  # fmt: skip


class InterviewType(TenantModel, Timestamped, VersionedModel):
    """What can be booked. `kind` is human or ai; `price_rule` is fixed (`price_minor`) or rate (of the interviewer).

    Lengths are minutes. `window_days`: how far ahead. `policy` is a Policy's key. A retired type is not `active`; its
    bookings stay. `mode` is instant or request (answered within `answer_hours`; with `request_blocks` the time is
    taken meanwhile; up to `fan_out` interviewers may be asked at once). `now_allowed`: sessions that begin at once.
    `panel`: how many interviewers sit in; `observers` and `guests`: how many people may be added. `questions` are the
    candidate's form, see intake.py. `durations`: further lengths to choose from. Starts lie at `offset_minutes` plus
    steps. `window_from` to `window_to`: dates between which it can be booked, besides `window_days`. `reminders` are
    rules as in reminders.py; None: as the tenant says.
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
    mode = fields.CharField(max_length=8, default="instant", db_default="instant")
    answer_hours = fields.IntField(default=24, db_default=24)
    request_blocks = fields.BooleanField(default=True, db_default=True)
    fan_out = fields.IntField(default=1, db_default=1)
    now_allowed = fields.BooleanField(default=False, db_default=False)
    panel = fields.IntField(default=1, db_default=1)
    observers = fields.IntField(default=0, db_default=0)
    guests = fields.IntField(default=0, db_default=0)
    questions = fields.JSONField[list[dict[str, Any]]](default=list, db_default="[]")
    durations = fields.JSONField[list[int]](default=list, db_default="[]")
    offset_minutes = fields.IntField(default=0, db_default=0)
    window_from = fields.DateField(null=True)
    window_to = fields.DateField(null=True)
    reminders = fields.JSONField[list[str]](null=True)

    class Meta:
        table = "scheduling_interview_type"
        unique_together = (("tenant_id", "slug"),)


class Schedule(TenantModel, Timestamped, VersionedModel):
    """Weekly hours: `weekly` maps ISO weekdays ("1" Monday) to lists of ["HH:MM", "HH:MM"], read in `zone`.

    The one named '' is the interviewer's usual one; others are for the types whose offer points to them. What is
    about the person is read from the usual one only: caps (sessions or minutes), `consecutive` sessions without
    `rest_minutes` between them, and `holidays`: None as the tenant says, else countries whose days are off ([]: none).
    """

    account_id = fields.UUIDField()
    name = fields.CharField(max_length=60, default="")
    zone = fields.CharField(max_length=64)
    weekly = fields.JSONField[dict[str, list[list[str]]]](default=dict)
    per_day = fields.IntField(null=True)
    per_week = fields.IntField(null=True)
    per_month = fields.IntField(null=True)
    minutes_per_day = fields.IntField(null=True)
    minutes_per_week = fields.IntField(null=True)
    consecutive = fields.IntField(null=True)
    rest_minutes = fields.IntField(default=15, db_default=15)
    holidays = fields.JSONField[list[str]](null=True)

    class Meta:
        table = "scheduling_schedule"
        unique_together = (("tenant_id", "account_id", "name"),)
        personal = ("weekly", "zone", "holidays")


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
    """A stretch in which an interviewer is away, whatever their hours say.

    `redirect_id`: the colleague to whom candidates are sent meanwhile.
    """

    account_id = fields.UUIDField(db_index=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    note = fields.CharField(max_length=120, default="")
    redirect_id = fields.UUIDField(null=True)

    class Meta:
        table = "scheduling_time_off"
        personal = ("starts_at", "ends_at", "note")


class Offer(TenantModel):
    """An interviewer offers a type, by the usual schedule or another.

    For "any suitable interviewer": the highest `priority` among the free ones goes first; among equals, sessions are
    shared by `weight`.
    """

    account_id = fields.UUIDField()
    schedule_id = fields.UUIDField(null=True)
    priority = fields.IntField(default=2, db_default=2)
    weight = fields.IntField(default=100, db_default=100)
    offered_at = fields.DatetimeField(default=now, db_default="2026-01-01T00:00:00Z")
    type_id: UUID
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
    buffers, the calendars of the interviewer and of the second one of a panel; exclusion constraints are over these.
    `mode` is instant, request, now or offer (a freed time held for a waiting candidate). `booked_by` paid for somebody
    else, who claims it through `claim_email`. `people` are guests and observers. A request to several interviewers
    has no `interviewer_id` until one accepts. Sessions that were booked together, week after week, share a `series_id`.
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
    mode = fields.CharField(max_length=8, default="instant", db_default="instant")
    second_id = fields.UUIDField(null=True, db_index=True)
    second_no = fields.BigIntField(null=True)
    booked_by = fields.UUIDField(null=True, db_index=True)
    claim_email = fields.CharField(max_length=254, default="", db_default="")
    alias = fields.CharField(max_length=60, default="", db_default="")
    people = fields.JSONField[list[dict[str, Any]]](default=list, db_default="[]")
    entitlement = fields.CharField(max_length=60, default="", db_default="")
    series_id = fields.UUIDField(null=True, db_index=True)

    class Meta:
        table = "scheduling_booking"
        indexes = (
            ("tenant_id", "interviewer_id", "starts_at"),
            ("tenant_id", "candidate_id", "starts_at"),
            ("tenant_id", "starts_at"),
        )
        personal = ("intake", "cancel_reason", "candidate_zone", "claim_email", "alias", "people", "booked_by")


class PaidMove(TenantModel):
    """A move that is carried out once its price difference is paid; until then the booking stays where it is.

    `state` is open, done, lapsed (not paid in time, or replaced) or refused (paid, but the time was gone: it goes
    back). `price_minor` is what the session costs at the new time, `sequence` the booking's when it was asked for.
    """

    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField(
        "scheduling.Booking", related_name="paid_moves"
    )
    booking_id: UUID
    starts_at = fields.DatetimeField()
    price_minor = fields.IntField()
    difference_minor = fields.IntField()
    sequence = fields.IntField()
    state = fields.CharField(max_length=10, default="open")
    at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField()
    actor_id = fields.UUIDField(null=True)

    class Meta:
        table = "scheduling_paid_move"
        indexes = (("tenant_id", "booking_id", "state"),)
        personal = ("actor_id",)


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


class Policy(TenantModel):
    """One version of a cancellation policy. `terms` are policies.Terms as data; version 1 is ready-made, in code."""

    key = fields.CharField(max_length=20)
    number = fields.IntField()
    title = fields.CharField(max_length=80)
    terms = fields.JSONField[dict[str, Any]](default=dict)
    actor_id = fields.UUIDField(null=True)
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "scheduling_policy"
        unique_together = (("tenant_id", "key", "number"),)
        personal = ("actor_id",)


class Ask(TenantModel):
    """One interviewer is asked to take a requested session. `state` is asked, accepted, declined or lapsed."""

    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField("scheduling.Booking", related_name="asks")
    interviewer_id = fields.UUIDField(db_index=True)
    price_minor = fields.IntField(default=0)
    currency = fields.CharField(max_length=3)
    state = fields.CharField(max_length=10, default="asked")
    at = fields.DatetimeField(default=now)
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "scheduling_ask"
        unique_together = (("tenant_id", "booking_id", "interviewer_id"),)


class Proposal(TenantModel, VersionedModel):
    """The interviewer would like something else: other `times`, or `substitute_id` in their place.

    `state` is open, accepted, declined, withdrawn or lapsed. `booking_version` is the booking it was made for.
    """

    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField("scheduling.Booking", related_name="proposals")
    kind = fields.CharField(max_length=12)
    times = fields.JSONField[list[str]](default=list)
    substitute_id = fields.UUIDField(null=True, db_index=True)
    note = fields.CharField(max_length=500, default="")
    by_id = fields.UUIDField(null=True)
    role = fields.CharField(max_length=16, default="interviewer")
    state = fields.CharField(max_length=10, default="open")
    sequence = fields.IntField(default=0)
    at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "scheduling_proposal"
        indexes = (("tenant_id", "booking_id", "state"),)
        personal = ("note", "by_id")


class Waiting(TenantModel):
    """A candidate waits for a freed time. `state` is waiting, offered, taken, lapsed or left; the oldest is first.

    `interviewer_id` None: any who offers the type. `booking_id` is the time that is held for them now.
    """

    account_id = fields.UUIDField(db_index=True)
    type: fields.ForeignKeyRelation[InterviewType] = fields.ForeignKeyField(
        "scheduling.InterviewType", related_name="waiting"
    )
    interviewer_id = fields.UUIDField(null=True)
    zone = fields.CharField(max_length=64)
    until = fields.DateField()
    state = fields.CharField(max_length=10, default="waiting")
    booking_id = fields.UUIDField(null=True)
    at = fields.DatetimeField(default=now)
    type_id: UUID

    class Meta:
        table = "scheduling_waiting"
        indexes = (("tenant_id", "type_id", "state", "at"),)
        personal = ("zone",)


class Strike(TenantModel):
    """A mark against somebody who called off late or did not come; it counts until `expires_at` unless waived."""

    account_id = fields.UUIDField()
    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField("scheduling.Booking", related_name="strikes")
    booking_id: UUID
    role = fields.CharField(max_length=16)
    cause = fields.CharField(max_length=24)
    points = fields.IntField(default=1)
    at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField()
    waived_at = fields.DatetimeField(null=True)
    waived_by = fields.UUIDField(null=True)
    waive_reason = fields.CharField(max_length=500, default="")

    class Meta:
        table = "scheduling_strike"
        unique_together = (("tenant_id", "booking_id", "account_id", "cause"),)
        indexes = (("tenant_id", "account_id", "expires_at"),)
        personal = ("waive_reason", "waived_by")
