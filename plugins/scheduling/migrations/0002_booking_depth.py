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
    dependencies = [('scheduling', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Ask',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('booking', fields.ForeignKeyField('scheduling.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='asks', on_delete=OnDelete.CASCADE)),
                ('interviewer_id', fields.UUIDField(db_index=True)),
                ('price_minor', fields.IntField(default=0)),
                ('currency', fields.CharField(max_length=3)),
                ('state', fields.CharField(default='asked', max_length=10)),
                ('at', fields.DatetimeField(default=now)),
                ('answered_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'scheduling_ask', 'app': 'scheduling', 'unique_together': (('tenant_id', 'booking_id', 'interviewer_id'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Policy',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('key', fields.CharField(max_length=20)),
                ('number', fields.IntField()),
                ('title', fields.CharField(max_length=80)),
                ('terms', fields.JSONField(default=dict)),
                ('actor_id', fields.UUIDField(null=True)),
                ('at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'scheduling_policy', 'app': 'scheduling', 'unique_together': (('tenant_id', 'key', 'number'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Proposal',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('version', fields.IntField(default=1)),
                ('booking', fields.ForeignKeyField('scheduling.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='proposals', on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharField(max_length=12)),
                ('times', fields.JSONField(default=list)),
                ('substitute_id', fields.UUIDField(null=True, db_index=True)),
                ('note', fields.CharField(default='', max_length=500)),
                ('by_id', fields.UUIDField(null=True)),
                ('role', fields.CharField(default='interviewer', max_length=16)),
                ('state', fields.CharField(default='open', max_length=10)),
                ('sequence', fields.IntField(default=0)),
                ('at', fields.DatetimeField(default=now)),
                ('expires_at', fields.DatetimeField()),
            ],
            options={'table': 'scheduling_proposal', 'app': 'scheduling', 'indexes': [Index(fields=['tenant_id', 'booking_id', 'state'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Strike',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField()),
                ('booking', fields.ForeignKeyField('scheduling.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='strikes', on_delete=OnDelete.CASCADE)),
                ('role', fields.CharField(max_length=16)),
                ('cause', fields.CharField(max_length=24)),
                ('points', fields.IntField(default=1)),
                ('at', fields.DatetimeField(default=now)),
                ('expires_at', fields.DatetimeField()),
                ('waived_at', fields.DatetimeField(null=True)),
                ('waived_by', fields.UUIDField(null=True)),
                ('waive_reason', fields.CharField(default='', max_length=500)),
            ],
            options={'table': 'scheduling_strike', 'app': 'scheduling', 'unique_together': (('tenant_id', 'booking_id', 'account_id', 'cause'),), 'indexes': [Index(fields=['tenant_id', 'account_id', 'expires_at'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Waiting',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField(db_index=True)),
                ('type', fields.ForeignKeyField('scheduling.InterviewType', source_field='type_id', db_constraint=True, to_field='id', related_name='waiting', on_delete=OnDelete.CASCADE)),
                ('interviewer_id', fields.UUIDField(null=True)),
                ('zone', fields.CharField(max_length=64)),
                ('until', fields.DateField()),
                ('state', fields.CharField(default='waiting', max_length=10)),
                ('booking_id', fields.UUIDField(null=True)),
                ('at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'scheduling_waiting', 'app': 'scheduling', 'indexes': [Index(fields=['tenant_id', 'type_id', 'state', 'at'])], 'pk_attr': 'id'},
        ),
        ops.AddField(
            model_name='Booking',
            name='alias',
            field=fields.CharField(default='', db_default='', max_length=60),
        ),
        ops.AddField(
            model_name='Booking',
            name='booked_by',
            field=fields.UUIDField(null=True, db_index=True),
        ),
        ops.AddField(
            model_name='Booking',
            name='claim_email',
            field=fields.CharField(default='', db_default='', max_length=254),
        ),
        ops.AddField(
            model_name='Booking',
            name='entitlement',
            field=fields.CharField(default='', db_default='', max_length=60),
        ),
        ops.AddField(
            model_name='Booking',
            name='mode',
            field=fields.CharField(default='instant', db_default='instant', max_length=8),
        ),
        ops.AddField(
            model_name='Booking',
            name='people',
            field=fields.JSONField(default=list, db_default='[]'),
        ),
        ops.AddField(
            model_name='Booking',
            name='second_id',
            field=fields.UUIDField(null=True, db_index=True),
        ),
        ops.AddField(
            model_name='Booking',
            name='second_no',
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name='InterviewType',
            name='answer_hours',
            field=fields.IntField(default=24, db_default=24),
        ),
        ops.AddField(
            model_name='InterviewType',
            name='fan_out',
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name='InterviewType',
            name='guests',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='InterviewType',
            name='mode',
            field=fields.CharField(default='instant', db_default='instant', max_length=8),
        ),
        ops.AddField(
            model_name='InterviewType',
            name='now_allowed',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='InterviewType',
            name='observers',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='InterviewType',
            name='panel',
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name='InterviewType',
            name='questions',
            field=fields.JSONField(default=list, db_default='[]'),
        ),
        ops.AddField(
            model_name='InterviewType',
            name='request_blocks',
            field=fields.BooleanField(default=True, db_default=True),
        ),
        # A request takes the time too, and a panel has two interviewers: both calendars are in one constraint.
        Sql(
            """
            ALTER TABLE scheduling_booking DROP CONSTRAINT scheduling_booking_interviewer_free;
            ALTER TABLE scheduling_booking DROP CONSTRAINT scheduling_booking_candidate_free;
            ALTER TABLE scheduling_booking ADD CONSTRAINT scheduling_booking_panel CHECK (
                second_no IS NULL OR (calendar_no IS NOT NULL AND second_no <> calendar_no));
            ALTER TABLE scheduling_booking ADD CONSTRAINT scheduling_booking_interviewer_free EXCLUDE USING gist ((
                CASE WHEN second_no IS NULL THEN int8multirange(
                    int8range(calendar_no * 8589934592 + guard_from, calendar_no * 8589934592 + guard_to))
                ELSE int8multirange(
                    int8range(calendar_no * 8589934592 + guard_from, calendar_no * 8589934592 + guard_to),
                    int8range(second_no * 8589934592 + guard_from, second_no * 8589934592 + guard_to)) END) WITH &&)
                WHERE (calendar_no IS NOT NULL
                    AND status IN ('held', 'requested', 'pending', 'accepted', 'in_progress'));
            ALTER TABLE scheduling_booking ADD CONSTRAINT scheduling_booking_candidate_free EXCLUDE USING gist (
                int8range(candidate_no * 8589934592 + from_minute, candidate_no * 8589934592 + to_minute) WITH &&)
                WHERE (status IN ('held', 'requested', 'pending', 'accepted', 'in_progress'));
            CREATE UNIQUE INDEX scheduling_proposal_open ON scheduling_proposal (tenant_id, booking_id)
                WHERE state = 'open';
            CREATE UNIQUE INDEX scheduling_waiting_once ON scheduling_waiting
                (tenant_id, account_id, type_id, coalesce(interviewer_id, '00000000-0000-0000-0000-000000000000'))
                WHERE state IN ('waiting', 'offered');
            """,
            """
            DROP INDEX scheduling_waiting_once;
            DROP INDEX scheduling_proposal_open;
            ALTER TABLE scheduling_booking DROP CONSTRAINT scheduling_booking_panel;
            ALTER TABLE scheduling_booking DROP CONSTRAINT scheduling_booking_candidate_free;
            ALTER TABLE scheduling_booking DROP CONSTRAINT scheduling_booking_interviewer_free;
            ALTER TABLE scheduling_booking ADD CONSTRAINT scheduling_booking_interviewer_free EXCLUDE USING gist (
                int8range(calendar_no * 8589934592 + guard_from, calendar_no * 8589934592 + guard_to) WITH &&)
                WHERE (calendar_no IS NOT NULL AND status IN ('held', 'pending', 'accepted', 'in_progress'));
            ALTER TABLE scheduling_booking ADD CONSTRAINT scheduling_booking_candidate_free EXCLUDE USING gist (
                int8range(candidate_no * 8589934592 + from_minute, candidate_no * 8589934592 + to_minute) WITH &&)
                WHERE (status IN ('held', 'pending', 'accepted', 'in_progress'));
            """,
        ),
    ]
