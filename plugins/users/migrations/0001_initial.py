"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Application',
            fields=[
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField()),
                ('state', fields.CharField(default='draft', max_length=20)),
                ('answers', fields.JSONField(default=dict)),
                ('reason', fields.TextField(default='')),
                ('decided_by', fields.UUIDField(null=True)),
                ('decided_at', fields.DatetimeField(null=True)),
                ('submitted_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'users_application', 'app': 'users', 'unique_together': (('tenant_id', 'account_id'),), 'indexes': [Index(fields=['tenant_id', 'state', 'submitted_at'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='ApplicationStep',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('application_id', fields.UUIDField(db_index=True)),
                ('before', fields.CharField(max_length=20)),
                ('after', fields.CharField(max_length=20)),
                ('actor_id', fields.UUIDField(null=True)),
                ('reason', fields.TextField(default='')),
                ('at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'users_application_step', 'app': 'users', 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='InterviewerProfile',
            fields=[
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField()),
                ('slug', fields.CharField(max_length=60)),
                ('headline', fields.CharField(default='', max_length=120)),
                ('bio', fields.TextField(default='')),
                ('company', fields.CharField(default='', max_length=80)),
                ('years', fields.IntField(default=0)),
                ('skills', fields.JSONField(default=list)),
                ('languages', fields.JSONField(default=list)),
                ('rate_minor', fields.IntField(default=0)),
                ('currency', fields.CharField(max_length=3)),
                ('published', fields.BooleanField(default=False)),
                ('accepting', fields.BooleanField(default=True)),
            ],
            options={'table': 'users_interviewer_profile', 'app': 'users', 'unique_together': (('tenant_id', 'account_id'), ('tenant_id', 'slug')), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Profile',
            fields=[
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField()),
                ('headline', fields.CharField(default='', max_length=120)),
                ('bio', fields.TextField(default='')),
                ('pronouns', fields.CharField(default='', max_length=40)),
                ('links', fields.JSONField(default=list)),
                ('target_roles', fields.JSONField(default=list)),
                ('visible', fields.JSONField(default=list)),
                ('picture_id', fields.UUIDField(null=True)),
                ('picture_small_id', fields.UUIDField(null=True)),
            ],
            options={'table': 'users_profile', 'app': 'users', 'unique_together': (('tenant_id', 'account_id'),), 'pk_attr': 'id'},
        ),
    ]
