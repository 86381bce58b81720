"""An account stays the account of whom it is of, by whatever way somebody comes: its numbers change, its name does not.

The triggers look only at an UPDATE that sets these columns, which the ledger's own never does: it pays nothing for them.
"""

from django.db import migrations

WHY = "asset, kind and ref of an account are never changed: open another one"
REFUSE = f"""
CREATE FUNCTION wallet_refuse_renaming() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{WHY}';
END $$
"""
POSTGRESQL = """
CREATE TRIGGER wallet_account_name_kept BEFORE UPDATE OF asset, kind, ref ON wallet_account FOR EACH ROW
WHEN ((OLD.asset, OLD.kind, OLD.ref) IS DISTINCT FROM (NEW.asset, NEW.kind, NEW.ref))
EXECUTE FUNCTION wallet_refuse_renaming()
"""
SQLITE = f"""
CREATE TRIGGER wallet_account_name_kept BEFORE UPDATE OF asset, kind, ref ON wallet_account
WHEN OLD.asset IS NOT NEW.asset OR OLD.kind IS NOT NEW.kind OR OLD.ref IS NOT NEW.ref
BEGIN SELECT RAISE(ABORT, '{WHY}'); END
"""


def guard(apps, schema_editor):
    statements = [REFUSE, POSTGRESQL] if schema_editor.connection.vendor == "postgresql" else [SQLITE]
    for statement in statements:
        schema_editor.execute(statement, params=None)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER IF EXISTS wallet_account_name_kept ON wallet_account")
        schema_editor.execute("DROP FUNCTION IF EXISTS wallet_refuse_renaming")
        return
    schema_editor.execute("DROP TRIGGER IF EXISTS wallet_account_name_kept")


class Migration(migrations.Migration):
    dependencies = [("wallet", "0021_act_keys")]
    operations = [migrations.RunPython(guard, unguard)]
