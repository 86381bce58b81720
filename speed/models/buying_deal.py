"""The buyer's own part of a deal."""

from django.db import models
from django.db.models import F, Q

from speed.models.deal import Deal


class BuyingDeal(Deal):
    """A deal in which we buy, out of a channel that one user's money is in.

    `cumulative_ubtt` is what was signed: it is written before it is sent, and never shrinks.
    """

    bid_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    account = models.CharField(max_length=100)  # of the user at the hub
    endpoint = models.CharField(max_length=60, default="", blank=True)  # "IP:PORT" where the seller was called
    tally = models.JSONField(default=dict)  # of accepted bytes, by round: the newest may still change
    covered_bytes = models.BigIntegerField(default=0)  # of the accepted ones: for those that a voucher is for
    sellers_owed_ubtt = models.BigIntegerField(default=0)  # as the seller has it: information, as `sent_bytes` is
    failed_pieces = models.IntegerField(default=0)
    is_closed = models.BooleanField(default=False)  # the hub has ended the channel: what was not signed has come back

    class Meta(Deal.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(cumulative_ubtt__gte=0, cumulative_ubtt__lte=F("amount_ubtt")),
                name="speed_buying_signs_what_there_is",
            ),
            models.CheckConstraint(
                condition=Q(owed_rem__gte=0, owed_rem__lt=1 << 30), name="speed_buying_remainder_below_one"
            ),
        ]
        indexes = [
            models.Index(fields=["node_name", "-opened_at"], name="speed_buying_newest_first"),
            models.Index(fields=["node_name"], condition=Q(is_closed=False), name="speed_buying_open_channels"),
            models.Index(fields=["user_id", "-opened_at"], name="speed_buying_of_user"),
            models.Index(fields=["bid_id"], name="speed_buying_of_bid"),
        ]

    @property
    def unpaid_bytes(self) -> int:
        return max(self.accepted_bytes - self.covered_bytes, 0)
