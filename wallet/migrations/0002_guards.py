"""Triggers that keep the books: what is written stays, by whatever way somebody comes.

A superuser can go around them; the seals and the audit are for that. SQLite drops a table's triggers when a later
migration remakes the table, which must then make them again: a test looks.
"""

from django.db import migrations

WRITTEN_ONCE = (
    "wallet_transfer",
    "wallet_hold",
    "wallet_endedhold",
    "wallet_answer",
    "wallet_seal",
    "wallet_operatoract",
)
NEVER_DELETED = ("wallet_account", "wallet_channel")

REFUSE = """
CREATE FUNCTION wallet_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted: a correction is a new transfer', TG_TABLE_NAME;
END $$
"""
# An empty table may be truncated: nothing is lost.
REFUSE_TRUNCATE = """
CREATE FUNCTION wallet_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    has_rows boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', TG_TABLE_NAME) INTO has_rows;
    IF has_rows THEN
        RAISE EXCEPTION 'rows of % are never deleted: a correction is a new transfer', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$
"""
# SQLite keeps a fraction in an integer column, and turns a sum beyond 64 bits into one.
INTEGERS = {
    "wallet_transfer": ("amount_ubtt", "debit_balance_ubtt", "credit_balance_ubtt", "debit_version", "credit_version"),
    "wallet_account": ("balance_ubtt", "held_ubtt", "version"),
    "wallet_hold": ("amount_ubtt",),
    "wallet_endedhold": ("posted_ubtt",),
    "wallet_channel": ("amount_ubtt", "redeemed_ubtt"),
}


def guard(apps, schema_editor):
    for statement in _postgresql() if schema_editor.connection.vendor == "postgresql" else _sqlite():
        schema_editor.execute(statement, params=None)


def unguard(apps, schema_editor):
    names = [(table, suffix) for table in WRITTEN_ONCE + NEVER_DELETED for suffix in ("kept", "not_truncated")]
    if schema_editor.connection.vendor == "postgresql":
        for table, suffix in names:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{suffix} ON {table}")
        schema_editor.execute("DROP FUNCTION IF EXISTS wallet_refuse, wallet_refuse_truncate")
        return
    for table in {*WRITTEN_ONCE, *NEVER_DELETED, *INTEGERS}:
        for suffix in ("kept", "not_deleted", "whole_insert", "whole_update"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{suffix}")


def _postgresql():
    yield REFUSE
    yield REFUSE_TRUNCATE
    # Balances change in place: half of each page is left free, so that no index has to follow.
    yield "ALTER TABLE wallet_account SET (fillfactor = 50)"
    for table in WRITTEN_ONCE + NEVER_DELETED:
        events = "UPDATE OR DELETE" if table in WRITTEN_ONCE else "DELETE"
        yield (f"CREATE TRIGGER {table}_kept BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION wallet_refuse()")
        yield (
            f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION wallet_refuse_truncate()"
        )


def _sqlite():
    refuse = "BEGIN SELECT RAISE(ABORT, 'rows of %s are never changed or deleted: a correction is a new transfer'); END"
    for table in WRITTEN_ONCE:
        yield f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} {refuse % table}"
    for table in WRITTEN_ONCE + NEVER_DELETED:
        yield f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {refuse % table}"
    for table, columns in INTEGERS.items():
        broken = " OR ".join(f"typeof(NEW.{column}) <> 'integer'" for column in columns)
        for event in ("INSERT", "UPDATE"):
            yield (
                f"CREATE TRIGGER {table}_whole_{event.lower()} BEFORE {event} ON {table} WHEN {broken} "
                f"BEGIN SELECT RAISE(ABORT, 'amounts in {table} are whole numbers of 64 bits'); END"
            )


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_ledger")]
    operations = [migrations.RunPython(guard, unguard)]
