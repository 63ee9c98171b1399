"""Written by `greenroom migrate make`. What models cannot say (constraints, triggers): add Sql()."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from kernel import Sql
from kernel.base.clock import now
from kernel.base.ids import new_id
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0002_booking_depth")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Busy",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id)),
                ("tenant_id", fields.UUIDField(db_index=True)),
                ("account_id", fields.UUIDField()),
                ("source", fields.CharField(max_length=60)),
                ("starts_at", fields.DatetimeField()),
                ("ends_at", fields.DatetimeField()),
            ],
            options={
                "table": "scheduling_busy",
                "app": "scheduling",
                "indexes": [
                    Index(fields=["tenant_id", "account_id", "ends_at"]),
                    Index(fields=["tenant_id", "account_id", "source"]),
                ],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="Demand",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id)),
                ("tenant_id", fields.UUIDField(db_index=True)),
                ("week", fields.DateField()),
                ("hour", fields.IntField()),
                ("searches", fields.IntField(default=0)),
            ],
            options={
                "table": "scheduling_demand",
                "app": "scheduling",
                "unique_together": (("tenant_id", "week", "hour"),),
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="FreeMonth",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id)),
                ("tenant_id", fields.UUIDField(db_index=True)),
                ("account_id", fields.UUIDField()),
                ("type_id", fields.UUIDField()),
                ("month", fields.DateField()),
                ("grain", fields.IntField()),
                ("bits", fields.BinaryField()),
                ("zone", fields.CharField(max_length=64)),
                ("version", fields.BigIntField()),
                ("stamp", fields.CharField(max_length=64)),
                ("good_until", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "scheduling_free_month",
                "app": "scheduling",
                "unique_together": (("tenant_id", "type_id", "month", "account_id"),),
                "indexes": [Index(fields=["tenant_id", "account_id"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="Pulse",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id)),
                ("tenant_id", fields.UUIDField(db_index=True)),
                ("account_id", fields.UUIDField()),
                ("version", fields.BigIntField(default=1)),
                ("changed", fields.BigIntField(default=0)),
            ],
            options={
                "table": "scheduling_pulse",
                "app": "scheduling",
                "unique_together": (("tenant_id", "account_id"),),
                "indexes": [Index(fields=["tenant_id", "changed"])],
                "pk_attr": "id",
            },
        ),
        ops.CreateModel(
            name="Travel",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id)),
                ("tenant_id", fields.UUIDField(db_index=True)),
                ("account_id", fields.UUIDField(db_index=True)),
                ("starts_on", fields.DateField()),
                ("ends_on", fields.DateField()),
                ("zone", fields.CharField(max_length=64)),
                ("note", fields.CharField(default="", max_length=120)),
            ],
            options={"table": "scheduling_travel", "app": "scheduling", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="Window",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id)),
                ("tenant_id", fields.UUIDField(db_index=True)),
                ("account_id", fields.UUIDField(db_index=True)),
                ("date", fields.DateField()),
                ("zone", fields.CharField(max_length=64)),
                ("ranges", fields.JSONField(default=list)),
                ("at", fields.DatetimeField(default=now)),
            ],
            options={
                "table": "scheduling_window",
                "app": "scheduling",
                "unique_together": (("tenant_id", "account_id", "date"),),
                "pk_attr": "id",
            },
        ),
        ops.AddField(
            model_name="InterviewType",
            name="durations",
            field=fields.JSONField(default=list, db_default="[]"),
        ),
        ops.AddField(
            model_name="InterviewType",
            name="offset_minutes",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="InterviewType",
            name="window_from",
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name="InterviewType",
            name="window_to",
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name="Offer",
            name="offered_at",
            field=fields.DatetimeField(default=now, db_default="2026-01-01T00:00:00Z"),
        ),
        ops.AddField(
            model_name="Offer",
            name="priority",
            field=fields.IntField(default=2, db_default=2),
        ),
        ops.AddField(
            model_name="Offer",
            name="schedule_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Offer",
            name="weight",
            field=fields.IntField(default=100, db_default=100),
        ),
        ops.AddField(
            model_name="Schedule",
            name="consecutive",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Schedule",
            name="holidays",
            field=fields.JSONField(null=True),
        ),
        ops.AddField(
            model_name="Schedule",
            name="minutes_per_day",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Schedule",
            name="minutes_per_week",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Schedule",
            name="per_month",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Schedule",
            name="rest_minutes",
            field=fields.IntField(default=15, db_default=15),
        ),
        ops.AddField(
            model_name="TimeOff",
            name="redirect_id",
            field=fields.UUIDField(null=True),
        ),
        # Whatever changes somebody's free times makes their pulse rise in the same transaction, so that what was worked
        # out ahead (scheduling_free_month) can never be taken for right when it is not. A delete only raises a pulse that
        # is there: erasing a tenant must not write new rows.
        Sql(
            """
            CREATE FUNCTION scheduling_touch(tenant uuid, accounts uuid[], gone boolean) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                IF gone THEN
                    UPDATE scheduling_pulse p
                    SET version = p.version + 1, changed = pg_current_xact_id()::text::bigint
                    WHERE p.tenant_id = tenant AND p.account_id = ANY(accounts);
                ELSE
                    INSERT INTO scheduling_pulse AS p (id, tenant_id, account_id, version, changed)
                    SELECT gen_random_uuid(), tenant, a, 1, pg_current_xact_id()::text::bigint
                    FROM (SELECT DISTINCT unnest(accounts) AS a ORDER BY 1) AS who WHERE a IS NOT NULL
                    ON CONFLICT (tenant_id, account_id)
                    DO UPDATE SET version = p.version + 1, changed = EXCLUDED.changed;
                END IF;
            END $$;
            CREATE FUNCTION scheduling_touch_rows() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE t record;
            BEGIN
                FOR t IN EXECUTE (
                    CASE TG_TABLE_NAME WHEN 'scheduling_date_override' THEN
                        'SELECT c.tenant_id, array_agg(DISTINCT s.account_id) AS accounts FROM changed c'
                        ' JOIN scheduling_schedule s ON s.tenant_id = c.tenant_id AND s.id = c.schedule_id GROUP BY 1'
                    ELSE
                        'SELECT tenant_id, array_agg(DISTINCT account_id) AS accounts FROM changed GROUP BY 1'
                    END)
                LOOP
                    PERFORM scheduling_touch(t.tenant_id, t.accounts, TG_OP = 'DELETE');
                END LOOP;
                RETURN NULL;
            END $$;
            CREATE FUNCTION scheduling_touch_booking() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP <> 'INSERT' THEN
                    PERFORM scheduling_touch(OLD.tenant_id, ARRAY[OLD.interviewer_id, OLD.second_id], TG_OP = 'DELETE');
                END IF;
                IF TG_OP <> 'DELETE' THEN
                    PERFORM scheduling_touch(NEW.tenant_id, ARRAY[NEW.interviewer_id, NEW.second_id], false);
                END IF;
                RETURN NULL;
            END $$;
            DO $$
            DECLARE name text;
            BEGIN
                FOREACH name IN ARRAY ARRAY['schedule', 'date_override', 'time_off', 'travel', 'busy', 'offer'] LOOP
                    EXECUTE format('CREATE TRIGGER scheduling_touch_new AFTER INSERT ON scheduling_%s'
                        ' REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scheduling_touch_rows()', name);
                    EXECUTE format('CREATE TRIGGER scheduling_touch_other AFTER UPDATE ON scheduling_%s'
                        ' REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scheduling_touch_rows()', name);
                    EXECUTE format('CREATE TRIGGER scheduling_touch_gone AFTER DELETE ON scheduling_%s'
                        ' REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scheduling_touch_rows()', name);
                END LOOP;
            END $$;
            CREATE TRIGGER scheduling_touch AFTER INSERT OR DELETE ON scheduling_booking
                FOR EACH ROW EXECUTE FUNCTION scheduling_touch_booking();
            CREATE TRIGGER scheduling_touch_other AFTER UPDATE ON scheduling_booking FOR EACH ROW WHEN (
                (OLD.status, OLD.guard_from, OLD.guard_to, OLD.from_minute, OLD.to_minute, OLD.hold_until,
                 OLD.interviewer_id, OLD.second_id)
                IS DISTINCT FROM
                (NEW.status, NEW.guard_from, NEW.guard_to, NEW.from_minute, NEW.to_minute, NEW.hold_until,
                 NEW.interviewer_id, NEW.second_id)
            ) EXECUTE FUNCTION scheduling_touch_booking();
            INSERT INTO scheduling_pulse (id, tenant_id, account_id, version, changed)
            SELECT gen_random_uuid(), tenant_id, account_id, 1, 0 FROM (
                SELECT tenant_id, account_id FROM scheduling_schedule UNION SELECT tenant_id, account_id FROM scheduling_offer
                UNION SELECT tenant_id, account_id FROM scheduling_time_off
                UNION SELECT tenant_id, interviewer_id FROM scheduling_booking WHERE interviewer_id IS NOT NULL
            ) AS known;
            """,
            """
            DROP FUNCTION scheduling_touch_booking() CASCADE;
            DROP FUNCTION scheduling_touch_rows() CASCADE;
            DROP FUNCTION scheduling_touch(uuid, uuid[], boolean);
            """,
        ),
    ]
