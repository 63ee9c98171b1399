"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='LiveSession',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('booking_id', fields.UUIDField()),
                ('kind', fields.CharField(max_length=8)),
                ('state', fields.CharField(default='scheduled', max_length=24)),
                ('candidate_id', fields.UUIDField(db_index=True)),
                ('interviewer_id', fields.UUIDField(null=True, db_index=True)),
                ('title', fields.CharField(default='', max_length=200)),
                ('starts_at', fields.DatetimeField()),
                ('ends_at', fields.DatetimeField(db_index=True)),
                ('epoch', fields.IntField(default=0)),
                ('chat_seq', fields.IntField(default=0)),
                ('started_at', fields.DatetimeField(null=True)),
                ('ended_at', fields.DatetimeField(null=True)),
                ('end_cause', fields.CharField(default='', max_length=24)),
                ('ended_by', fields.UUIDField(null=True)),
                ('seconds', fields.IntField(default=0)),
                ('waiting_told', fields.BooleanField(default=False)),
            ],
            options={'table': 'live_session', 'app': 'live', 'unique_together': (('tenant_id', 'booking_id'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='ChatMessage',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('session', fields.ForeignKeyField('live.LiveSession', source_field='session_id', db_constraint=True, to_field='id', related_name='chat', on_delete=OnDelete.CASCADE)),
                ('seq', fields.IntField()),
                ('author_id', fields.UUIDField(null=True, db_index=True)),
                ('role', fields.CharField(max_length=16)),
                ('kind', fields.CharField(default='text', max_length=16)),
                ('cid', fields.CharField(max_length=40)),
                ('body', fields.TextField()),
                ('sent_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'live_chat_message', 'app': 'live', 'unique_together': (('tenant_id', 'session_id', 'seq'), ('tenant_id', 'session_id', 'author_id', 'cid')), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Note',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('session', fields.ForeignKeyField('live.LiveSession', source_field='session_id', db_constraint=True, to_field='id', related_name='notes', on_delete=OnDelete.CASCADE)),
                ('author_id', fields.UUIDField(db_index=True)),
                ('body', fields.TextField(default='')),
                ('version', fields.IntField(default=0)),
                ('saved_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'live_note', 'app': 'live', 'unique_together': (('tenant_id', 'session_id', 'author_id'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='PracticeRun',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('session', fields.ForeignKeyField('live.LiveSession', source_field='session_id', db_constraint=True, to_field='id', related_name='runs', on_delete=OnDelete.CASCADE)),
                ('candidate_id', fields.UUIDField(db_index=True)),
                ('topic', fields.CharField(max_length=24)),
                ('items', fields.JSONField()),
                ('script', fields.JSONField()),
                ('report', fields.JSONField(null=True)),
            ],
            options={'table': 'live_practice_run', 'app': 'live', 'unique_together': (('tenant_id', 'session_id'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Presence',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('session', fields.ForeignKeyField('live.LiveSession', source_field='session_id', db_constraint=True, to_field='id', related_name='stays', on_delete=OnDelete.CASCADE)),
                ('account_id', fields.UUIDField(db_index=True)),
                ('role', fields.CharField(max_length=16)),
                ('connection', fields.UUIDField()),
                ('joined_at', fields.DatetimeField(default=now)),
                ('seen_at', fields.DatetimeField(default=now)),
                ('left_at', fields.DatetimeField(null=True)),
                ('left_because', fields.CharField(default='', max_length=16)),
            ],
            options={'table': 'live_presence', 'app': 'live', 'indexes': [Index(fields=['session_id', 'joined_at']), Index(fields=['connection'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Question',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('slug', fields.CharField(max_length=80)),
                ('topic', fields.CharField(db_index=True, max_length=24)),
                ('level', fields.CharField(max_length=16)),
                ('locale', fields.CharField(default='en', max_length=8)),
                ('title', fields.CharField(max_length=160)),
                ('minutes', fields.IntField(default=8)),
                ('content', fields.JSONField()),
                ('bundled', fields.BooleanField(default=False)),
                ('active', fields.BooleanField(default=True)),
            ],
            options={'table': 'live_question', 'app': 'live', 'unique_together': (('tenant_id', 'slug'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='SessionTimer',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('session', fields.ForeignKeyField('live.LiveSession', source_field='session_id', db_constraint=True, to_field='id', related_name='timers', on_delete=OnDelete.CASCADE)),
                ('seconds', fields.IntField()),
                ('left_ms', fields.IntField()),
                ('started_at', fields.DatetimeField(null=True)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'live_timer', 'app': 'live', 'unique_together': (('tenant_id', 'session_id'),), 'pk_attr': 'id'},
        ),
    ]
