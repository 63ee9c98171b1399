"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel import new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Follower',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('account_id', fields.UUIDField()),
            ],
            options={'table': 'question_of_the_day_follower', 'app': 'question_of_the_day', 'unique_together': (('tenant_id', 'account_id'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Question',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('text', fields.CharField(max_length=300)),
                ('retired', fields.BooleanField(default=False)),
            ],
            options={'table': 'question_of_the_day_question', 'app': 'question_of_the_day', 'unique_together': (('tenant_id', 'text'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Asked',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('question', fields.ForeignKeyField('question_of_the_day.Question', source_field='question_id', db_constraint=True, to_field='id', related_name='days', on_delete=OnDelete.CASCADE)),
                ('day', fields.DateField()),
            ],
            options={'table': 'question_of_the_day_asked', 'app': 'question_of_the_day', 'unique_together': (('tenant_id', 'day'),), 'pk_attr': 'id'},
        ),
    ]
