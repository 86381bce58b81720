from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Verdict(models.TextChoices):
    """What came of summing a seller's round up anew."""

    NONE = "", _("Not audited yet")
    RIGHT = "right", _("Right")
    WRONG = "wrong", _("Wrong")
    NOT_SHOWN = "not_shown", _("Not shown")  # its rows were not to be had while sellers show them


class SeenRound(models.Model):
    """What a seller said of one round of a deal of ours, and what its audit has shown. Kept for a day.

    Rounds that were wrong are kept for as long as their seller is left alone.
    """

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
    earlier_bids = models.JSONField(default=list)  # [max, spend, useful] of bids that it may have gone by as well

    verdict = models.CharField(max_length=9, choices=Verdict.choices, default=Verdict.NONE, blank=True)
    finding = models.TextField(default="", blank=True)  # what is wrong, or why it was not shown, in sentences

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal_id", "number"], name="speed_seen_round_once_per_deal"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="speed_seen_round_verdict_known"),
        ]
        indexes = [
            models.Index(fields=["at"], name="speed_seen_round_oldest_first"),
            models.Index(fields=["at"], condition=Q(verdict="") & ~Q(salt=""), name="speed_seen_round_to_audit"),
        ]

    def __str__(self) -> str:
        return f"round {self.number} of {self.deal_id}"
