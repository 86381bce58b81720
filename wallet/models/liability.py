from django.db import models
from django.db.models import Q

from wallet.domain.money import Asset


class LiabilitySnapshot(models.Model):
    """What the install owed to its users in one asset at one moment: the root of a Merkle-sum tree. Never changed."""

    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    taken_at = models.DateTimeField()
    seal_number = models.BigIntegerField()  # the newest whose transfers are all in it; 0 before the first
    users = models.IntegerField()  # that have an account
    count = models.IntegerField()  # of leaves: users and padding
    root = models.BinaryField(max_length=32)
    total_ubtt = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)  # of its canonical text

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(total_ubtt__gte=0), name="wallet_liability_total_not_below_zero"),
        ]
        indexes = [models.Index(fields=["asset", "-id"], name="wallet_liability_newest_first")]

    def __str__(self) -> str:
        return f"liabilities {self.pk}"


class LiabilityLeaf(models.Model):
    """What one user had in a snapshot, or padding. Never changed."""

    snapshot = models.ForeignKey(LiabilitySnapshot, on_delete=models.PROTECT, related_name="leaves")
    place = models.IntegerField()  # from 0; leaves stand in the order of their hashes
    user_id = models.BigIntegerField(null=True)  # no foreign key: this outlives people; none for padding
    nonce = models.BinaryField(max_length=32)
    balance_ubtt = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snapshot", "place"], name="wallet_liability_leaf_place_once"),
            models.UniqueConstraint(fields=["snapshot", "user_id"], name="wallet_liability_leaf_user_once"),
            models.CheckConstraint(condition=Q(balance_ubtt__gte=0), name="wallet_liability_leaf_not_below_zero"),
        ]

    def __str__(self) -> str:
        return f"leaf {self.place}"
