"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Applied',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('event_id', fields.UUIDField()),
                ('at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'analytics_applied', 'app': 'analytics', 'unique_together': (('tenant_id', 'event_id'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='DailyMetric',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('day', fields.DateField()),
                ('metric', fields.CharField(max_length=40)),
                ('dimension', fields.CharField(default='', max_length=40)),
                ('currency', fields.CharField(default='', max_length=3)),
                ('origin', fields.CharField(default='event', max_length=8)),
                ('value', fields.BigIntField(default=0)),
            ],
            options={'table': 'analytics_daily_metric', 'app': 'analytics', 'unique_together': (('tenant_id', 'day', 'metric', 'dimension', 'currency', 'origin'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Rollup',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('zone', fields.CharField(max_length=64)),
                ('rebuilt_at', fields.DatetimeField(null=True)),
                ('events', fields.IntField(default=0)),
            ],
            options={'table': 'analytics_rollup', 'app': 'analytics', 'unique_together': (('tenant_id',),), 'pk_attr': 'id'},
        ),
    ]
