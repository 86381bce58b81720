"""The hub: Speed keys and pairing codes, receipts, calls and nonces, offers, its key and rules; earnings of nodes.

A new kind of account makes SQLite remake the table of accounts, which loses its guards: they are made again.
"""

import django.db.models.deletion
from django.db import migrations, models

import wallet.models.whole

WRITTEN_ONCE = ("wallet_hubkey", "wallet_hubrules")
NEVER_DELETED = ("wallet_speedkey", "wallet_receiptversion")
# What was bound, and what a receipt says, stays what it was; a binding may end, and a receipt get its one signature.
KEPT = {
    "wallet_speedkey": ("account_id", "key", "daily_limit_ubtt", "earns", "bound_at"),
    "wallet_receiptversion": ("channel_id", "number", "adds_ubtt", "amount_ubtt", "expires_at", "made_at"),
}
ONCE_SET = {"wallet_speedkey": "revoked_at", "wallet_receiptversion": "receipt"}
WHY = {
    "wallet_speedkey": "a binding of a Speed key is never changed: it ends once, and a new one takes its place",
    "wallet_receiptversion": "what a receipt says is never changed: there is one signature for it",
}
SQLITE_REFUSE = "BEGIN SELECT RAISE(ABORT, '%s'); END"
ONCE = "rows of %s are never changed or deleted"
WHY_NAMES = "asset, kind and ref of an account are never changed: open another one"
SQLITE_KEEP_NAMES = f"""
CREATE TRIGGER wallet_account_name_kept BEFORE UPDATE OF asset, kind, ref ON wallet_account
WHEN OLD.asset IS NOT NEW.asset OR OLD.kind IS NOT NEW.kind OR OLD.ref IS NOT NEW.ref
BEGIN SELECT RAISE(ABORT, '{WHY_NAMES}'); END
"""
SQLITE_KEEP_ACCOUNTS = (
    "CREATE TRIGGER wallet_account_not_deleted BEFORE DELETE ON wallet_account BEGIN SELECT RAISE(ABORT, "
    "'rows of wallet_account are never changed or deleted: a correction is a new transfer'); END"
)


def guard(apps, schema_editor):
    for statement in _postgresql() if schema_editor.connection.vendor == "postgresql" else _sqlite():
        schema_editor.execute(statement, params=None)


