"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('notifications', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Webhook',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('url', fields.CharField(max_length=2000)),
                ('description', fields.CharField(default='', max_length=200)),
                ('events', fields.JSONField(default=list)),
                ('state', fields.CharField(default='active', max_length=10)),
                ('reason', fields.CharField(default='', max_length=40)),
                ('secret', fields.BinaryField()),
                ('old_secret', fields.BinaryField(null=True)),
                ('old_until', fields.DatetimeField(null=True)),
                ('failures', fields.IntField(default=0)),
                ('failing_since', fields.DatetimeField(null=True)),
                ('rest_until', fields.DatetimeField(null=True)),
                ('created_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'notifications_webhook', 'app': 'notifications', 'unique_together': (('tenant_id', 'url'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='WebhookAttempt',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('delivery_id', fields.UUIDField(db_index=True)),
                ('at', fields.DatetimeField(default=now)),
                ('duration_ms', fields.IntField()),
                ('status', fields.IntField(null=True)),
                ('error', fields.CharField(default='', max_length=300)),
                ('response', fields.TextField(default='')),
            ],
            options={'table': 'notifications_webhook_attempt', 'app': 'notifications', 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('webhook_id', fields.UUIDField()),
                ('event_id', fields.UUIDField()),
                ('event', fields.CharField(max_length=120)),
                ('test', fields.BooleanField(default=False)),
                ('state', fields.CharField(default='waiting', max_length=12)),
                ('attempts', fields.IntField(default=0)),
                ('cycle', fields.IntField(default=0)),
                ('held_until', fields.DatetimeField(null=True)),
                ('next_at', fields.DatetimeField(null=True)),
                ('status', fields.IntField(null=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('ended_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'notifications_webhook_delivery', 'app': 'notifications', 'unique_together': (('tenant_id', 'webhook_id', 'event_id'),), 'indexes': [Index(fields=['tenant_id', 'webhook_id', 'created_at', 'id'], name='notifications_webhook_log'), Index(fields=['tenant_id', 'state', 'created_at'], name='notifications_webhook_state')], 'pk_attr': 'id'},
        ),
    ]
