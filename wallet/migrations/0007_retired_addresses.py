"""Cold addresses that are ours no longer. Like those that are, they stay as they were written."""

import django.db.models.deletion
from django.db import migrations, models

TABLE = "wallet_retiredaddress"
SQLITE_REFUSE = f"BEGIN SELECT RAISE(ABORT, 'rows of {TABLE} are never changed or deleted'); END"


def guard(apps, schema_editor):
    for statement in _postgresql() if schema_editor.connection.vendor == "postgresql" else _sqlite():
        schema_editor.execute(statement, params=None)


def unguard(apps, schema_editor):
    on = f" ON {TABLE}" if schema_editor.connection.vendor == "postgresql" else ""
    for suffix in ("kept", "not_truncated", "not_deleted"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_{suffix}{on}")


def _postgresql():
    yield f"CREATE TRIGGER {TABLE}_kept BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION wallet_refuse()"
    yield (
        f"CREATE TRIGGER {TABLE}_not_truncated BEFORE TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION wallet_refuse_truncate()"
    )


def _sqlite():
    yield f"CREATE TRIGGER {TABLE}_kept BEFORE UPDATE ON {TABLE} {SQLITE_REFUSE}"
    yield f"CREATE TRIGGER {TABLE}_not_deleted BEFORE DELETE ON {TABLE} {SQLITE_REFUSE}"


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0006_each_waits_alone"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetiredAddress",
            fields=[
                (
                    "address",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="retired",
                        serialize=False,
                        to="wallet.installaddress",
                    ),
                ),
                ("retired_at", models.DateTimeField()),
            ],
        ),
        migrations.RunPython(guard, unguard),
    ]
