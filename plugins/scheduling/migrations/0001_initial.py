"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel import Sql
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Calendar',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField()),
                ('number', fields.BigIntField()),
            ],
            options={'table': 'scheduling_calendar', 'app': 'scheduling', 'unique_together': (('tenant_id', 'account_id'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='InterviewType',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('slug', fields.CharField(max_length=60)),
                ('title', fields.CharField(max_length=120)),
                ('description', fields.TextField(default='')),
                ('kind', fields.CharField(default='human', max_length=8)),
                ('level', fields.CharField(default='any', max_length=20)),
                ('topic', fields.CharField(default='', max_length=40)),
                ('duration_minutes', fields.IntField(default=60)),
                ('step_minutes', fields.IntField(default=30)),
                ('buffer_before', fields.IntField(default=0)),
                ('buffer_after', fields.IntField(default=0)),
                ('minimum_notice_minutes', fields.IntField(default=120)),
                ('window_days', fields.IntField(default=60)),
                ('price_rule', fields.CharField(default='rate', max_length=8)),
                ('price_minor', fields.IntField(default=0)),
                ('currency', fields.CharField(max_length=3)),
                ('policy', fields.CharField(default='moderate', max_length=20)),
                ('active', fields.BooleanField(default=True)),
                ('position', fields.IntField(default=0)),
            ],
            options={'table': 'scheduling_interview_type', 'app': 'scheduling', 'unique_together': (('tenant_id', 'slug'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Booking',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('type', fields.ForeignKeyField('scheduling.InterviewType', source_field='type_id', db_constraint=True, to_field='id', related_name='bookings', on_delete=OnDelete.RESTRICT)),
                ('interviewer_id', fields.UUIDField(null=True, db_index=True)),
                ('candidate_id', fields.UUIDField(db_index=True)),
                ('starts_at', fields.DatetimeField()),
                ('ends_at', fields.DatetimeField()),
                ('status', fields.CharField(max_length=16)),
                ('outcome', fields.CharField(null=True, max_length=24)),
                ('hold_until', fields.DatetimeField(null=True)),
                ('kind', fields.CharField(max_length=8)),
                ('title', fields.CharField(max_length=120)),
                ('level', fields.CharField(default='any', max_length=20)),
                ('candidate_zone', fields.CharField(max_length=64)),
                ('intake', fields.JSONField(default=dict)),
                ('price_minor', fields.IntField(default=0)),
                ('currency', fields.CharField(max_length=3)),
                ('policy', fields.JSONField(default=dict)),
                ('moves', fields.IntField(default=0)),
                ('ical_uid', fields.CharField(max_length=120)),
                ('ical_sequence', fields.IntField(default=0)),
                ('confirmed_at', fields.DatetimeField(null=True)),
                ('cancelled_by', fields.CharField(default='', max_length=16)),
                ('cancel_reason', fields.CharField(default='', max_length=500)),
                ('refund_percent', fields.IntField(null=True)),
                ('calendar_no', fields.BigIntField(null=True)),
                ('candidate_no', fields.BigIntField()),
                ('from_minute', fields.BigIntField()),
                ('to_minute', fields.BigIntField()),
                ('guard_from', fields.BigIntField()),
                ('guard_to', fields.BigIntField()),
            ],
            options={'table': 'scheduling_booking', 'app': 'scheduling', 'indexes': [Index(fields=['tenant_id', 'interviewer_id', 'starts_at']), Index(fields=['tenant_id', 'candidate_id', 'starts_at']), Index(fields=['tenant_id', 'starts_at'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='BookingChange',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('booking', fields.ForeignKeyField('scheduling.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='changes', on_delete=OnDelete.CASCADE)),
                ('before', fields.CharField(max_length=16)),
                ('after', fields.CharField(max_length=16)),
                ('actor_id', fields.UUIDField(null=True)),
                ('role', fields.CharField(default='system', max_length=16)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('details', fields.JSONField(default=dict)),
                ('at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'scheduling_booking_change', 'app': 'scheduling', 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Offer',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField()),
                ('type', fields.ForeignKeyField('scheduling.InterviewType', source_field='type_id', db_constraint=True, to_field='id', related_name='offers', on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'scheduling_offer', 'app': 'scheduling', 'unique_together': (('tenant_id', 'account_id', 'type_id'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Schedule',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('account_id', fields.UUIDField()),
                ('name', fields.CharField(default='', max_length=60)),
                ('zone', fields.CharField(max_length=64)),
                ('weekly', fields.JSONField(default=dict)),
                ('per_day', fields.IntField(null=True)),
                ('per_week', fields.IntField(null=True)),
            ],
            options={'table': 'scheduling_schedule', 'app': 'scheduling', 'unique_together': (('tenant_id', 'account_id', 'name'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='DateOverride',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('schedule', fields.ForeignKeyField('scheduling.Schedule', source_field='schedule_id', db_constraint=True, to_field='id', related_name='overrides', on_delete=OnDelete.CASCADE)),
                ('date', fields.DateField()),
                ('ranges', fields.JSONField(default=list)),
            ],
            options={'table': 'scheduling_date_override', 'app': 'scheduling', 'unique_together': (('tenant_id', 'schedule_id', 'date'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='TimeOff',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField(db_index=True)),
                ('starts_at', fields.DatetimeField()),
                ('ends_at', fields.DatetimeField()),
                ('note', fields.CharField(default='', max_length=120)),
            ],
            options={'table': 'scheduling_time_off', 'app': 'scheduling', 'pk_attr': 'id'},
        ),
        Sql(
            """
            CREATE SEQUENCE scheduling_calendar_number;
            ALTER TABLE scheduling_calendar ADD CONSTRAINT scheduling_calendar_number_key UNIQUE (number);
            ALTER TABLE scheduling_booking ADD CONSTRAINT scheduling_booking_lengths
                CHECK (to_minute > from_minute AND guard_from <= from_minute AND guard_to >= to_minute
                       AND from_minute >= 0 AND guard_to < 8589934592 AND ends_at > starts_at);
            ALTER TABLE scheduling_booking ADD CONSTRAINT scheduling_booking_interviewer_free EXCLUDE USING gist (
                int8range(calendar_no * 8589934592 + guard_from, calendar_no * 8589934592 + guard_to) WITH &&)
                WHERE (calendar_no IS NOT NULL AND status IN ('held', 'pending', 'accepted', 'in_progress'));
            ALTER TABLE scheduling_booking ADD CONSTRAINT scheduling_booking_candidate_free EXCLUDE USING gist (
                int8range(candidate_no * 8589934592 + from_minute, candidate_no * 8589934592 + to_minute) WITH &&)
                WHERE (status IN ('held', 'pending', 'accepted', 'in_progress'));
            """,
            """
            ALTER TABLE scheduling_booking DROP CONSTRAINT scheduling_booking_candidate_free;
            ALTER TABLE scheduling_booking DROP CONSTRAINT scheduling_booking_interviewer_free;
            ALTER TABLE scheduling_booking DROP CONSTRAINT scheduling_booking_lengths;
            DROP SEQUENCE scheduling_calendar_number;
            """,
        ),
    ]
