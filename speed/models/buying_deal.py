"""The buyer's own part of a deal."""

from django.db import models

from speed.models.deal import Deal


class BuyingDeal(Deal):
    """A deal in which we buy, out of a channel that one user's money is in.

    `cumulative_ubtt` is what was signed: it is written before it is sent, and never shrinks.
    """

    bid_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    account = models.CharField(max_length=100)  # of the user at the hub
    endpoint = models.CharField(max_length=60, default="", blank=True)  # "IP:PORT" where the seller was called
    sellers_owed_ubtt = models.BigIntegerField(default=0)  # as the seller has it: information, as `sent_bytes` is
    failed_pieces = models.IntegerField(default=0)

    class Meta(Deal.Meta):
        abstract = False
        indexes = [
            *Deal.Meta.indexes,
            models.Index(fields=["user_id", "-opened_at"], name="speed_buying_of_user"),
            models.Index(fields=["bid_id"], name="speed_buying_of_bid"),
        ]

    @property
    def unpaid_bytes(self) -> int:
        return max(self.accepted_bytes - self.covered_bytes, 0)
