from django.db import models


class SeenRound(models.Model):
    """What a seller said of one round of a deal of ours, and what its audit has shown. Kept for a day."""

    deal_id = models.CharField(max_length=32)
    number = models.BigIntegerField()
    at = models.DateTimeField()
    price_ubtt_per_gib = models.BigIntegerField()
    granted_bytes_per_s = models.BigIntegerField()  # 0: refused
    reason = models.CharField(max_length=24, default="", blank=True)  # why it was refused
    salt = models.CharField(max_length=32, default="", blank=True)  # hex; "" where the bid was no row of the round
    bids_hash = models.CharField(max_length=64, default="", blank=True)
    # The bid that stood.
    max_price_ubtt_per_gib = models.BigIntegerField()
    spend_ubtt_per_s = models.BigIntegerField()
    useful_bytes_per_s = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deal_id", "number"], name="speed_seen_round_once_per_deal")]
        indexes = [models.Index(fields=["at"], name="speed_seen_round_oldest_first")]

    def __str__(self) -> str:
        return f"round {self.number} of {self.deal_id}"