def unguard(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in WRITTEN_ONCE + NEVER_DELETED:
        for suffix in ("kept", "not_truncated", "not_deleted", "columns_kept", "set_once"):
            schema_editor.execute(
                f"DROP TRIGGER IF EXISTS {table}_{suffix}" + (f" ON {table}" if is_postgresql else "")
            )
    if is_postgresql:
        for table in KEPT:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_refuse_change")


def _postgresql():
    for table in WRITTEN_ONCE + NEVER_DELETED:
        events = "UPDATE OR DELETE" if table in WRITTEN_ONCE else "DELETE"
        yield f"CREATE TRIGGER {table}_kept BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION wallet_refuse()"
        yield (
            f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION wallet_refuse_truncate()"
        )
    for table, columns in KEPT.items():
        old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
        yield (
            f"CREATE FUNCTION {table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{WHY[table]}'; END $$"
        )
        yield (
            f"CREATE TRIGGER {table}_columns_kept AFTER UPDATE OF {', '.join(columns)} ON {table} FOR EACH ROW "
            f"WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION {table}_refuse_change()"
        )
    for table, column in ONCE_SET.items():
        yield (
            f"CREATE TRIGGER {table}_set_once AFTER UPDATE OF {column} ON {table} FOR EACH ROW "
            f"WHEN (OLD.{column} IS NOT NULL AND OLD.{column} IS DISTINCT FROM NEW.{column}) "
            f"EXECUTE FUNCTION {table}_refuse_change()"
        )


def _sqlite():
    yield SQLITE_KEEP_NAMES
    yield SQLITE_KEEP_ACCOUNTS
    for table in WRITTEN_ONCE:
        yield f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} {SQLITE_REFUSE % (ONCE % table)}"
    for table in WRITTEN_ONCE + NEVER_DELETED:
        yield f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {SQLITE_REFUSE % (ONCE % table)}"
    for table, columns in KEPT.items():
        differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)
        yield (
            f"CREATE TRIGGER {table}_columns_kept BEFORE UPDATE OF {', '.join(columns)} ON {table} WHEN {differs} "
            + SQLITE_REFUSE % WHY[table]
        )
    for table, column in ONCE_SET.items():
        yield (
            f"CREATE TRIGGER {table}_set_once BEFORE UPDATE OF {column} ON {table} "
            f"WHEN OLD.{column} IS NOT NULL AND OLD.{column} IS NOT NEW.{column} " + SQLITE_REFUSE % WHY[table]
        )


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0008_operators_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="HubCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("caller", models.CharField(max_length=66)),
                ("key", models.CharField(max_length=64)),
                ("body_hash", models.BinaryField(max_length=32)),
                ("code", models.CharField(blank=True, default="", max_length=24)),
                ("text", models.CharField(blank=True, default="", max_length=300)),
                ("about", models.CharField(blank=True, default="", max_length=64)),
                ("at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="HubKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=8)),
                ("asset", models.SmallIntegerField(choices=[(1, "BTTOLD"), (2, "BTT"), (3, "TRX")])),
                ("key", models.CharField(max_length=66)),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="HubNonce",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("caller", models.CharField(max_length=66)),
                ("nonce", models.BinaryField(max_length=16)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="HubOffer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("caller", models.CharField(max_length=66)),
                ("offer_key", models.BinaryField(max_length=32)),
                ("address", models.GenericIPAddressField()),
                ("port", models.IntegerField()),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="HubRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("actor_id", models.BigIntegerField()),
                ("actor_name", models.CharField(max_length=150)),
                ("reason", models.CharField(max_length=200)),
                ("fee_ppm", models.IntegerField()),
                ("key_hash", models.BinaryField(max_length=16, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="PairingCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("most_ubtt", models.BigIntegerField()),
                ("earns", models.BooleanField()),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ReceiptVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                ("adds_ubtt", models.BigIntegerField()),
                ("amount_ubtt", models.BigIntegerField()),
                ("expires_at", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                ("receipt", models.BinaryField(max_length=235, null=True)),
                ("signed_at", models.DateTimeField(null=True)),
                ("trouble", models.CharField(blank=True, default="", max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="SpeedKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=66)),
                ("daily_limit_ubtt", models.BigIntegerField()),
                ("earns", models.BooleanField()),
                ("bound_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="account",
            name="wallet_account_kind_known",
        ),
        migrations.AlterField(
            model_name="account",
            name="kind",
            field=models.SmallIntegerField(
                choices=[
                    (1, "Chain"),
                    (2, "User"),
                    (3, "Channel"),
                    (4, "Bounty"),
                    (5, "In flight"),
                    (6, "Suspense"),
                    (7, "Fees"),
                    (8, "Network fees"),
                    (9, "Rounding"),
                    (10, "Treasury"),
                    (11, "Earnings"),
                ]
            ),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="kind",
            field=models.SmallIntegerField(
                choices=[
                    (1, "Deposit"),
                    (2, "Withdrawal"),
                    (3, "Withdrawal final"),
                    (4, "Withdrawal returned"),
                    (5, "Channel opened"),
                    (6, "Channel topped up"),
                    (7, "Voucher"),
                    (8, "Fee"),
                    (9, "Channel closed"),
                    (10, "Channel expired"),
                    (11, "Tip"),
                    (12, "Grant"),
                    (13, "Adjustment"),
                    (14, "Reversal"),
                    (15, "Network fee"),
                    (16, "Bounty"),
                    (17, "Earning"),
                ]
            ),
        ),
        migrations.AddIndex(
            model_name="channel",
            index=models.Index(fields=["payer_key"], name="wallet_channel_payer_key"),
        ),
        migrations.AddIndex(
            model_name="channel",
            index=models.Index(fields=["payee_key"], name="wallet_channel_payee_key"),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])), name="wallet_account_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="hubcall",
            constraint=models.UniqueConstraint(fields=("caller", "key"), name="wallet_hub_call_once"),
        ),
        migrations.AddIndex(
            model_name="hubcall",
            index=models.Index(
                condition=models.Q(("code__gt", "")), fields=["caller", "id"], name="wallet_hub_call_refused"
            ),
        ),
        migrations.AddIndex(
            model_name="hubcall",
            index=models.Index(condition=models.Q(("code__gt", "")), fields=["at"], name="wallet_hub_call_refused_at"),
        ),
        migrations.AddIndex(
            model_name="hubkey",
            index=models.Index(fields=["network", "asset", "-id"], name="wallet_hub_key_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="hubnonce",
            constraint=models.UniqueConstraint(fields=("caller", "nonce"), name="wallet_hub_nonce_once"),
        ),
        migrations.AddIndex(
            model_name="huboffer",
            index=models.Index(fields=["offer_key"], name="wallet_hub_offer_key"),
        ),
        migrations.AddConstraint(
            model_name="huboffer",
            constraint=models.UniqueConstraint(fields=("caller", "offer_key"), name="wallet_hub_offer_once"),
        ),
        migrations.AddConstraint(
            model_name="huboffer",
            constraint=models.CheckConstraint(
                condition=models.Q(("port__gte", 1), ("port__lte", 65535)), name="wallet_hub_offer_port"
            ),
        ),
        migrations.AddConstraint(
            model_name="hubrules",
            constraint=models.CheckConstraint(
                condition=models.Q(("fee_ppm__gte", 0), ("fee_ppm__lte", 1000000)), name="wallet_hub_fee"
            ),
        ),
        migrations.AddField(
            model_name="pairingcode",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="pairing_codes", to="wallet.account"
            ),
        ),
        migrations.AddField(
            model_name="receiptversion",
            name="channel",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="receipts", to="wallet.channel"
            ),
        ),
        migrations.AddField(
            model_name="speedkey",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="speed_keys", to="wallet.account"
            ),
        ),
        migrations.AddIndex(
            model_name="receiptversion",
            index=models.Index(fields=["made_at"], name="wallet_receipt_made"),
        ),
        migrations.AddIndex(
            model_name="receiptversion",
            index=models.Index(
                condition=models.Q(("receipt__isnull", True), ("trouble", "")),
                fields=["id"],
                name="wallet_receipt_unsigned",
            ),
        ),
        migrations.AddConstraint(
            model_name="receiptversion",
            constraint=models.UniqueConstraint(fields=("channel", "number"), name="wallet_receipt_version_once"),
        ),
        migrations.AddConstraint(
            model_name="receiptversion",
            constraint=models.CheckConstraint(
                condition=wallet.models.whole.Whole("adds_ubtt", "amount_ubtt"), name="wallet_receipt_whole"
            ),
        ),
        migrations.AddIndex(
            model_name="speedkey",
            index=models.Index(fields=["key"], name="wallet_speed_key"),
        ),
        migrations.AddConstraint(
            model_name="speedkey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at__isnull", True)),
                fields=("account", "key"),
                name="wallet_speed_key_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="speedkey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("earns", True), ("revoked_at__isnull", True)),
                fields=("key",),
                name="wallet_speed_key_earns_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="speedkey",
            constraint=models.CheckConstraint(
                condition=models.Q(("daily_limit_ubtt__gte", 0)), name="wallet_speed_key_limit"
            ),
        ),
        migrations.RunPython(guard, unguard),
    ]
