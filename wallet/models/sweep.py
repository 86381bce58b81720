from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallet.domain.money import Asset
from wallet.models.chain_amount import ChainAmountField, Digits
from wallet.models.own_address import DepositAddress


class SweepPurpose(models.TextChoices):
    SWEEP = "sweep", _("Sweep")  # from a deposit address to the hot one
    GAS = "gas", _("Gas")  # TRX from the hot address to a deposit address that is to be swept


class SweepState(models.TextChoices):
    PREPARED = "prepared", _("Prepared")  # its bytes are written down; nobody else has seen them
    SIGNED = "signed", _("Signed")  # may be on its way; the same bytes are sent until it is final or dead
    FINAL = "final", _("Final")  # in a solid block
    FAILED = "failed", _("Failed")  # in a solid block, and moved nothing
    DEAD = "dead", _("Dead")  # can't come into any block any more
    DROPPED = "dropped", _("Dropped")  # never signed


LIVE = (SweepState.PREPARED, SweepState.SIGNED)


class Sweep(models.Model):
    """One signed transaction between two addresses of ours. It moves no money of the books; its fee is booked."""

    network = models.CharField(max_length=8)
    purpose = models.CharField(max_length=5, choices=SweepPurpose.choices)
    address = models.ForeignKey(DepositAddress, on_delete=models.PROTECT, related_name="sweeps")
    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    amount = ChainAmountField()
    state = models.CharField(max_length=8, choices=SweepState.choices, default=SweepState.PREPARED)
    tx_id = models.CharField(max_length=64, unique=True)  # hex
    raw_bytes = models.BinaryField()
    signature = models.BinaryField(null=True)
    reference_number = models.BigIntegerField()  # of the solid block that it refers to
    reference_header = models.BinaryField()
    expiration_ms = models.BigIntegerField()  # by the chain's clock
    fee_estimate_sun = models.BigIntegerField()
    says = models.CharField(max_length=200, default="", blank=True)  # what the endpoint or the signer said last
    broadcasts = models.IntegerField(default=0)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["address"],
                condition=Q(state__in=[state.value for state in LIVE]),
                name="wallet_sweep_one_live_of_address",
            ),
            models.CheckConstraint(condition=Digits("amount"), name="wallet_sweep_amount"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in LIVE], ended_at__isnull=True)
                | Q(
                    state__in=[state.value for state in SweepState if state not in LIVE],
                    ended_at__isnull=False,
                ),
                name="wallet_sweep_ended_at",
            ),
        ]
        indexes = [models.Index(fields=["-made_at", "-id"], name="wallet_sweep_newest_first")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"
