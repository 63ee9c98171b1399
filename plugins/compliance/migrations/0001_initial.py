"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from kernel import Sql
from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields

_APPEND_ONLY = """
CREATE FUNCTION compliance_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER compliance_entry_append_only BEFORE UPDATE OR DELETE ON compliance_audit_entry
  FOR EACH ROW EXECUTE FUNCTION compliance_refuse();
CREATE TRIGGER compliance_entry_no_truncate BEFORE TRUNCATE ON compliance_audit_entry
  FOR EACH STATEMENT EXECUTE FUNCTION compliance_refuse();
CREATE FUNCTION compliance_only_erase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT NEW.erased OR NEW.before IS NOT NULL OR NEW.after IS NOT NULL OR NEW.reason <> ''
     OR (NEW.id, NEW.tenant_id, NEW.entry_id, NEW.salt) IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.entry_id, OLD.salt)
  THEN
    RAISE EXCEPTION 'details of the audit log can only be erased' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER compliance_detail_only_erase BEFORE UPDATE ON compliance_audit_detail
  FOR EACH ROW EXECUTE FUNCTION compliance_only_erase();
CREATE TRIGGER compliance_detail_no_delete BEFORE DELETE ON compliance_audit_detail
  FOR EACH ROW EXECUTE FUNCTION compliance_refuse();
CREATE TRIGGER compliance_detail_no_truncate BEFORE TRUNCATE ON compliance_audit_detail
  FOR EACH STATEMENT EXECUTE FUNCTION compliance_refuse();
CREATE UNIQUE INDEX compliance_one_open_request ON compliance_data_request (tenant_id, account_id, kind)
  WHERE state IN ('requested', 'running');
CREATE INDEX compliance_entry_time ON compliance_audit_entry (tenant_id, at DESC, seq DESC);
"""

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='AuditDetail',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('entry_id', fields.UUIDField()),
                ('salt', fields.CharField(max_length=32)),
                ('before', fields.TextField(null=True)),
                ('after', fields.TextField(null=True)),
                ('reason', fields.TextField(default='')),
                ('erased', fields.BooleanField(default=False)),
            ],
            options={'table': 'compliance_audit_detail', 'app': 'compliance', 'unique_together': (('tenant_id', 'entry_id'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('seq', fields.BigIntField()),
                ('event_id', fields.UUIDField()),
                ('source', fields.CharField(max_length=80)),
                ('at', fields.DatetimeField(db_index=True)),
                ('actor_id', fields.UUIDField(null=True, db_index=True)),
                ('action', fields.CharField(db_index=True, max_length=120)),
                ('subject', fields.CharField(max_length=60)),
                ('subject_id', fields.CharField(db_index=True, max_length=120)),
                ('request_id', fields.CharField(default='', max_length=80)),
                ('digest', fields.CharField(max_length=64)),
                ('previous', fields.CharField(max_length=64)),
                ('hash', fields.CharField(max_length=64)),
            ],
            options={'table': 'compliance_audit_entry', 'app': 'compliance', 'unique_together': (('tenant_id', 'seq'), ('tenant_id', 'event_id')), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='AuditHead',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('seq', fields.BigIntField(default=0)),
                ('hash', fields.CharField(default='', max_length=64)),
            ],
            options={'table': 'compliance_audit_head', 'app': 'compliance', 'unique_together': (('tenant_id',),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='DataRequest',
            fields=[
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('kind', fields.CharField(max_length=12)),
                ('account_id', fields.UUIDField(db_index=True)),
                ('state', fields.CharField(db_index=True, max_length=16)),
                ('asked_by', fields.UUIDField(null=True)),
                ('note', fields.CharField(default='', max_length=500)),
                ('due_at', fields.DatetimeField(default=now)),
                ('decided_by', fields.UUIDField(null=True)),
                ('decided_at', fields.DatetimeField(null=True)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('locale', fields.CharField(default='en', max_length=16)),
                ('results', fields.JSONField(default=list)),
                ('file_id', fields.UUIDField(null=True)),
                ('finished_at', fields.DatetimeField(null=True)),
                ('expires_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'compliance_data_request', 'app': 'compliance', 'pk_attr': 'id'},
        ),
        Sql(_APPEND_ONLY),
    ]
