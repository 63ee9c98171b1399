"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel import new_id, now
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Note',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('author_id', fields.UUIDField(db_index=True)),
                ('text', fields.CharField(max_length=500)),
            ],
            options={'table': 'my_plugin_note', 'app': 'my_plugin', 'indexes': [Index(fields=['tenant_id', 'created_at'])], 'pk_attr': 'id'},
        ),
    ]
