"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('kernel', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Canary',
            fields=[
                ('key', fields.CharField(primary_key=True, max_length=100)),
                ('percent', fields.IntField()),
                ('max_error_percent', fields.IntField(default=5)),
                ('least_requests', fields.IntField(default=50)),
                ('requests', fields.BigIntField(default=0)),
                ('errors', fields.BigIntField(default=0)),
                ('state', fields.CharField(default='running', max_length=12)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('started_at', fields.DatetimeField(default=now)),
                ('ended_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'kernel_canary', 'app': 'kernel', 'pk_attr': 'key'},
        ),
        ops.CreateModel(
            name='PlannedSwitch',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('key', fields.CharField(max_length=100)),
                ('is_on', fields.BooleanField()),
                ('cascade', fields.BooleanField(default=False)),
                ('at', fields.DatetimeField()),
                ('actor_id', fields.UUIDField(null=True)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('state', fields.CharField(default='waiting', max_length=12)),
                ('note', fields.CharField(default='', max_length=500)),
                ('created_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'kernel_planned_switch', 'app': 'kernel', 'indexes': [Index(fields=['tenant_id', 'state', 'at'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='SwitchChange',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('batch_id', fields.UUIDField()),
                ('key', fields.CharField(max_length=100)),
                ('before', fields.JSONField(null=True)),
                ('after', fields.JSONField(null=True)),
                ('was_on', fields.BooleanField()),
                ('is_on', fields.BooleanField()),
                ('actor_id', fields.UUIDField(null=True)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('changed_at', fields.DatetimeField(default=now)),
                ('undoes', fields.UUIDField(null=True)),
            ],
            options={'table': 'kernel_switch_change', 'app': 'kernel', 'indexes': [Index(fields=['tenant_id', 'changed_at'])], 'pk_attr': 'id'},
        ),
        ops.AddField(
            model_name='Toggle',
            name='rule',
            field=fields.JSONField(null=True),
        ),
    ]
