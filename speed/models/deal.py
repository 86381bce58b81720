"""What both sides of a deal keep of it, and the seller's own part."""

from django.db import models
from django.db.models import F, Q

from speed.domain.deals import Wish


class Deal(models.Model):
    """A running agreement of two nodes about one torrent, paid out of one channel. Written by our node's agent only.

    Bytes and prices are this side's own count; money is what vouchers say.
    """

    node_name = models.CharField(max_length=40)
    deal_id = models.CharField(max_length=32, unique=True)  # 16 bytes, hex, chosen by the buyer
    torrent_id = models.BigIntegerField()  # no foreign key: a deal outlives its torrent
    torrent_key = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()  # of the torrent
    torrent_name = models.TextField(default="", blank=True)  # as it was when the deal began
    peer_key = models.CharField(max_length=66)  # Speed key of the other side, hex
    place = models.CharField(max_length=50)  # of the other side, where it was last: "203.0.113.7/32"
    state = models.CharField(max_length=12, default="open")  # speed.domain.deals
    end_reason = models.CharField(max_length=24, default="", blank=True)
    refusal = models.CharField(max_length=24, default="", blank=True)  # of the last round; "" while it is granted
    opened_at = models.DateTimeField()
    linked_at = models.DateTimeField()  # when there was last a connection
    ended_at = models.DateTimeField(null=True, blank=True)

    # The standing bid.
    max_price_ubtt_per_gib = models.BigIntegerField()
    spend_ubtt_per_s = models.BigIntegerField()
    useful_bytes_per_s = models.BigIntegerField()

    # The channel, as the hub's newest receipt has it, and the newest voucher.
    hub_id = models.CharField(max_length=40)
    channel_id = models.CharField(max_length=32, unique=True)
    receipt = models.CharField(max_length=470, default="", blank=True)  # with the hub's signature, hex
    amount_ubtt = models.BigIntegerField()
    expires_at = models.DateTimeField()
    cumulative_ubtt = models.BigIntegerField(default=0)
    voucher_at = models.DateTimeField(null=True, blank=True)
    voucher_sig = models.CharField(max_length=130, default="", blank=True)

    # What the last round gave.
    round_number = models.BigIntegerField(default=0)
    price_ubtt_per_gib = models.BigIntegerField(default=0)
    speed_bytes_per_s = models.BigIntegerField(default=0)

    # Meters, of all of the deal. `owed_ubtt` and `owed_rem` are the exact sum of bytes times price, over 2**30.
    sent_bytes = models.BigIntegerField(default=0)  # under grants: what the seller counted
    accepted_bytes = models.BigIntegerField(default=0)  # what the buyer acknowledged
    owed_ubtt = models.BigIntegerField(default=0)
    owed_rem = models.BigIntegerField(default=0)
    tally = models.JSONField(default=dict)  # of accepted bytes, by round: the newest may still change
    covered_bytes = models.BigIntegerField(default=0)  # of the accepted ones: for those that a voucher is for

    is_closed = models.BooleanField(default=False)  # the hub has ended the channel: the rest is with the payer again

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(cumulative_ubtt__gte=0, cumulative_ubtt__lte=F("amount_ubtt")),
                name="speed_%(class)s_voucher_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(owed_rem__gte=0, owed_rem__lt=1 << 30), name="speed_%(class)s_remainder_below_one"
            ),
        ]
        indexes = [
            models.Index(fields=["node_name", "-opened_at"], name="speed_%(class)s_newest"),
            models.Index(fields=["node_name"], condition=Q(is_closed=False), name="speed_%(class)s_open"),
        ]

    def __str__(self) -> str:
        return f"deal {self.deal_id}"

    @property
    def wish(self) -> Wish:
        return Wish(self.max_price_ubtt_per_gib, self.spend_ubtt_per_s, self.useful_bytes_per_s)


class SellingDeal(Deal):
    """A deal in which we sell."""

    payer_ref = models.CharField(max_length=32)  # the payer as the hub calls it towards us, hex
    places = models.JSONField(default=list)  # where the buyer has been: what is unpaid counts at each
    written_off_bytes = models.BigIntegerField(default=0)
    disagreeing_rounds = models.IntegerField(default=0)  # in a row
    starved_rounds = models.IntegerField(default=0)  # in a row: the torrent got less than half of its grant

    on_own_hub = models.BooleanField()  # the channel is in our own books, whatever key our hub has by now
    fee_ppm = models.IntegerField()  # what the hub keeps of all that is redeemed from this channel
    redeemed_ubtt = models.BigIntegerField(default=0)  # of the channel, fee included
    redeemed_at = models.DateTimeField(null=True, blank=True)
    earned_ubtt = models.BigIntegerField(default=0)  # of what was redeemed, without the hub's fee
    shared_ubtt = models.BigIntegerField(default=0)  # of what was earned, with the torrent's holders

    class Meta(Deal.Meta):
        abstract = False
        constraints = [
            *Deal.Meta.constraints,
            models.CheckConstraint(
                condition=Q(redeemed_ubtt__gte=0, redeemed_ubtt__lte=F("amount_ubtt")),
                name="speed_selling_redeems_what_there_is",
            ),
            models.CheckConstraint(
                condition=Q(shared_ubtt__gte=0, shared_ubtt__lte=F("earned_ubtt"), earned_ubtt__lte=F("redeemed_ubtt")),
                name="speed_selling_shares_what_was_earned",
            ),
        ]
        indexes = [
            *Deal.Meta.indexes,
            models.Index(fields=["payer_ref", "linked_at"], name="speed_selling_of_payer"),
            models.Index(fields=["linked_at"], name="speed_selling_lately"),
        ]

    @property
    def rounding_ubtt(self) -> int:
        """What waits in the node's earnings until it can be shared in whole µBTT, or there is a holder."""
        return self.earned_ubtt - self.shared_ubtt
