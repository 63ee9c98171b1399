"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('live', '0001_initial')]

    initial = False

    operations = [
        ops.AddField(
            model_name='LiveSession',
            name='late_until',
            field=fields.DatetimeField(null=True),
        ),
    ]
