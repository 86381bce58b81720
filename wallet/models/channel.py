from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from wallet.models.account import Account
from wallet.models.whole import Whole


class ChannelEnd(models.TextChoices):
    CLOSED = "closed", _("Closed by the payee")
    EXPIRED = "expired", _("Expired")


class Channel(models.Model):
    """The money of one deal, from a payer to a payee: an account, with what its transfers add up to."""

    id = models.CharField(max_length=32, primary_key=True)  # 16 bytes, hex
    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="channel")
    payer = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="channels_out")
    payee = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="channels_in")
    payer_key = models.CharField(max_length=66)  # the payer's Speed key, 33 bytes, hex
    payee_key = models.CharField(max_length=66)
    amount_ubtt = models.BigIntegerField()  # opened with and topped up; never less
    redeemed_ubtt = models.BigIntegerField(default=0)  # cumulative, fees included
    fee_ppm = models.IntegerField()  # of what is redeemed, as it was when the channel opened
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    end = models.CharField(max_length=8, choices=ChannelEnd.choices, default="", blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Whole("amount_ubtt", "redeemed_ubtt"), name="wallet_channel_whole"),
            models.CheckConstraint(
                condition=Q(redeemed_ubtt__gte=0, redeemed_ubtt__lte=F("amount_ubtt"), amount_ubtt__gte=1),
                name="wallet_channel_redeems_what_it_has",
            ),
            models.CheckConstraint(condition=Q(fee_ppm__gte=0, fee_ppm__lte=1_000_000), name="wallet_channel_fee"),
            models.CheckConstraint(condition=~Q(payer=F("payee")), name="wallet_channel_sides_differ"),
            models.CheckConstraint(
                condition=Q(end="", ended_at__isnull=True) | Q(end__gt="", ended_at__isnull=False),
                name="wallet_channel_ended_at",
            ),
        ]
        indexes = [
            models.Index(fields=["payer", "-opened_at"], name="wallet_channel_of_payer"),
            models.Index(fields=["payer"], condition=Q(end=""), name="wallet_channel_open_of_payer"),
            models.Index(fields=["payer_key"], name="wallet_channel_payer_key"),
            models.Index(fields=["payee_key"], name="wallet_channel_payee_key"),
        ]

    def __str__(self) -> str:
        return f"channel {self.pk}"
