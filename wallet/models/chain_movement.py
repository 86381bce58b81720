from django.db import models
from django.utils.translation import gettext_lazy as _

from wallet.domain.money import Asset
from wallet.models.chain_amount import ChainAmountField, Digits


class MovementKind(models.TextChoices):
    TRX = "trx", "TRX"
    TRC10 = "trc10", "TRC-10"
    TRC20 = "trc20", "TRC-20"
    FEE = "fee", _("Network fee")  # TRX that a transaction of ours has cost
    INTERNAL_TRX = "itrx", _("TRX paid by a contract")
    INTERNAL_TRC10 = "itrc", _("TRC-10 paid by a contract")


class MovementSide(models.TextChoices):
    """Where it went, seen from the install: only what crosses its border touches the books."""

    IN = "in", _("In")
    OUT = "out", _("Out")
    INSIDE = "inside", _("Inside")  # from one address of ours to another: a sweep, gas
    FEE = "fee", _("Fee")


class ChainMovement(models.Model):
    """Something that moved to, from or between our addresses, read from a solid block.

    All of them up to a height add up to what our addresses held at that height. Never changed, but that a fee which
    could not be booked is booked later, and what left without a withdrawal by an operator.
    """

    network = models.CharField(max_length=8)
    tx_id = models.CharField(max_length=64)  # hex
    kind = models.CharField(max_length=5, choices=MovementKind.choices)
    index = models.IntegerField()  # of the log within its transaction; 0 where there is but one
    block_number = models.BigIntegerField()
    block_at = models.DateTimeField()
    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    side = models.CharField(max_length=6, choices=MovementSide.choices)
    sender = models.CharField(max_length=34)
    recipient = models.CharField(max_length=34, default="", blank=True)  # "": a fee is burned
    amount = ChainAmountField()  # in the chain's smallest units: 6 decimals, 18 for TRC-20
    # The transfer that books a fee, or what went out as no withdrawal once an operator has said whose it was. What
    # came in is booked by its deposit, what went out by its withdrawal; what is inside moves no money of the books.
    transfer_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "tx_id", "kind", "index"], name="wallet_movement_once"),
            models.CheckConstraint(condition=Digits("amount"), name="wallet_movement_amount"),
        ]
        indexes = [
            models.Index(fields=["network", "block_number"], name="wallet_movement_by_block"),
            models.Index(fields=["network", "side", "block_number"], name="wallet_movement_by_side"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.tx_id}/{self.index}"
