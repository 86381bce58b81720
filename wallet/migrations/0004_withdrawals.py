"""Withdrawals: what users ask for, each attempt to send it, the address book, the rules. And the guards of what stays."""

import django.db.models.deletion
from django.db import migrations, models

import wallet.models.whole

WRITTEN_ONCE = ("wallet_attemptevent", "wallet_withdrawalrules")
NEVER_DELETED = ("wallet_withdrawal", "wallet_attempt")
# What is asked for, and the bytes that were signed, stay what they were; how far it has come may change.
KEPT = {
    "wallet_withdrawal": ("user_id", "key", "asset", "amount_ubtt", "fee_ubtt", "address", "requested_at"),
    "wallet_attempt": (
        "withdrawal_id",
        "number",
        "raw_bytes",
        "tx_id",
        "expiration_ms",
        "reference_number",
        "reference_id",
        "reference_header",
    ),
}
WHY = {
    "wallet_withdrawal": "what a withdrawal asks for is never changed",
    "wallet_attempt": "the bytes of an attempt are never changed: there is one signature for them",
}
SQLITE_REFUSE = "BEGIN SELECT RAISE(ABORT, '%s'); END"
ONCE = "rows of %s are never changed or deleted"


def guard(apps, schema_editor):
    for statement in _postgresql() if schema_editor.connection.vendor == "postgresql" else _sqlite():
        schema_editor.execute(statement, params=None)


