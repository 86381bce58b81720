from django.db import models

from wallet.domain.money import Asset
from wallet.models.chain_amount import ChainAmountField


class Reconciliation(models.Model):
    """What our addresses held at one solid height beside what the books say that they must. Never changed.

    In the chain's smallest units. The difference must be exactly 0.
    """

    network = models.CharField(max_length=8)
    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    height = models.BigIntegerField()
    chain = ChainAmountField()  # all movements of our addresses up to the height
    books = ChainAmountField()  # what is owed and ours in the books, and what they leave out by policy
    difference = ChainAmountField()  # chain less books
    terms = models.JSONField()  # the sums that make both sides: name -> decimal text
    rows = models.JSONField(default=list, blank=True)  # where they differ: sentences that name them
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["network", "asset", "-id"], name="wallet_reconciliation_newest")]

    def __str__(self) -> str:
        return f"reconciliation {self.pk}"
