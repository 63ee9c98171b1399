"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.ids import new_id
from tortoise import fields
from tortoise.indexes import Index, PartialIndex

class Migration(migrations.Migration):
    dependencies = [('kernel', '0003_api_tokens')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Hold',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('kind', fields.CharField(max_length=10)),
                ('name', fields.CharField(max_length=200)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('actor_id', fields.UUIDField(null=True)),
                ('since', fields.DatetimeField()),
            ],
            options={'table': 'kernel_job_hold', 'app': 'kernel', 'unique_together': (('tenant_id', 'kind', 'name'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Incident',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True)),
                ('plugin', fields.CharField(max_length=60)),
                ('kind', fields.CharField(max_length=20)),
                ('text', fields.TextField()),
                ('process', fields.CharField(max_length=80)),
                ('at', fields.DatetimeField(db_index=True)),
            ],
            options={'table': 'kernel_incident', 'app': 'kernel', 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Trouble',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('plugin', fields.CharField(max_length=60)),
                ('what', fields.CharField(max_length=250)),
                ('errors', fields.IntField(default=0)),
                ('recent', fields.IntField(default=0)),
                ('since', fields.DatetimeField()),
                ('last_error', fields.TextField(default='')),
                ('last_at', fields.DatetimeField()),
                ('open_until', fields.DatetimeField(null=True)),
                ('trips', fields.IntField(default=0)),
                ('probe_until', fields.DatetimeField(null=True)),
            ],
            options={'table': 'kernel_trouble', 'app': 'kernel', 'unique_together': (('tenant_id', 'plugin', 'what'),), 'pk_attr': 'id'},
        ),
        ops.AlterField(
            model_name='ApiToken',
            name='ips',
            field=fields.CharField(default='', db_default='', max_length=1000),
        ),
        ops.AddField(
            model_name='Job',
            name='history',
            field=fields.JSONField(default=list, db_default='[]'),
        ),
        ops.AddField(
            model_name='Job',
            name='priority',
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Job',
            name='started_at',
            field=fields.DatetimeField(null=True),
        ),
        ops.AddIndex(
            model_name='Job',
            index=PartialIndex(fields=['tenant_id', 'queue', 'priority', 'run_at', 'id'], name='kernel_job_turn', condition={'state': 'ready'}),
        ),
        ops.AddIndex(
            model_name='Job',
            index=Index(fields=['tenant_id', 'event_id'], name='kernel_job_by_event'),
        ),
    ]
