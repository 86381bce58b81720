"""Operators can book what left our addresses as no withdrawal. The tables stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0009_hub"),
    ]

    operations = [
        migrations.AlterField(
            model_name="operatoract",
            name="kind",
            field=models.CharField(
                choices=[
                    ("granted", "Granted"),
                    ("froze", "Froze"),
                    ("thawed", "Thawed"),
                    ("adjusted", "Adjusted"),
                    ("reversed", "Reversed"),
                    ("approved", "Approved a withdrawal of"),
                    ("rejected", "Rejected a withdrawal of"),
                    ("ruled", "Changed the rules of withdrawals"),
                    ("stopped", "Stopped withdrawals"),
                    ("lifted", "Lifted a halt"),
                    ("booked", "Booked a payment that the books lacked"),
                ],
                max_length=10,
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
                    (18, "Found payment"),
                ]
            ),
        ),
    ]
