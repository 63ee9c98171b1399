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
            name='Series',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('number', fields.IntField(default=0)),
            ],
            options={'table': 'helpdesk_series', 'app': 'helpdesk', 'unique_together': (('tenant_id',),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Ticket',
            fields=[
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('number', fields.IntField()),
                ('requester_id', fields.UUIDField()),
                ('subject', fields.CharField(max_length=160)),
                ('category', fields.CharField(max_length=20)),
                ('state', fields.CharField(default='new', max_length=10)),
                ('priority', fields.CharField(default='normal', max_length=10)),
                ('assignee_id', fields.UUIDField(null=True)),
                ('booking_id', fields.UUIDField(null=True)),
                ('reference', fields.CharField(default='', max_length=80)),
                ('follows', fields.IntField(null=True)),
                ('raised', fields.BooleanField(default=False)),
                ('last_by', fields.CharField(default='requester', max_length=10)),
                ('last_entry_at', fields.DatetimeField(default=now)),
                ('first_reply_at', fields.DatetimeField(null=True)),
                ('solved_at', fields.DatetimeField(null=True)),
                ('closed_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'helpdesk_ticket', 'app': 'helpdesk', 'unique_together': (('tenant_id', 'number'),), 'indexes': [Index(fields=['tenant_id', 'requester_id', 'last_entry_at']), Index(fields=['tenant_id', 'state', 'last_entry_at']), Index(fields=['tenant_id', 'assignee_id', 'state'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Change',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('ticket', fields.ForeignKeyField('helpdesk.Ticket', source_field='ticket_id', db_constraint=True, to_field='id', related_name='changes', on_delete=OnDelete.CASCADE)),
                ('field', fields.CharField(max_length=20)),
                ('before', fields.CharField(default='', max_length=40)),
                ('after', fields.CharField(default='', max_length=40)),
                ('actor_id', fields.UUIDField(null=True)),
                ('reason', fields.CharField(default='', max_length=200)),
                ('at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'helpdesk_change', 'app': 'helpdesk', 'indexes': [Index(fields=['tenant_id', 'ticket_id', 'at'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Entry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('ticket', fields.ForeignKeyField('helpdesk.Ticket', source_field='ticket_id', db_constraint=True, to_field='id', related_name='entries', on_delete=OnDelete.CASCADE)),
                ('author_id', fields.UUIDField()),
                ('by_agent', fields.BooleanField(default=False)),
                ('internal', fields.BooleanField(default=False)),
                ('body', fields.TextField()),
                ('created_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'helpdesk_entry', 'app': 'helpdesk', 'indexes': [Index(fields=['tenant_id', 'ticket_id', 'created_at'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Attachment',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('entry', fields.ForeignKeyField('helpdesk.Entry', source_field='entry_id', db_constraint=True, to_field='id', related_name='attachments', on_delete=OnDelete.CASCADE)),
                ('file_id', fields.UUIDField()),
                ('name', fields.CharField(max_length=200)),
                ('content_type', fields.CharField(max_length=100)),
                ('size', fields.IntField()),
            ],
            options={'table': 'helpdesk_attachment', 'app': 'helpdesk', 'indexes': [Index(fields=['tenant_id', 'entry_id'])], 'pk_attr': 'id'},
        ),
    ]