def unguard(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in WRITTEN_ONCE + NEVER_DELETED:
        for suffix in ("kept", "not_truncated", "not_deleted", "columns_kept"):
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
        quoted = [f'"{column}"' for column in columns]
        old, new = (", ".join(f"{row}.{column}" for column in quoted) for row in ("OLD", "NEW"))
        yield (
            f"CREATE FUNCTION {table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{WHY[table]}'; END $$"
        )
        yield (
            f"CREATE TRIGGER {table}_columns_kept AFTER UPDATE OF {', '.join(quoted)} ON {table} FOR EACH ROW "
            f"WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION {table}_refuse_change()"
        )


def _sqlite():
    for table in WRITTEN_ONCE:
        yield f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} {SQLITE_REFUSE % (ONCE % table)}"
    for table in WRITTEN_ONCE + NEVER_DELETED:
        yield f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {SQLITE_REFUSE % (ONCE % table)}"
    for table, columns in KEPT.items():
        quoted = [f'"{column}"' for column in columns]
        differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in quoted)
        yield (
            f"CREATE TRIGGER {table}_columns_kept BEFORE UPDATE OF {', '.join(quoted)} ON {table} WHEN {differs} "
            + SQLITE_REFUSE % WHY[table]
        )


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0003_deposits"),
    ]

    operations = [
        migrations.CreateModel(
            name="WithdrawalDesk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("looked_at", models.DateTimeField()),
                ("waits_because", models.CharField(blank=True, default="", max_length=300)),
                ("hot_sun", models.BigIntegerField(null=True)),
                ("hot_ubtt", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="AddressBookEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("address", models.CharField(max_length=34)),
                ("label", models.CharField(blank=True, default="", max_length=60)),
                ("added_at", models.DateTimeField()),
                ("usable_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at__isnull", True)),
                        fields=("user_id", "address"),
                        name="wallet_book_address_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("key", models.CharField(max_length=32)),
                ("asset", models.SmallIntegerField(choices=[(1, "BTTOLD"), (2, "BTT"), (3, "TRX")])),
                ("amount_ubtt", models.BigIntegerField()),
                ("fee_ubtt", models.BigIntegerField()),
                ("address", models.CharField(max_length=34)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "checking"),
                            ("queued", "queued"),
                            ("sending", "sending"),
                            ("final", "final"),
                            ("returned", "returned"),
                            ("cancelled", "cancelled"),
                            ("rejected", "rejected"),
                        ],
                        max_length=10,
                    ),
                ),
                ("hold_id", models.BigIntegerField()),
                ("needs_approval", models.BooleanField()),
                ("is_wanted_back", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("requested_at", models.DateTimeField()),
                ("approve_until", models.DateTimeField(null=True)),
                ("decided_by_id", models.BigIntegerField(null=True)),
                ("decided_by_name", models.CharField(blank=True, default="", max_length=150)),
                ("decided_at", models.DateTimeField(null=True)),
                ("queued_at", models.DateTimeField(null=True)),
                ("sending_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user_id", "-id"], name="wallet_withdrawal_of_user"),
                    models.Index(fields=["requested_at"], name="wallet_withdrawal_by_time"),
                    models.Index(fields=["state", "queued_at", "id"], name="wallet_withdrawal_queue"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user_id", "key"), name="wallet_withdrawal_key_once"),
                    models.UniqueConstraint(fields=("hold_id",), name="wallet_withdrawal_hold_once"),
                    models.CheckConstraint(
                        condition=wallet.models.whole.Whole("amount_ubtt", "fee_ubtt"), name="wallet_withdrawal_whole"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_ubtt__gte", 1), ("amount_ubtt__lte", 4611686018427387904), ("fee_ubtt__gte", 0)
                        ),
                        name="wallet_withdrawal_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["cancelled", "checking", "final", "queued", "rejected", "returned", "sending"],
                            )
                        ),
                        name="wallet_withdrawal_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ["checking", "queued", "sending"])),
                            models.Q(
                                models.Q(("state__in", ["checking", "queued", "sending"]), _negated=True),
                                ("ended_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="wallet_withdrawal_ended_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.SmallIntegerField()),
                ("raw_bytes", models.BinaryField()),
                ("tx_id", models.CharField(max_length=64, unique=True)),
                ("expiration_ms", models.BigIntegerField()),
                ("reference_number", models.BigIntegerField()),
                ("reference_id", models.BinaryField(max_length=32)),
                ("reference_header", models.BinaryField()),
                ("fee_estimate_sun", models.BigIntegerField()),
                ("signature", models.BinaryField(max_length=65, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("prepared", "prepared"),
                            ("signed", "signed"),
                            ("broadcast", "broadcast"),
                            ("seen", "seen"),
                            ("final", "final"),
                            ("failed", "failed"),
                            ("dead", "dead"),
                        ],
                        max_length=10,
                    ),
                ),
                ("tries", models.IntegerField(default=0)),
                ("next_try_at", models.DateTimeField()),
                ("prepared_at", models.DateTimeField()),
                ("signed_at", models.DateTimeField(null=True)),
                ("broadcast_at", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("block_number", models.BigIntegerField(null=True)),
                ("fee_sun", models.BigIntegerField(null=True)),
                ("dead_header", models.BinaryField(null=True)),
                ("dead_sources", models.JSONField(default=list)),
                ("dead_scanned_to", models.BigIntegerField(null=True)),
                (
                    "withdrawal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attempts", to="wallet.withdrawal"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WithdrawalRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("actor_id", models.BigIntegerField()),
                ("actor_name", models.CharField(max_length=150)),
                ("reason", models.CharField(max_length=200)),
                ("least_ubtt", models.BigIntegerField()),
                ("most_ubtt", models.BigIntegerField()),
                ("user_hour_ubtt", models.BigIntegerField()),
                ("user_day_ubtt", models.BigIntegerField()),
                ("all_hour_ubtt", models.BigIntegerField()),
                ("all_day_ubtt", models.BigIntegerField()),
                ("approval_above_ubtt", models.BigIntegerField()),
                ("address_wait_s", models.IntegerField()),
                ("flat_fee_ubtt", models.BigIntegerField()),
                ("ubtt_per_trx", models.BigIntegerField()),
                ("reserve_sun", models.BigIntegerField()),
                ("key_hash", models.BinaryField(max_length=16, unique=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("address_wait_s__gte", 0),
                            ("flat_fee_ubtt__gte", 0),
                            ("least_ubtt__gte", 1),
                            ("most_ubtt__gte", models.F("least_ubtt")),
                            ("reserve_sun__gte", 0),
                            ("ubtt_per_trx__gte", 0),
                        ),
                        name="wallet_rules_make_sense",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AttemptEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("what", models.CharField(max_length=12)),
                ("endpoint", models.CharField(blank=True, default="", max_length=100)),
                ("code", models.CharField(blank=True, default="", max_length=40)),
                ("message", models.CharField(blank=True, default="", max_length=300)),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="wallet.attempt"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["attempt", "id"], name="wallet_attempt_events")],
            },
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("state__in", ["broadcast", "prepared", "seen", "signed"])),
                fields=["next_try_at"],
                name="wallet_attempt_live",
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["block_number"], name="wallet_attempt_by_block"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(fields=("withdrawal", "number"), name="wallet_attempt_number_once"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["broadcast", "prepared", "seen", "signed"])),
                fields=("withdrawal",),
                name="wallet_attempt_one_live",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["broadcast", "dead", "failed", "final", "prepared", "seen", "signed"])
                ),
                name="wallet_attempt_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state__in", ["broadcast", "prepared", "seen", "signed"])),
                    models.Q(
                        models.Q(("state__in", ["broadcast", "prepared", "seen", "signed"]), _negated=True),
                        ("ended_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="wallet_attempt_ended_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "dead"), _negated=True),
                    models.Q(("dead_header__isnull", False), ("dead_scanned_to__isnull", False)),
                    _connector="OR",
                ),
                name="wallet_attempt_dead_is_proven",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="wallet_attempt_number"),
        ),
        migrations.RunPython(guard, unguard),
    ]
