"""What users let their torrents spend. Nothing is bid until its user has turned on both rows."""

from django.db import models
from django.db.models import Q

from speed.domain.messages import MAX_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB


class Budget(models.Model):
    """What one user lets all of their torrents spend together. Whoever spends locks this row first."""

    user_id = models.BigIntegerField(primary_key=True)  # no foreign key: what was spent outlives its user
    is_on = models.BooleanField(default=False)
    day_limit_ubtt = models.BigIntegerField(default=0)  # within 24 hours

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(day_limit_ubtt__gte=0), name="speed_budget_day_not_below_zero"),
        ]

    def __str__(self) -> str:
        return f"budget of user {self.user_id}"


class Bid(models.Model):
    """What one user would pay to have a torrent faster, standing until changed."""

    user_id = models.BigIntegerField()
    node_name = models.CharField(max_length=40)
    torrent_id = models.BigIntegerField()
    torrent_key = models.CharField(max_length=64)
    is_on = models.BooleanField(default=False)
    on_at = models.DateTimeField(null=True, blank=True)  # of several users' bids for a torrent the oldest one stands
    max_price_ubtt_per_gib = models.BigIntegerField()  # never more than this
    spend_ubtt_per_s = models.BigIntegerField()  # the pace, over all sellers
    useful_bytes_per_s = models.BigIntegerField(default=0)  # 0: as fast as it gets
    budget_ubtt = models.BigIntegerField()  # for this torrent, ever
    asks_directory = models.BooleanField(default=False)  # may look for sellers of a private torrent at hubs
    # An automatic bid follows what its user said of slow torrents; its pace and useful speed are decided by the agent.
    is_auto = models.BooleanField(default=False)
    least_bytes_per_s = models.BigIntegerField(default=0)  # wished; 0: no speed is
    finish_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(default="", blank=True)  # why nothing is bid right now, in a sentence; by the agent

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "node_name", "torrent_key"], name="speed_bid_once_per_torrent"),
            models.CheckConstraint(
                condition=Q(max_price_ubtt_per_gib__range=(MIN_PRICE_UBTT_PER_GIB, MAX_PRICE_UBTT_PER_GIB)),
                name="speed_bid_ceiling_within_bounds",
            ),
            models.CheckConstraint(
                condition=Q(spend_ubtt_per_s__gte=0, useful_bytes_per_s__gte=0, budget_ubtt__gte=0),
                name="speed_bid_nothing_below_zero",
            ),
        ]
        indexes = [models.Index(fields=["node_name"], condition=Q(is_on=True), name="speed_bid_standing")]

    def __str__(self) -> str:
        return f"bid of user {self.user_id} for {self.torrent_key}"


class Reservation(models.Model):
    """Money of a budget that a hub was, or will be, asked to put into one channel. Its key is the hub's too.

    It is written before the hub is asked, and counts until the hub has refused it or the channel has ended.
    """

    ASKED, DONE, REFUSED, ENDED = "asked", "done", "refused", "ended"
    STATES = (ASKED, DONE, REFUSED, ENDED)

    key = models.CharField(max_length=32, primary_key=True)
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="reservations")
    user_id = models.BigIntegerField()
    node_name = models.CharField(max_length=40)
    deal_id = models.CharField(max_length=32)
    channel_id = models.CharField(max_length=32, default="", blank=True)  # "": a channel is to be opened
    hub_id = models.CharField(max_length=40)
    account = models.CharField(max_length=100)  # as the hub calls it
    payee_key = models.CharField(max_length=66)
    place = models.CharField(max_length=50, default="", blank=True)  # of the seller
    endpoint = models.CharField(max_length=60, default="", blank=True)
    torrent_name = models.TextField(default="", blank=True)
    size_bytes = models.BigIntegerField(default=0)  # of the torrent
    amount_ubtt = models.BigIntegerField()  # 0: time only
    expires_s = models.IntegerField()
    made_at = models.DateTimeField()
    state = models.CharField(max_length=8, default=ASKED)
    refusal = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("asked", "done", "refused", "ended")), name="speed_reservation_state_known"
            ),
            models.CheckConstraint(condition=Q(amount_ubtt__gte=0), name="speed_reservation_not_below_zero"),
        ]
        indexes = [
            models.Index(fields=["user_id"], condition=Q(state__in=("asked", "done")), name="speed_reservation_counts"),
            models.Index(fields=["deal_id"], name="speed_reservation_of_deal"),
            models.Index(fields=["node_name"], condition=Q(state="asked"), name="speed_reservation_unanswered"),
        ]

    def __str__(self) -> str:
        return f"reservation {self.key}"


class Payment(models.Model):
    """What was signed away in one deal within one hour: budgets of a day are counted by these."""

    user_id = models.BigIntegerField()
    deal_id = models.CharField(max_length=32)
    hour_at = models.DateTimeField()  # its beginning
    signed_ubtt = models.BigIntegerField(default=0)
    accepted_bytes = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal_id", "hour_at"], name="speed_payment_once_per_hour"),
            models.CheckConstraint(condition=Q(signed_ubtt__gte=0), name="speed_payment_not_below_zero"),
        ]
        indexes = [models.Index(fields=["user_id", "hour_at"], name="speed_payment_of_user")]

    def __str__(self) -> str:
        return f"payments of {self.deal_id} from {self.hour_at}"


class Pairing(models.Model):
    """A foreign hub's account that a node may spend from for one of its users, or earns for, or is to be let."""

    user_id = models.BigIntegerField()
    node_name = models.CharField(max_length=40)
    hub_id = models.CharField(max_length=40)
    code = models.CharField(max_length=40, default="", blank=True)  # to be used up by the agent
    key = models.CharField(max_length=32)  # the hub's, for this code
    daily_limit_ubtt = models.BigIntegerField()  # 0: nothing is spent from it
    earns = models.BooleanField(default=False)  # what the node sells at that hub is paid to it
    account = models.CharField(max_length=100, default="", blank=True)  # as the hub calls it; "" until it has said yes
    problem = models.TextField(default="", blank=True)  # why it was refused
    held_ubtt = models.BigIntegerField(default=0)  # that the account has there, channels included, as last heard
    heard_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "node_name", "hub_id"], name="speed_pairing_once_per_hub"),
            models.CheckConstraint(condition=Q(daily_limit_ubtt__gte=0), name="speed_pairing_limit_not_below_zero"),
        ]

    def __str__(self) -> str:
        return f"pairing of user {self.user_id} at {self.hub_id}"
