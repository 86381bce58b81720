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
    "wallet_liabilitysnapshot",
    "wallet_liabilityleaf",
)
NEVER_DELETED = ("wallet_account", "wallet_channel")
WHY = "asset, kind and ref of an account are never changed: open another one"

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
# An account stays the account of whom it is of. AFTER, because PostgreSQL looks up each row once more for any BEFORE.
REFUSE_RENAMING = f"""
CREATE FUNCTION wallet_refuse_renaming() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{WHY}';
END $$
"""
KEEP_NAMES = """
CREATE TRIGGER wallet_account_name_kept AFTER UPDATE OF asset, kind, ref ON wallet_account FOR EACH ROW
WHEN ((OLD.asset, OLD.kind, OLD.ref) IS DISTINCT FROM (NEW.asset, NEW.kind, NEW.ref))
EXECUTE FUNCTION wallet_refuse_renaming()
"""
SQLITE_KEEP_NAMES = f"""
CREATE TRIGGER wallet_account_name_kept BEFORE UPDATE OF asset, kind, ref ON wallet_account
WHEN OLD.asset IS NOT NEW.asset OR OLD.kind IS NOT NEW.kind OR OLD.ref IS NOT NEW.ref
BEGIN SELECT RAISE(ABORT, '{WHY}'); END
"""
SQLITE_REFUSE = (
    "BEGIN SELECT RAISE(ABORT, 'rows of %s are never changed or deleted: a correction is a new transfer'); END"
)


def guard(apps, schema_editor):
    for statement in _postgresql() if schema_editor.connection.vendor == "postgresql" else _sqlite():
        schema_editor.execute(statement, params=None)


def unguard(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    names = [(table, f"{table}_{suffix}") for table in WRITTEN_ONCE + NEVER_DELETED for suffix in _SUFFIXES]
    for table, name in [*names, ("wallet_account", "wallet_account_name_kept")]:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if is_postgresql else ""))
    if is_postgresql:
        for name in ("wallet_refuse", "wallet_refuse_truncate", "wallet_refuse_renaming"):
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}")
        schema_editor.execute("ALTER TABLE wallet_account RESET (fillfactor)")


_SUFFIXES = ("kept", "not_truncated", "not_deleted")


def _postgresql():
    yield from (REFUSE, REFUSE_TRUNCATE, REFUSE_RENAMING, KEEP_NAMES)
    # Balances change in place: half of each page is left free, so that no index has to follow.
    yield "ALTER TABLE wallet_account SET (fillfactor = 50)"
    for table in WRITTEN_ONCE + NEVER_DELETED:
        events = "UPDATE OR DELETE" if table in WRITTEN_ONCE else "DELETE"
        yield f"CREATE TRIGGER {table}_kept BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION wallet_refuse()"
        yield (
            f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION wallet_refuse_truncate()"
        )


def _sqlite():
    yield SQLITE_KEEP_NAMES
    for table in WRITTEN_ONCE:
        yield f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} {SQLITE_REFUSE % table}"
    for table in WRITTEN_ONCE + NEVER_DELETED:
        yield f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {SQLITE_REFUSE % table}"


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_ledger")]
    operations = [migrations.RunPython(guard, unguard)]
