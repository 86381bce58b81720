"""What comes from the chain, and what keeps it: rows of deposits stay as they were written, by whatever way one comes."""

import django.db.models.deletion
from django.db import migrations, models

import wallet.models.chain_amount
import wallet.models.whole

WRITTEN_ONCE = (
    "wallet_depositkey",
    "wallet_depositaddress",
    "wallet_installaddress",
    "wallet_deposit",
    "wallet_owntransaction",
    "wallet_reconciliation",
)
# Of these, only the columns beside may change: a fee is booked once, and a halt lifted once.
ENDED_ONCE = {
    "wallet_chainmovement": ("transfer_id", ("transfer_id",)),
    "wallet_halt": ("lifted_at", ("lifted_at", "lifted_by_id", "lifted_by_name", "lifted_why")),
}
NEVER_DELETED = ("wallet_chaincursor", "wallet_sweep")
SQLITE_REFUSE = "BEGIN SELECT RAISE(ABORT, 'rows of %s are never changed or deleted: a correction is a new row'); END"


def guard(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in _postgresql(apps) if is_postgresql else _sqlite(apps):
        schema_editor.execute(statement, params=None)


def unguard(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in (*WRITTEN_ONCE, *ENDED_ONCE, *NEVER_DELETED):
        for suffix in ("kept", "not_truncated", "not_deleted"):
            on = f" ON {table}" if is_postgresql else ""
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{suffix}{on}")


def _changes_more(apps, table, differs):
    """Return the condition under which an update changes what it must not, or ends what has ended."""
    once, free = ENDED_ONCE[table]
    model = apps.get_model("wallet", table.removeprefix("wallet_"))
    kept = [field.column for field in model._meta.concrete_fields if field.column not in free]
    return " OR ".join([f"OLD.{once} IS NOT NULL", *(f'OLD."{name}" {differs} NEW."{name}"' for name in kept)])


def _postgresql(apps):
    refuse = "FOR EACH ROW EXECUTE FUNCTION wallet_refuse()"
    for table in (*WRITTEN_ONCE, *NEVER_DELETED):
        events = "UPDATE OR DELETE" if table in WRITTEN_ONCE else "DELETE"
        yield f"CREATE TRIGGER {table}_kept BEFORE {events} ON {table} {refuse}"
    for table in ENDED_ONCE:
        when = f"WHEN ({_changes_more(apps, table, 'IS DISTINCT FROM')})"
        yield f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} FOR EACH ROW {when} EXECUTE FUNCTION wallet_refuse()"
        yield f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {refuse}"
    for table in (*WRITTEN_ONCE, *ENDED_ONCE, *NEVER_DELETED):
        yield (
            f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION wallet_refuse_truncate()"
        )


def _sqlite(apps):
    for table in WRITTEN_ONCE:
        yield f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} {SQLITE_REFUSE % table}"
    for table in ENDED_ONCE:
        when = f"WHEN {_changes_more(apps, table, 'IS NOT')}"
        yield f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} {when} {SQLITE_REFUSE % table}"
    for table in (*WRITTEN_ONCE, *ENDED_ONCE, *NEVER_DELETED):
        yield f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {SQLITE_REFUSE % table}"


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0002_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="DepositKey",
            fields=[
                ("network", models.CharField(max_length=8, primary_key=True, serialize=False)),
                ("xpub", models.CharField(max_length=120)),
                ("confirmed_index", models.IntegerField()),
                ("confirmed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ChainCursor",
            fields=[
                ("network", models.CharField(max_length=8, primary_key=True, serialize=False)),
                ("genesis_id", models.CharField(max_length=64)),
                ("first_height", models.BigIntegerField()),
                ("height", models.BigIntegerField()),
                ("block_id", models.CharField(max_length=64)),
                ("block_at", models.DateTimeField()),
                ("moved_at", models.DateTimeField()),
                ("carry_units", models.BigIntegerField(default=0)),
                ("head_height", models.BigIntegerField(default=0)),
                ("solid_height", models.BigIntegerField(default=0)),
                ("block_ms", models.IntegerField(default=3000)),
                ("looked_at", models.DateTimeField(null=True)),
                ("endpoints", models.JSONField(blank=True, default=list)),
                ("reconciled_height", models.BigIntegerField(null=True)),
                ("reconciled_at", models.DateTimeField(null=True)),
                ("doubts", models.JSONField(blank=True, default=dict)),
                ("trouble", models.CharField(blank=True, default="", max_length=300)),
                ("trouble_since", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=wallet.models.whole.Whole("height", "first_height", "carry_units"),
                        name="wallet_cursor_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("height__gte", models.F("first_height"))), name="wallet_cursor_goes_on"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("carry_units__gte", 0), ("carry_units__lt", 1000000000000)),
                        name="wallet_cursor_carry_below_one",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChainMovement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=8)),
                ("tx_id", models.CharField(max_length=64)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("trx", "TRX"),
                            ("trc10", "TRC-10"),
                            ("trc20", "TRC-20"),
                            ("fee", "Network fee"),
                            ("itrx", "TRX paid by a contract"),
                            ("itrc", "TRC-10 paid by a contract"),
                        ],
                        max_length=5,
                    ),
                ),
                ("index", models.IntegerField()),
                ("block_number", models.BigIntegerField()),
                ("block_at", models.DateTimeField()),
                ("asset", models.SmallIntegerField(choices=[(1, "BTTOLD"), (2, "BTT"), (3, "TRX")])),
                (
                    "side",
                    models.CharField(
                        choices=[("in", "In"), ("out", "Out"), ("inside", "Inside"), ("fee", "Fee")], max_length=6
                    ),
                ),
                ("sender", models.CharField(max_length=34)),
                ("recipient", models.CharField(blank=True, default="", max_length=34)),
                ("amount", wallet.models.chain_amount.ChainAmountField()),
                ("transfer_id", models.BigIntegerField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["network", "block_number"], name="wallet_movement_by_block"),
                    models.Index(fields=["network", "side", "block_number"], name="wallet_movement_by_side"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("network", "tx_id", "kind", "index"), name="wallet_movement_once"),
                    models.CheckConstraint(
                        condition=wallet.models.chain_amount.Digits("amount"), name="wallet_movement_amount"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Deposit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=8)),
                ("tx_id", models.CharField(max_length=64)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("trx", "TRX"),
                            ("trc10", "TRC-10"),
                            ("trc20", "TRC-20"),
                            ("fee", "Network fee"),
                            ("itrx", "TRX paid by a contract"),
                            ("itrc", "TRC-10 paid by a contract"),
                        ],
                        max_length=5,
                    ),
                ),
                ("index", models.IntegerField()),
                ("block_number", models.BigIntegerField()),
                ("block_at", models.DateTimeField()),
                ("asset", models.SmallIntegerField(choices=[(1, "BTTOLD"), (2, "BTT"), (3, "TRX")])),
                ("sender", models.CharField(max_length=34)),
                ("address", models.CharField(max_length=34)),
                ("user_id", models.BigIntegerField(null=True)),
                ("amount", wallet.models.chain_amount.ChainAmountField()),
                ("amount_ubtt", models.BigIntegerField(default=0)),
                ("remainder", models.BigIntegerField(default=0)),
                (
                    "fate",
                    models.CharField(
                        choices=[
                            ("credited", "Credited"),
                            ("operator", "The box's own"),
                            ("suspense", "In suspense"),
                            ("small", "Below the minimum"),
                            ("large", "Too large"),
                            ("internal", "Paid by a contract"),
                        ],
                        max_length=8,
                    ),
                ),
                ("transfer_id", models.BigIntegerField(null=True, unique=True)),
                ("written_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["user_id", "-id"], name="wallet_deposit_of_user")],
                "constraints": [
                    models.UniqueConstraint(fields=("network", "tx_id", "kind", "index"), name="wallet_deposit_once"),
                    models.CheckConstraint(
                        condition=wallet.models.chain_amount.Digits("amount"), name="wallet_deposit_amount"
                    ),
                    models.CheckConstraint(
                        condition=wallet.models.whole.Whole("amount_ubtt", "remainder"), name="wallet_deposit_whole"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("remainder__gte", 0), ("remainder__lt", 1000000000000)),
                        name="wallet_deposit_remainder_below_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount_ubtt__gte", 1),
                                ("amount_ubtt__lte", 4611686018427387904),
                                ("fate__in", ["credited", "operator", "suspense"]),
                                ("transfer_id__isnull", False),
                            ),
                            models.Q(
                                ("amount_ubtt", 0),
                                ("fate__in", ["small", "large", "internal"]),
                                ("remainder", 0),
                                ("transfer_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="wallet_deposit_booked_or_not",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DepositAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=8)),
                ("user_id", models.BigIntegerField()),
                ("index", models.IntegerField()),
                ("address", models.CharField(max_length=34)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("network", "user_id"), name="wallet_address_one_of_user"),
                    models.UniqueConstraint(fields=("network", "index"), name="wallet_address_index_once"),
                    models.UniqueConstraint(fields=("network", "address"), name="wallet_address_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Halt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("reconciliation", "The chain and the books differ"),
                            ("outgoing", "Money left that no withdrawal explains"),
                            ("audit", "The audit found something"),
                            ("endpoints", "The chain endpoints disagree"),
                            ("network", "An endpoint is on another network, or its chain went backwards"),
                            ("lag", "The chain is not being read"),
                            ("lied", "An endpoint has lied"),
                            ("signer", "The signer is in doubt of itself"),
                            ("operator", "An operator has stopped withdrawals"),
                        ],
                        max_length=14,
                    ),
                ),
                ("detail", models.CharField(max_length=600)),
                ("halted_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lifted_by_id", models.BigIntegerField(null=True)),
                ("lifted_by_name", models.CharField(blank=True, default="", max_length=150)),
                ("lifted_why", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "indexes": [models.Index(fields=["-halted_at", "-id"], name="wallet_halt_newest_first")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None)), fields=("reason",), name="wallet_halt_one_of_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("lifted_at", None), ("lifted_by_id", None), ("lifted_by_name", ""), ("lifted_why", "")
                            ),
                            models.Q(
                                ("lifted_at__isnull", False), ("lifted_by_id__isnull", False), ("lifted_why__gt", "")
                            ),
                            _connector="OR",
                        ),
                        name="wallet_halt_lifted_by_a_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InstallAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=8)),
                ("role", models.CharField(choices=[("hot", "Hot"), ("cold", "Cold")], max_length=4)),
                ("address", models.CharField(max_length=34)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("network", "address"), name="wallet_own_address_once")],
            },
        ),
        migrations.CreateModel(
            name="PendingDeposit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=8)),
                ("tx_id", models.CharField(max_length=64)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("trx", "TRX"),
                            ("trc10", "TRC-10"),
                            ("trc20", "TRC-20"),
                            ("fee", "Network fee"),
                            ("itrx", "TRX paid by a contract"),
                            ("itrc", "TRC-10 paid by a contract"),
                        ],
                        max_length=5,
                    ),
                ),
                ("index", models.IntegerField()),
                ("block_number", models.BigIntegerField()),
                ("block_at", models.DateTimeField()),
                ("asset", models.SmallIntegerField(choices=[(1, "BTTOLD"), (2, "BTT"), (3, "TRX")])),
                ("user_id", models.BigIntegerField(db_index=True)),
                ("amount", wallet.models.chain_amount.ChainAmountField()),
                ("seen_at", models.DateTimeField()),
                ("solid_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("network", "tx_id", "kind", "index"), name="wallet_pending_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=8)),
                ("asset", models.SmallIntegerField(choices=[(1, "BTTOLD"), (2, "BTT"), (3, "TRX")])),
                ("height", models.BigIntegerField()),
                ("chain", wallet.models.chain_amount.ChainAmountField()),
                ("books", wallet.models.chain_amount.ChainAmountField()),
                ("difference", wallet.models.chain_amount.ChainAmountField()),
                ("terms", models.JSONField()),
                ("rows", models.JSONField(blank=True, default=list)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["network", "asset", "-id"], name="wallet_reconciliation_newest")],
            },
        ),
        migrations.CreateModel(
            name="Sweep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=8)),
                ("purpose", models.CharField(choices=[("sweep", "Sweep"), ("gas", "Gas")], max_length=5)),
                ("asset", models.SmallIntegerField(choices=[(1, "BTTOLD"), (2, "BTT"), (3, "TRX")])),
                ("amount", wallet.models.chain_amount.ChainAmountField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("prepared", "Prepared"),
                            ("signed", "Signed"),
                            ("final", "Final"),
                            ("failed", "Failed"),
                            ("dead", "Dead"),
                            ("dropped", "Dropped"),
                        ],
                        default="prepared",
                        max_length=8,
                    ),
                ),
                ("tx_id", models.CharField(max_length=64, unique=True)),
                ("raw_bytes", models.BinaryField()),
                ("signature", models.BinaryField(null=True)),
                ("reference_number", models.BigIntegerField()),
                ("reference_header", models.BinaryField()),
                ("expiration_ms", models.BigIntegerField()),
                ("fee_estimate_sun", models.BigIntegerField()),
                ("says", models.CharField(blank=True, default="", max_length=200)),
                ("broadcasts", models.IntegerField(default=0)),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "address",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sweeps", to="wallet.depositaddress"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["-made_at", "-id"], name="wallet_sweep_newest_first")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["prepared", "signed"])),
                        fields=("address",),
                        name="wallet_sweep_one_live_of_address",
                    ),
                    models.CheckConstraint(
                        condition=wallet.models.chain_amount.Digits("amount"), name="wallet_sweep_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ["prepared", "signed"])),
                            models.Q(
                                ("ended_at__isnull", False), ("state__in", ["final", "failed", "dead", "dropped"])
                            ),
                            _connector="OR",
                        ),
                        name="wallet_sweep_ended_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OwnTransaction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("network", models.CharField(max_length=8)),
                ("tx_id", models.CharField(max_length=64)),
                ("block_number", models.BigIntegerField()),
                ("block_at", models.DateTimeField()),
                ("sender", models.CharField(max_length=34)),
                ("has_failed", models.BooleanField()),
                ("result", models.CharField(blank=True, default="", max_length=40)),
                ("fee_sun", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["network", "block_number"], name="wallet_own_tx_by_block")],
                "constraints": [
                    models.UniqueConstraint(fields=("network", "tx_id"), name="wallet_own_transaction_once")
                ],
            },
        ),
        migrations.RunPython(guard, unguard),
    ]
