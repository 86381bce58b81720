"""What the signer has signed and the books had forgotten: under which number, and which withdrawals are in doubt."""

from importlib import import_module

from django.db import migrations, models

GUARDS = import_module("wallet.migrations.0004_withdrawals")


def guard_again(apps, schema_editor):
    """Make the triggers of the table again that SQLite has remade for a new column."""
    if schema_editor.connection.vendor != "sqlite":
        return
    for statement in GUARDS._sqlite():
        if " ON wallet_withdrawal " in statement:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0004_withdrawals"),
    ]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="signed_as",
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="withdrawal",
            name="doubt",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
        migrations.RunPython(guard_again, migrations.RunPython.noop),
    ]
