from django.db import models
from django.db.models import F, Q

from wallet.domain.kinds import TransferKind
from wallet.domain.money import MAX_AMOUNT_UBTT, Asset
from wallet.models.account import Account
from wallet.models.whole import Whole


class Transfer(models.Model):
    """One debit and one credit, never changed and never deleted (triggers see to it).

    Seen from one of its accounts it is an entry: that account's version counts its entries without a gap, and its
    balance stands beside. Without foreign keys in the database: accounts are never deleted, the ledger has both locked,
    and a check of each by the database would halve the speed.
    """

    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    kind = models.SmallIntegerField(choices=[(kind.value, kind.label) for kind in TransferKind])
    debit = models.ForeignKey(
        Account, on_delete=models.DO_NOTHING, related_name="debits", db_constraint=False, db_index=False
    )
    credit = models.ForeignKey(
        Account, on_delete=models.DO_NOTHING, related_name="credits", db_constraint=False, db_index=False
    )
    amount_ubtt = models.BigIntegerField()
    debit_version = models.BigIntegerField()
    credit_version = models.BigIntegerField()
    debit_balance_ubtt = models.BigIntegerField()  # after it
    credit_balance_ubtt = models.BigIntegerField()
    event_at = models.DateTimeField()  # when it happened
    written_at = models.DateTimeField()
    key_hash = models.BinaryField(max_length=16)
    body_hash = models.BinaryField(max_length=32)
    cause = models.CharField(max_length=120)  # a typed reference, like tip/41
    memo = models.CharField(max_length=140, default="", blank=True)
    hold_id = models.BigIntegerField(null=True)  # that it posted
    reverses = models.OneToOneField(  # the index finds a reversal; most rows have none, and are not in it
        "self", on_delete=models.DO_NOTHING, related_name="reversal", db_constraint=False, null=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key_hash"], name="wallet_transfer_key_once"),
            models.UniqueConstraint(fields=["debit", "debit_version"], name="wallet_transfer_debit_version_once"),
            models.UniqueConstraint(fields=["credit", "credit_version"], name="wallet_transfer_credit_version_once"),
            models.CheckConstraint(
                condition=Q(amount_ubtt__gte=1, amount_ubtt__lte=MAX_AMOUNT_UBTT), name="wallet_transfer_amount"
            ),
            models.CheckConstraint(
                condition=Whole(
                    "amount_ubtt", "debit_balance_ubtt", "credit_balance_ubtt", "debit_version", "credit_version"
                ),
                name="wallet_transfer_whole",
            ),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="wallet_transfer_sides_differ"),
        ]

    def __str__(self) -> str:
        return f"transfer {self.pk}"
