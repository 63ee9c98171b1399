"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('scheduling', '0004_reminders_calendars')]

    initial = False

    operations = [
        ops.CreateModel(
            name='BulkRun',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('actor_id', fields.UUIDField(null=True)),
                ('reason', fields.CharField(max_length=500)),
                ('percent', fields.IntField(null=True)),
                ('items', fields.JSONField(default=list)),
                ('state', fields.CharField(default='waiting', max_length=10)),
                ('at', fields.DatetimeField(default=now)),
                ('run_at', fields.DatetimeField()),
            ],
            options={'table': 'scheduling_bulk_run', 'app': 'scheduling', 'indexes': [Index(fields=['tenant_id', 'at'])], 'pk_attr': 'id'},
        ),
    ]
