"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('kernel', '0004_jobs_and_troubles')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DomainClaim',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('host', fields.CharField(max_length=253)),
                ('token', fields.CharField(max_length=64)),
                ('state', fields.CharField(default='pending', max_length=10)),
                ('problem', fields.CharField(default='', max_length=300)),
                ('checked_at', fields.DatetimeField(null=True)),
                ('verified_at', fields.DatetimeField(null=True)),
                ('failing_since', fields.DatetimeField(null=True)),
                ('created_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'kernel_domain_claim', 'app': 'kernel', 'unique_together': (('tenant_id', 'host'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='OperatorAct',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('at', fields.DatetimeField(default=now)),
                ('action', fields.CharField(max_length=60)),
                ('subject', fields.CharField(db_index=True, max_length=120)),
                ('tenant_slug', fields.CharField(default='', max_length=40)),
                ('by', fields.CharField(default='', max_length=120)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('before', fields.TextField(default='')),
                ('after', fields.TextField(default='')),
            ],
            options={'table': 'kernel_operator_act', 'app': 'kernel', 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='SettingRule',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('key', fields.CharField(max_length=100)),
                ('scope', fields.CharField(default='platform', max_length=36)),
                ('locked', fields.BooleanField(default=False)),
                ('minimum', fields.BigIntField(null=True)),
                ('maximum', fields.BigIntField(null=True)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('changed_by', fields.CharField(default='', max_length=120)),
                ('changed_at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'kernel_setting_rule', 'app': 'kernel', 'unique_together': (('key', 'scope'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Usage',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('name', fields.CharField(max_length=100)),
                ('day', fields.DateField()),
                ('used', fields.BigIntField(default=0)),
            ],
            options={'table': 'kernel_usage', 'app': 'kernel', 'unique_together': (('tenant_id', 'name', 'day'),), 'pk_attr': 'id'},
        ),
        ops.AddField(
            model_name='Tenant',
            name='state_reason',
            field=fields.CharField(default='', db_default='', max_length=500),
        ),
        ops.AddField(
            model_name='Tenant',
            name='state_since',
            field=fields.DatetimeField(null=True),
        ),
    ]
