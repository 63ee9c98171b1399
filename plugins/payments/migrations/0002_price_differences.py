"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('payments', '0001_initial')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Payment',
            name='adds_to_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='Payment',
            name='adds_to_kind',
            field=fields.CharField(default='', db_default='', max_length=40),
        ),
        ops.AddIndex(
            model_name='Payment',
            index=Index(fields=['tenant_id', 'adds_to_id']),
        ),
    ]
