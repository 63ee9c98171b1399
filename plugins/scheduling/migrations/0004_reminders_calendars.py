"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('scheduling', '0003_availability')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Feed',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField()),
                ('digest', fields.CharField(max_length=64)),
                ('token', fields.BinaryField()),
                ('at', fields.DatetimeField(default=now)),
                ('read_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'scheduling_feed', 'app': 'scheduling', 'unique_together': (('tenant_id', 'account_id'), ('tenant_id', 'digest')), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='LinkKey',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('secret', fields.CharField(max_length=64)),
            ],
            options={'table': 'scheduling_link_key', 'app': 'scheduling', 'unique_together': (('tenant_id',),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='OtherCalendar',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('account_id', fields.UUIDField(db_index=True)),
                ('provider', fields.CharField(max_length=20)),
                ('name', fields.CharField(max_length=120)),
                ('access', fields.BinaryField()),
                ('memory', fields.JSONField(default=dict)),
                ('state', fields.CharField(default='new', max_length=8)),
                ('failures', fields.IntField(default=0)),
                ('problem', fields.CharField(default='', max_length=300)),
                ('busy', fields.IntField(default=0)),
                ('read_at', fields.DatetimeField(null=True)),
                ('next_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'scheduling_other_calendar', 'app': 'scheduling', 'indexes': [Index(fields=['tenant_id', 'next_at'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Preparation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('booking_id', fields.UUIDField()),
                ('account_id', fields.UUIDField(db_index=True)),
                ('item', fields.CharField(max_length=8)),
                ('minutes', fields.IntField(default=0)),
                ('file_id', fields.UUIDField(null=True)),
                ('at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'scheduling_preparation', 'app': 'scheduling', 'unique_together': (('tenant_id', 'booking_id', 'account_id', 'item'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Reminder',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('booking_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField()),
                ('sequence', fields.IntField()),
                ('kind', fields.CharField(max_length=8)),
                ('minutes', fields.IntField()),
                ('channels', fields.CharField(default='', max_length=20)),
                ('due_at', fields.DatetimeField()),
                ('done_at', fields.DatetimeField(null=True)),
                ('result', fields.CharField(default='', max_length=8)),
            ],
            options={'table': 'scheduling_reminder', 'app': 'scheduling', 'unique_together': (('tenant_id', 'booking_id', 'account_id', 'kind', 'minutes', 'sequence'),), 'indexes': [Index(fields=['tenant_id', 'done_at', 'due_at'])], 'pk_attr': 'id'},
        ),
        ops.AddField(
            model_name='InterviewType',
            name='reminders',
            field=fields.JSONField(null=True),
        ),
    ]
