from django.db import models


class OwnTransaction(models.Model):
    """A transaction that one of our addresses has sent, found in a solid block: also one that failed or cost nothing.

    What is not here up to the cursor's height is in no block up to that height. Never changed.
    """

    network = models.CharField(max_length=8)
    tx_id = models.CharField(max_length=64)  # hex
    block_number = models.BigIntegerField()
    block_at = models.DateTimeField()
    sender = models.CharField(max_length=34)
    has_failed = models.BooleanField()  # it moved nothing, and has cost its fee
    result = models.CharField(max_length=40, default="", blank=True)  # of a contract call: SUCCESS, REVERT …
    fee_sun = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["network", "tx_id"], name="wallet_own_transaction_once")]
        indexes = [models.Index(fields=["network", "block_number"], name="wallet_own_tx_by_block")]

    def __str__(self) -> str:
        return f"own transaction {self.tx_id}"
