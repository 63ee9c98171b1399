"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('kernel', '0005_tenants_and_settings')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SavedView',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('list', fields.CharField(max_length=100)),
                ('account_id', fields.UUIDField(null=True, db_index=True)),
                ('name', fields.CharField(max_length=60)),
                ('query', fields.CharField(default='', max_length=2000)),
                ('shared', fields.BooleanField(default=False)),
                ('created_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'kernel_saved_view', 'app': 'kernel', 'unique_together': (('tenant_id', 'list', 'account_id', 'name'),), 'pk_attr': 'id'},
        ),
    ]
