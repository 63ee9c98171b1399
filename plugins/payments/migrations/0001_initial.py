"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

from kernel import Sql

#: At most one payment of a reference is open or paid: of two that begin at once, one finds the other.
ONE_LIVE = """
CREATE UNIQUE INDEX payments_payment_one_live ON payments_payment (tenant_id, reference_kind, reference_id)
    WHERE state IN ('created', 'requires_action', 'unknown', 'succeeded', 'partially_refunded', 'refunded');
ALTER TABLE payments_payment ADD CONSTRAINT payments_payment_amounts
    CHECK (amount_minor > 0 AND refunded_minor BETWEEN 0 AND amount_minor);
ALTER TABLE payments_refund ADD CONSTRAINT payments_refund_amount CHECK (amount_minor > 0);
ALTER TABLE payments_ledger_line ADD CONSTRAINT payments_ledger_line_amount CHECK (amount_minor <> 0);
"""

#: The books are only ever added to.
APPEND_ONLY = """
CREATE FUNCTION payments_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER payments_entry_stays BEFORE UPDATE OR DELETE ON payments_ledger_entry
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_line_stays BEFORE UPDATE OR DELETE ON payments_ledger_line
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_step_stays BEFORE UPDATE OR DELETE ON payments_step
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_entry_no_truncate BEFORE TRUNCATE ON payments_ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
CREATE TRIGGER payments_line_no_truncate BEFORE TRUNCATE ON payments_ledger_line
    FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse_change();
"""

