"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('kernel', '0002_switch_rules')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ApiCall',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('token', fields.ForeignKeyField('kernel.ApiToken', source_field='token_id', db_index=True, db_constraint=True, to_field='id', related_name='calls', on_delete=OnDelete.CASCADE)),
                ('route', fields.CharField(max_length=120)),
                ('status', fields.IntField()),
                ('count', fields.BigIntField(default=0)),
                ('last_at', fields.DatetimeField(default=now)),
                ('last_ip', fields.CharField(default='', max_length=64)),
            ],
            options={'table': 'kernel_api_call', 'app': 'kernel', 'unique_together': (('tenant_id', 'token_id', 'route', 'status'),), 'pk_attr': 'id'},
        ),
        ops.AddField(
            model_name='ApiToken',
            name='created_by_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='ApiToken',
            name='ips',
            field=fields.CharField(default='', db_default='', max_length=1000),
        ),
        ops.AddField(
            model_name='ApiToken',
            name='last_ip',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddField(
            model_name='ApiToken',
            name='per_minute',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='ApiToken',
            name='replaced_by_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='ApiToken',
            name='role',
            field=fields.CharField(null=True, max_length=60),
        ),
    ]
