"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('scheduling', '0005_bulk_runs')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Booking',
            name='series_id',
            field=fields.UUIDField(null=True, db_index=True),
        ),
    ]