#: At the commit each entry has the lines that it announced, two or more, in one currency, and they sum to zero.
#: A line that is added to an old entry therefore fails, too.
BALANCED = """
CREATE FUNCTION payments_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid := CASE WHEN TG_TABLE_NAME = 'payments_ledger_entry' THEN (to_jsonb(NEW) ->> 'id')::uuid
                        ELSE (to_jsonb(NEW) ->> 'entry_id')::uuid END;
    announced integer;
    found record;
BEGIN
    SELECT line_count INTO announced FROM payments_ledger_entry WHERE id = wanted;
    SELECT count(*) AS lines, coalesce(sum(amount_minor), 0) AS total, count(DISTINCT currency) AS currencies
      INTO found FROM payments_ledger_line WHERE entry_id = wanted;
    IF announced IS NULL OR found.lines < 2 OR found.lines <> announced OR found.currencies <> 1 OR found.total <> 0 THEN
        RAISE EXCEPTION 'ledger entry % does not balance: % of % lines, % currencies, sum %',
            wanted, found.lines, announced, found.currencies, found.total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_ledger_balanced';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payments_entry_balanced AFTER INSERT ON payments_ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_check_entry();
CREATE CONSTRAINT TRIGGER payments_line_balanced AFTER INSERT ON payments_ledger_line
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_check_entry();
"""


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Payment',
            fields=[
                ('created_at', fields.DatetimeField(default=now)),
                ('updated_at', fields.DatetimeField(default=now)),
                ('version', fields.IntField(default=1)),
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('reference_kind', fields.CharField(max_length=40)),
                ('reference_id', fields.UUIDField()),
                ('payer_id', fields.UUIDField()),
                ('payee_id', fields.UUIDField(null=True)),
                ('amount_minor', fields.BigIntField()),
                ('refunded_minor', fields.BigIntField(default=0)),
                ('currency', fields.CharField(max_length=3)),
                ('description', fields.CharField(max_length=200)),
                ('state', fields.CharField(default='created', max_length=20)),
                ('reason', fields.CharField(default='', max_length=60)),
                ('gateway', fields.CharField(max_length=30)),
                ('gateway_ref', fields.CharField(default='', max_length=120)),
                ('checkout_url', fields.CharField(default='', max_length=1000)),
                ('method', fields.CharField(default='', max_length=40)),
                ('commission_percent', fields.IntField()),
                ('tax_percent', fields.IntField()),
                ('payee_minor', fields.BigIntField(default=0)),
                ('commission_minor', fields.BigIntField(default=0)),
                ('tax_minor', fields.BigIntField(default=0)),
                ('receipt_no', fields.IntField(null=True)),
                ('return_url', fields.CharField(max_length=500)),
                ('cancel_url', fields.CharField(max_length=500)),
                ('expires_at', fields.DatetimeField()),
                ('paid_at', fields.DatetimeField(null=True)),
                ('release_at', fields.DatetimeField(null=True)),
                ('released_at', fields.DatetimeField(null=True)),
                ('release_why', fields.CharField(default='', max_length=40)),
            ],
            options={'table': 'payments_payment', 'app': 'payments', 'unique_together': (('tenant_id', 'receipt_no'),), 'indexes': [Index(fields=['tenant_id', 'reference_kind', 'reference_id']), Index(fields=['tenant_id', 'payer_id', 'created_at']), Index(fields=['tenant_id', 'payee_id', 'paid_at']), Index(fields=['tenant_id', 'state', 'created_at'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('key', fields.CharField(max_length=120)),
                ('kind', fields.CharField(max_length=20)),
                ('payment', fields.ForeignKeyField('payments.Payment', source_field='payment_id', db_constraint=True, to_field='id', related_name='entries', on_delete=OnDelete.RESTRICT)),
                ('line_count', fields.IntField()),
                ('actor_id', fields.UUIDField(null=True)),
                ('at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'payments_ledger_entry', 'app': 'payments', 'unique_together': (('tenant_id', 'key'),), 'indexes': [Index(fields=['tenant_id', 'at']), Index(fields=['tenant_id', 'payment_id'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='LedgerLine',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('entry', fields.ForeignKeyField('payments.LedgerEntry', source_field='entry_id', db_constraint=True, to_field='id', related_name='lines', on_delete=OnDelete.RESTRICT)),
                ('account', fields.CharField(max_length=40)),
                ('owner_id', fields.UUIDField(null=True)),
                ('amount_minor', fields.BigIntField()),
                ('currency', fields.CharField(max_length=3)),
            ],
            options={'table': 'payments_ledger_line', 'app': 'payments', 'indexes': [Index(fields=['tenant_id', 'entry_id']), Index(fields=['tenant_id', 'owner_id', 'account']), Index(fields=['tenant_id', 'account'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='PaymentStep',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('payment_id', fields.UUIDField()),
                ('before', fields.CharField(max_length=20)),
                ('after', fields.CharField(max_length=20)),
                ('actor_id', fields.UUIDField(null=True)),
                ('reason', fields.CharField(default='', max_length=200)),
                ('at', fields.DatetimeField(default=now)),
            ],
            options={'table': 'payments_step', 'app': 'payments', 'indexes': [Index(fields=['tenant_id', 'payment_id'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Refund',
            fields=[
                ('version', fields.IntField(default=1)),
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('payment', fields.ForeignKeyField('payments.Payment', source_field='payment_id', db_constraint=True, to_field='id', related_name='refunds', on_delete=OnDelete.RESTRICT)),
                ('key', fields.CharField(max_length=120)),
                ('amount_minor', fields.BigIntField()),
                ('currency', fields.CharField(max_length=3)),
                ('bearer', fields.CharField(default='shared', max_length=10)),
                ('reason', fields.CharField(max_length=300)),
                ('state', fields.CharField(default='created', max_length=12)),
                ('gateway_ref', fields.CharField(default='', max_length=120)),
                ('refund_no', fields.IntField(null=True)),
                ('actor_id', fields.UUIDField(null=True)),
                ('created_at', fields.DatetimeField(default=now)),
                ('done_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'payments_refund', 'app': 'payments', 'unique_together': (('tenant_id', 'payment_id', 'key'), ('tenant_id', 'refund_no')), 'indexes': [Index(fields=['tenant_id', 'state'])], 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='SandboxCharge',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('payment_id', fields.UUIDField()),
                ('outcome', fields.CharField(max_length=20)),
                ('card', fields.CharField(max_length=20)),
                ('settles_at', fields.DatetimeField(null=True)),
            ],
            options={'table': 'payments_sandbox_charge', 'app': 'payments', 'unique_together': (('tenant_id', 'payment_id'),), 'pk_attr': 'id'},
        ),
        ops.CreateModel(
            name='Series',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id)),
                ('tenant_id', fields.UUIDField(db_index=True)),
                ('name', fields.CharField(max_length=20)),
                ('number', fields.IntField(default=0)),
            ],
            options={'table': 'payments_series', 'app': 'payments', 'unique_together': (('tenant_id', 'name'),), 'pk_attr': 'id'},
        ),
        Sql(
            ONE_LIVE,
            "DROP INDEX payments_payment_one_live;"
            "ALTER TABLE payments_payment DROP CONSTRAINT payments_payment_amounts;"
            "ALTER TABLE payments_refund DROP CONSTRAINT payments_refund_amount;"
            "ALTER TABLE payments_ledger_line DROP CONSTRAINT payments_ledger_line_amount;",
        ),
        Sql(
            APPEND_ONLY,
            "DROP TRIGGER payments_entry_stays ON payments_ledger_entry;"
            "DROP TRIGGER payments_line_stays ON payments_ledger_line;"
            "DROP TRIGGER payments_step_stays ON payments_step;"
            "DROP TRIGGER payments_entry_no_truncate ON payments_ledger_entry;"
            "DROP TRIGGER payments_line_no_truncate ON payments_ledger_line;"
            "DROP FUNCTION payments_refuse_change();",
        ),
        Sql(
            BALANCED,
            "DROP TRIGGER payments_entry_balanced ON payments_ledger_entry;"
            "DROP TRIGGER payments_line_balanced ON payments_ledger_line;"
            "DROP FUNCTION payments_check_entry();",
        ),
    ]
