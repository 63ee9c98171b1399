"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('scheduling', '0006_weekly_series')]

    initial = False

    operations = [
        ops.CreateModel(
            name='PaidMove',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('booking', fields.ForeignKeyField('scheduling.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='paid_moves', on_delete=OnDelete.CASCADE)),
                ('starts_at', fields.DatetimeField()),
                ('price_minor', fields.IntField()),
                ('difference_minor', fields.IntField()),
                ('sequence', fields.IntField()),
                ('state', fields.CharField(default='open', max_length=10)),
                ('at', fields.DatetimeField(default=now)),
                ('expires_at', fields.DatetimeField()),
                ('actor_id', fields.UUIDField(null=True)),
            ],
            options={'table': 'scheduling_paid_move', 'app': 'scheduling', 'indexes': [Index(fields=['tenant_id', 'booking_id', 'state'])], 'pk_attr': 'id'},
        ),
    ]
