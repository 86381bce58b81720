import django.db.models.deletion
from django.db import migrations, models

import wallet.models.whole


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Answer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key_hash", models.BinaryField(max_length=16, unique=True)),
                ("body_hash", models.BinaryField(max_length=32)),
                ("code", models.CharField(max_length=20)),
                ("hold_id", models.BigIntegerField(null=True)),
                ("end", models.SmallIntegerField(null=True)),
                ("written_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("first_id", models.BigIntegerField()),
                ("last_id", models.BigIntegerField(unique=True)),
                ("count", models.IntegerField()),
                ("root", models.BinaryField(max_length=32)),
                ("previous_hash", models.BinaryField(max_length=32)),
                ("totals", models.JSONField()),
                ("sealed_at", models.DateTimeField()),
                ("hash", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asset", models.SmallIntegerField(choices=[(1, "BTTOLD"), (2, "BTT"), (3, "TRX")])),
                (
                    "kind",
                    models.SmallIntegerField(
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
                        ]
                    ),
                ),
                ("ref", models.CharField(blank=True, default="", max_length=64)),
                ("balance_ubtt", models.BigIntegerField(default=0)),
                ("held_ubtt", models.BigIntegerField(default=0)),
                ("version", models.BigIntegerField(default=0)),
                ("is_frozen", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=wallet.models.whole.Whole("balance_ubtt", "held_ubtt", "version"),
                        name="wallet_account_whole",
                    ),
                    models.UniqueConstraint(fields=("asset", "kind", "ref"), name="wallet_account_name_once"),
                    models.CheckConstraint(
                        condition=models.Q(("asset__in", [1, 2, 3])), name="wallet_account_asset_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])),
                        name="wallet_account_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind", 1), ("balance_ubtt__gte", models.F("held_ubtt")), _connector="OR"),
                        name="wallet_account_not_below_zero",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("held_ubtt__gte", 0)), name="wallet_account_held_not_below_zero"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("balance_ubtt__gte", -4611686018427387904), ("balance_ubtt__lte", 4611686018427387904)
                        ),
                        name="wallet_account_within_bounds",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("transfers", models.BigIntegerField()),
                ("findings", models.BigIntegerField()),
                ("first_finding", models.CharField(blank=True, default="", max_length=300)),
                ("seal", models.CharField(blank=True, default="", max_length=90)),
            ],
            options={
                "indexes": [models.Index(fields=["-at", "-id"], name="wallet_audit_newest_first")],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount_ubtt", models.BigIntegerField()),
                ("purpose", models.SmallIntegerField(choices=[(1, "withdrawal"), (2, "budget")])),
                ("cause", models.CharField(max_length=120)),
                ("placed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="holds", to="wallet.account"
                    ),
                ),
            ],
        ),
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
        ),
        migrations.CreateModel(
            name="OperatorAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("granted", "Granted"),
                            ("froze", "Froze"),
                            ("thawed", "Thawed"),
                            ("adjusted", "Adjusted"),
                            ("reversed", "Reversed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("actor_id", models.BigIntegerField()),
                ("actor_name", models.CharField(max_length=150)),
                ("transfer_id", models.BigIntegerField(null=True)),
                ("reason", models.CharField(max_length=200)),
                ("key_hash", models.BinaryField(max_length=16, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="acts", to="wallet.account"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asset", models.SmallIntegerField(choices=[(1, "BTTOLD"), (2, "BTT"), (3, "TRX")])),
                (
                    "kind",
                    models.SmallIntegerField(
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
                        ]
                    ),
                ),
                ("amount_ubtt", models.BigIntegerField()),
                ("debit_version", models.BigIntegerField()),
                ("credit_version", models.BigIntegerField()),
                ("debit_balance_ubtt", models.BigIntegerField()),
                ("credit_balance_ubtt", models.BigIntegerField()),
                ("event_at", models.DateTimeField()),
                ("written_at", models.DateTimeField()),
                ("key_hash", models.BinaryField(max_length=16)),
                ("body_hash", models.BinaryField(max_length=32)),
                ("cause", models.CharField(max_length=120)),
                ("memo", models.CharField(blank=True, default="", max_length=140)),
                ("hold_id", models.BigIntegerField(null=True)),
                (
                    "credit",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="credits",
                        to="wallet.account",
                    ),
                ),
                (
                    "debit",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="debits",
                        to="wallet.account",
                    ),
                ),
                (
                    "reverses",
                    models.OneToOneField(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="reversal",
                        to="wallet.transfer",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                ("id", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("payer_key", models.CharField(max_length=66)),
                ("payee_key", models.CharField(max_length=66)),
                ("amount_ubtt", models.BigIntegerField()),
                ("redeemed_ubtt", models.BigIntegerField(default=0)),
                ("fee_ppm", models.IntegerField()),
                ("opened_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[("closed", "Closed by the payee"), ("expired", "Expired")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="channel", to="wallet.account"
                    ),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="channels_in", to="wallet.account"
                    ),
                ),
                (
                    "payer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="channels_out", to="wallet.account"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["payer", "-opened_at"], name="wallet_channel_of_payer"),
                    models.Index(
                        condition=models.Q(("end", "")), fields=["payer"], name="wallet_channel_open_of_payer"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=wallet.models.whole.Whole("amount_ubtt", "redeemed_ubtt"), name="wallet_channel_whole"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_ubtt__gte", 1),
                            ("redeemed_ubtt__gte", 0),
                            ("redeemed_ubtt__lte", models.F("amount_ubtt")),
                        ),
                        name="wallet_channel_redeems_what_it_has",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("fee_ppm__gte", 0), ("fee_ppm__lte", 1000000)), name="wallet_channel_fee"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("payer", models.F("payee")), _negated=True),
                        name="wallet_channel_sides_differ",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end", ""), ("ended_at__isnull", True)),
                            models.Q(("end__gt", ""), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="wallet_channel_ended_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EndedHold",
            fields=[
                (
                    "hold",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="ended",
                        serialize=False,
                        to="wallet.hold",
                    ),
                ),
                ("end", models.SmallIntegerField(choices=[(1, "Posted"), (2, "Voided"), (3, "Expired")])),
                ("posted_ubtt", models.BigIntegerField(default=0)),
                ("transfer_id", models.BigIntegerField(null=True)),
                ("ended_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=wallet.models.whole.Whole("posted_ubtt"), name="wallet_ended_hold_whole"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end", 1), ("posted_ubtt__gte", 1), ("transfer_id__isnull", False)),
                            models.Q(("end__in", [2, 3]), ("posted_ubtt", 0), ("transfer_id__isnull", True)),
                            _connector="OR",
                        ),
                        name="wallet_ended_hold_posted_something",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=wallet.models.whole.Whole("amount_ubtt"), name="wallet_hold_whole"
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_ubtt__gte", 1), ("amount_ubtt__lte", 4611686018427387904)),
                name="wallet_hold_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose", 1), ("expires_at__isnull", False), _connector="OR"),
                name="wallet_hold_expires",
            ),
        ),
        migrations.AddConstraint(
            model_name="liabilityleaf",
            constraint=models.UniqueConstraint(fields=("snapshot", "place"), name="wallet_liability_leaf_place_once"),
        ),
        migrations.AddConstraint(
            model_name="liabilityleaf",
            constraint=models.UniqueConstraint(fields=("snapshot", "user_id"), name="wallet_liability_leaf_user_once"),
        ),
        migrations.AddConstraint(
            model_name="liabilityleaf",
            constraint=models.CheckConstraint(
                condition=models.Q(("balance_ubtt__gte", 0)), name="wallet_liability_leaf_not_below_zero"
            ),
        ),
        migrations.AddIndex(
            model_name="operatoract",
            index=models.Index(fields=["-at", "-id"], name="wallet_act_newest_first"),
        ),
        migrations.AddConstraint(
            model_name="operatoract",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key_hash__isnull", False)), fields=("key_hash",), name="wallet_act_key_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(fields=("key_hash",), name="wallet_transfer_key_once"),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(
                fields=("debit", "debit_version"), name="wallet_transfer_debit_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(
                fields=("credit", "credit_version"), name="wallet_transfer_credit_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_ubtt__gte", 1), ("amount_ubtt__lte", 4611686018427387904)),
                name="wallet_transfer_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=wallet.models.whole.Whole(
                    "amount_ubtt", "debit_balance_ubtt", "credit_balance_ubtt", "debit_version", "credit_version"
                ),
                name="wallet_transfer_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("debit", models.F("credit")), _negated=True), name="wallet_transfer_sides_differ"
            ),
        ),
    ]
