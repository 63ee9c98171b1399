"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from kernel import Sql
from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Attachment',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('email_id', fields.UUIDField(db_index=True)),
                ('position', fields.IntField(default=0)),
                ('name', fields.CharField(max_length=200)),
                ('content_type', fields.CharField(max_length=200)),
                ('data', fields.BinaryField()),
            ],
            options={'table': 'notifications_attachment', 'app': 'notifications', 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Email',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField(null=True)),
                ('recipient', fields.CharField(max_length=320)),
                ('type_id', fields.CharField(max_length=120)),
                ('key', fields.CharField(max_length=200)),
                ('address', fields.CharField(max_length=320)),
                ('name', fields.CharField(default='', max_length=200)),
                ('locale', fields.CharField(max_length=20)),
                ('subject', fields.TextField()),
                ('text', fields.TextField(default='')),
                ('html', fields.TextField(default='')),
                ('unsubscribe_url', fields.TextField(default='')),
                ('message_id', fields.CharField(max_length=255)),
                ('state', fields.CharField(default='queued', max_length=12)),
                ('reason', fields.CharField(default='', max_length=40)),
                ('detail', fields.TextField(default='')),
                ('attempts', fields.IntField(default=0)),
                ('via', fields.CharField(default='', max_length=12)),
                ('created_at', fields.DatetimeField(default=now)),
                ('next_at', fields.DatetimeField(null=True)),
                ('sent_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'notifications_email', 'app': 'notifications', 'unique_together': (('tenant_id', 'recipient', 'key'),), 'indexes': [Index(fields=['tenant_id', 'created_at', 'id'], name='notifications_email_list'), Index(fields=['tenant_id', 'state', 'created_at'], name='notifications_email_state')], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='LinkKey',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('secret', fields.CharField(max_length=64)),
            ],
            options={'table': 'notifications_link_key', 'app': 'notifications', 'unique_together': (('tenant_id',),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Message',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField()),
                ('type_id', fields.CharField(max_length=120)),
                ('key', fields.CharField(max_length=200)),
                ('subject', fields.TextField()),
                ('body', fields.TextField()),
                ('params', fields.JSONField(default=dict)),
                ('action_label', fields.CharField(default='', max_length=200)),
                ('action_url', fields.TextField(default='')),
                ('read_at', fields.DatetimeField(null=True)),
                ('created_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'notifications_message', 'app': 'notifications', 'unique_together': (('tenant_id', 'account_id', 'key'),), 'indexes': [Index(fields=['tenant_id', 'account_id', 'created_at', 'id'], name='notifications_message_list')], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Preference',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('recipient', fields.CharField(max_length=320)),
                ('type_id', fields.CharField(max_length=120)),
                ('channel', fields.CharField(max_length=20)),
                ('wanted', fields.BooleanField()),
                ('changed_at', fields.DatetimeField(default=now)),
                ('source', fields.CharField(default='preferences', max_length=20)),
            ],
            options={'table': 'notifications_preference', 'app': 'notifications', 'unique_together': (('tenant_id', 'recipient', 'type_id', 'channel'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Refusal',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('address', fields.CharField(max_length=320)),
                ('detail', fields.TextField(default='')),
                ('created_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'notifications_refusal', 'app': 'notifications', 'unique_together': (('tenant_id', 'address'),), 'pk_attr': 'id'},
        ),
        # The bell counts on every page: only what is unread is in this index.
        Sql(
            "CREATE INDEX notifications_message_unread ON notifications_message (tenant_id, account_id)"
            " WHERE read_at IS NULL",
            "DROP INDEX notifications_message_unread",
        ),
    ]
