"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from kernel import Sql
from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='MaintenanceWindow',
            fields=[
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('starts_at', fields.DatetimeField()),
                ('ends_at', fields.DatetimeField(db_index=True)),
                ('messages', fields.JSONField(default=dict)),
                ('reason', fields.CharField(default='', max_length=200)),
                ('created_by', fields.UUIDField(null=True)),
                ('cancelled_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'theming_maintenance_window', 'app': 'theming', 'pk_attr': 'id'},
        ),
        Sql("ALTER TABLE theming_maintenance_window ADD CONSTRAINT theming_window_in_order CHECK (ends_at >= starts_at)"),
    ]
