"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('live', '0002_running_late')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Guest',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('session', fields.ForeignKeyField('live.LiveSession', source_field='session_id', db_constraint=True, to_field='id', related_name='guests', on_delete=OnDelete.CASCADE)),
                ('email', fields.CharField(max_length=254)),
                ('name', fields.CharField(max_length=60)),
                ('role', fields.CharField(max_length=16)),
            ],
            options={'table': 'live_guest', 'app': 'live', 'unique_together': (('tenant_id', 'session_id', 'email'),), 'pk_attr': 'id'},
        ),
        ops.AddField(
            model_name='LiveSession',
            name='pairs',
            field=fields.JSONField(default=dict, db_default='{}'),
        ),
        ops.AddField(
            model_name='Presence',
            name='epoch',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Presence',
            name='lobby',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Presence',
            name='tab',
            field=fields.CharField(default='', db_default='', max_length=40),
        ),
    ]
