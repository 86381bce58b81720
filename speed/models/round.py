from django.db import models


class Round(models.Model):
    """One allocation of a node's upload, every ten seconds while there are bids. Written once.

    Rows hold what the audit publishes (leaf, max, spend, useful, cap, granted), and what it does not: deal, salt, and
    in `why` the reason for which a bid got nothing. They are emptied when the round is served no longer.
    """

    node_name = models.CharField(max_length=40)
    number = models.BigIntegerField()  # unix seconds over ten
    at = models.DateTimeField()
    ask_ubtt_per_gib = models.BigIntegerField()
    for_sale_bytes_per_s = models.BigIntegerField()
    price_ubtt_per_gib = models.BigIntegerField()
    granted_bytes_per_s = models.BigIntegerField()
    bids = models.IntegerField()
    bids_hash = models.CharField(max_length=64)  # hex
    rows = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node_name", "number"], name="speed_round_once_per_node")]
        indexes = [models.Index(fields=["node_name", "-number"], name="speed_round_newest_first")]

    def __str__(self) -> str:
        return f"round {self.number} of {self.node_name}"
