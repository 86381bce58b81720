"""Automatic bidding: what users want of it, and what it has done and measured for each of their bids."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from seedbox.domain.kept import told
from speed.domain.auto_terms import OwnTerms
from speed.domain.autobid_view import State
from speed.domain.controls import BLOCK_MS
from speed.domain.messages import MAX_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB
from speed.models.bid import Bid


class AutoBidding(models.Model):
    """What one user wants for all of their slow torrents. Off until it is turned on."""

    user_id = models.BigIntegerField(primary_key=True)  # as a budget's
    is_on = models.BooleanField(default=False)
    ceiling_ubtt_per_gib = models.BigIntegerField()
    torrent_budget_ubtt = models.BigIntegerField()  # for each torrent, ever; that of a day is the user's budget
    least_bytes_per_s = models.BigIntegerField(default=0)  # 0: no speed is wished
    finish_at = models.DateTimeField(null=True, blank=True)
    asks_directory = models.BooleanField(default=False)  # of private torrents, at hubs

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ceiling_ubtt_per_gib__range=(MIN_PRICE_UBTT_PER_GIB, MAX_PRICE_UBTT_PER_GIB)),
                name="speed_auto_ceiling_within_bounds",
            ),
            models.CheckConstraint(
                condition=Q(torrent_budget_ubtt__gte=0, least_bytes_per_s__gte=0),
                name="speed_auto_nothing_below_zero",
            ),
        ]

    def __str__(self) -> str:
        return f"automatic bidding of user {self.user_id}"


class AutoTorrent(models.Model):
    """What a user wants otherwise for one torrent; NULL is as for all."""

    class Choice(models.TextChoices):
        AS_ALL = "as_all", _("As for all torrents")
        ON = "on", _("On, whatever holds for the others")
        OFF = "off", _("Off")

    user_id = models.BigIntegerField()
    node_name = models.CharField(max_length=40)
    torrent_key = models.CharField(max_length=64)
    torrent_id = models.BigIntegerField()
    choice = models.CharField(max_length=6, choices=Choice.choices, default=Choice.AS_ALL)
    ceiling_ubtt_per_gib = models.BigIntegerField(null=True, blank=True)
    budget_ubtt = models.BigIntegerField(null=True, blank=True)
    # The wish is one: with either of both given, none of the wish for all torrents holds.
    least_bytes_per_s = models.BigIntegerField(null=True, blank=True)
    finish_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "node_name", "torrent_key"], name="speed_auto_once_per_torrent"),
            models.CheckConstraint(condition=Q(choice__in=("as_all", "on", "off")), name="speed_auto_choice_known"),
        ]

    def __str__(self) -> str:
        return f"automatic bidding of user {self.user_id} for {self.torrent_key}"

    @property
    def terms(self) -> OwnTerms:
        return OwnTerms(self.ceiling_ubtt_per_gib, self.budget_ubtt, self.least_bytes_per_s, self.finish_at)


class AutoRun(models.Model):
    """What an automatic bid has come to: written by the agent of its node, but for the user's stop."""

    bid = models.OneToOneField(Bid, on_delete=models.PROTECT, primary_key=True, related_name="auto_run")
    seed = models.CharField(max_length=32)  # hex; sellers must not know it: it draws the blocks of control
    block_ms = models.IntegerField(default=BLOCK_MS)
    began_at = models.DateTimeField(null=True, blank=True)  # the first bid: blocks are counted from here
    is_slow = models.BooleanField(default=False)
    run_number = models.IntegerField(default=0)  # of eight blocks, and what was measured in it
    paid_bytes = models.BigIntegerField(default=0)
    paid_ms = models.BigIntegerField(default=0)
    control_bytes = models.BigIntegerField(default=0)
    control_ms = models.BigIntegerField(default=0)
    all_paid_ms = models.BigIntegerField(default=0)  # in all runs
    pairs = models.JSONField(default=list)  # log of how many times faster, a number for each run, the oldest first
    verdict = models.CharField(max_length=14, default="unknown")
    state = models.CharField(max_length=12, default=str(State.FAST_ENOUGH))
    sentence = models.TextField(default="", blank=True)
    said_at = models.DateTimeField(null=True, blank=True)
    total_bytes_per_s = models.BigIntegerField(default=0)  # as last looked at
    free_bytes_per_s = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=("unknown", "helps", "brings_nothing")), name="speed_auto_verdict_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(state) for state in State]), name="speed_auto_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"run of bid {self.bid_id}"


class AutoSample(models.Model):
    """What a torrent got between two decisions; of each run the newest are kept, and of old ones a few."""

    run = models.ForeignKey(AutoRun, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField()  # when that time ended
    total_bytes_per_s = models.BigIntegerField()  # from everybody
    free_bytes_per_s = models.BigIntegerField()  # of that what came, or would have come, for nothing
    needed_bytes_per_s = models.BigIntegerField()  # what the wish asked for then
    is_control = models.BooleanField()
    price_ubtt_per_gib = models.BigIntegerField()  # of the lanes, as a mean by their speeds; 0: there was none
    spent_ubtt = models.BigIntegerField()  # signed in all until then
    is_coarse = models.BooleanField()  # the first of some minutes: kept for longer

    class Meta:
        indexes = [models.Index(fields=["run", "-at"], name="speed_auto_newest_sample")]

    def __str__(self) -> str:
        return f"{self.total_bytes_per_s} bytes per second at {self.at}"


class AutoDecision(models.Model):
    """One sentence of the automatic bidder's log; the oldest of each run are let go."""

    run = models.ForeignKey(AutoRun, on_delete=models.CASCADE, related_name="decisions")
    at = models.DateTimeField()
    state = models.CharField(max_length=12)
    sentence = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["run", "-at"], name="speed_auto_newest_decision")]

    def __str__(self) -> str:
        return told(self.sentence)


class AutoBaseline(models.Model):
    """What one seller gave for nothing before it was first bid to, and in how many controls since it gave less."""

    run = models.ForeignKey(AutoRun, on_delete=models.CASCADE, related_name="baselines")
    peer_key = models.CharField(max_length=66)
    free_bytes_per_s = models.BigIntegerField()
    low_controls = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "peer_key"], name="speed_auto_baseline_once_per_seller"),
            models.CheckConstraint(
                condition=Q(free_bytes_per_s__gte=0, low_controls__gte=0), name="speed_auto_baseline_not_below_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"baseline of {self.peer_key[:10]}"
