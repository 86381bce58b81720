from django.db import models
from django.db.models import Q

from wallet.domain.deposits import BOOKED, DepositFate
from wallet.domain.money import MAX_AMOUNT_UBTT, Asset
from wallet.models.chain_amount import ChainAmountField, Digits
from wallet.models.chain_movement import MovementKind
from wallet.models.whole import Whole


class Deposit(models.Model):
    """Money that came from the chain, irreversibly. Never changed.

    `amount` is what came; of it `amount_ubtt` is in the books, and `remainder` is less than 1 µBTT of TRC-20.
    """

    network = models.CharField(max_length=8)
    tx_id = models.CharField(max_length=64)  # hex
    kind = models.CharField(max_length=5, choices=MovementKind.choices)
    index = models.IntegerField()
    block_number = models.BigIntegerField()
    block_at = models.DateTimeField()
    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    sender = models.CharField(max_length=34)
    address = models.CharField(max_length=34)  # of ours, to which it came
    user_id = models.BigIntegerField(null=True)  # whose address it is
    amount = ChainAmountField()  # in the chain's smallest units
    amount_ubtt = models.BigIntegerField(default=0)
    remainder = models.BigIntegerField(default=0)
    fate = models.CharField(max_length=8, choices=[(fate.value, fate.label) for fate in DepositFate])
    transfer_id = models.BigIntegerField(null=True, unique=True)
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "tx_id", "kind", "index"], name="wallet_deposit_once"),
            models.CheckConstraint(condition=Digits("amount"), name="wallet_deposit_amount"),
            models.CheckConstraint(condition=Whole("amount_ubtt", "remainder"), name="wallet_deposit_whole"),
            models.CheckConstraint(
                condition=Q(remainder__gte=0, remainder__lt=10**12), name="wallet_deposit_remainder_below_one"
            ),
            models.CheckConstraint(
                condition=Q(
                    fate__in=[fate.value for fate in DepositFate if fate in BOOKED],
                    transfer_id__isnull=False,
                    amount_ubtt__gte=1,
                    amount_ubtt__lte=MAX_AMOUNT_UBTT,
                )
                | Q(
                    fate__in=[fate.value for fate in DepositFate if fate not in BOOKED],
                    transfer_id__isnull=True,
                    amount_ubtt=0,
                    remainder=0,
                ),
                name="wallet_deposit_booked_or_not",
            ),
        ]
        indexes = [models.Index(fields=["user_id", "-id"], name="wallet_deposit_of_user")]

    def __str__(self) -> str:
        return f"deposit {self.pk}"


class PendingDeposit(models.Model):
    """A deposit that was seen in a block that may still be thrown away: shown, never credited.

    Written anew from the blocks behind the cursor at every look; nothing depends on it.
    """

    network = models.CharField(max_length=8)
    tx_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=5, choices=MovementKind.choices)
    index = models.IntegerField()
    block_number = models.BigIntegerField()
    block_at = models.DateTimeField()
    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    user_id = models.BigIntegerField(db_index=True)
    amount = ChainAmountField()
    seen_at = models.DateTimeField()  # first
    solid_at = models.DateTimeField()  # when it is expected to be irreversible

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "tx_id", "kind", "index"], name="wallet_pending_once")
        ]

    def __str__(self) -> str:
        return f"pending {self.tx_id}/{self.index}"
