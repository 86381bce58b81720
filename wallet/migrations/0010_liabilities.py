"""What is owed to users, as Merkle-sum trees: written once, as all that is proven."""

import django.db.models.deletion
from django.db import migrations, models

TABLES = ("wallet_liabilitysnapshot", "wallet_liabilityleaf")


def guard(apps, schema_editor):
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION wallet_refuse()"
            )
            schema_editor.execute(
                f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION wallet_refuse_truncate()"
            )
            continue
        refuse = f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or deleted'); END"
        schema_editor.execute(f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} {refuse}", params=None)
        schema_editor.execute(f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {refuse}", params=None)


def unguard(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in TABLES:
        for suffix in ("kept", "not_truncated", "not_deleted"):
            schema_editor.execute(
                f"DROP TRIGGER IF EXISTS {table}_{suffix} ON {table}"
                if is_postgresql
                else f"DROP TRIGGER IF EXISTS {table}_{suffix}"
            )


class Migration(migrations.Migration):
    dependencies = [("wallet", "0002_guards")]
    operations = [
        migrations.CreateModel(
            name="LiabilitySnapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asset", models.SmallIntegerField(choices=[(1, "BTTOLD"), (2, "BTT"), (3, "TRX")])),
                ("taken_at", models.DateTimeField()),
                ("seal_number", models.BigIntegerField()),
                ("users", models.IntegerField()),
                ("count", models.IntegerField()),
                ("root", models.BinaryField(max_length=32)),
                ("total_ubtt", models.BigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={
                "indexes": [models.Index(fields=["asset", "-id"], name="wallet_liability_newest_first")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("total_ubtt__gte", 0)), name="wallet_liability_total_not_below_zero"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LiabilityLeaf",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.IntegerField()),
                ("user_id", models.BigIntegerField(null=True)),
                ("nonce", models.BinaryField(max_length=32)),
                ("balance_ubtt", models.BigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leaves",
                        to="wallet.liabilitysnapshot",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("snapshot", "place"), name="wallet_liability_leaf_place_once"),
                    models.UniqueConstraint(fields=("snapshot", "user_id"), name="wallet_liability_leaf_user_once"),
                    models.CheckConstraint(
                        condition=models.Q(("balance_ubtt__gte", 0)), name="wallet_liability_leaf_not_below_zero"
                    ),
                ],
            },
        ),
        migrations.RunPython(guard, unguard),
    ]
