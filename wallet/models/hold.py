from django.db import models
from django.db.models import Q

from wallet.domain.items import HoldEnd, HoldPurpose
from wallet.domain.money import MAX_AMOUNT_UBTT
from wallet.models.account import Account
from wallet.models.whole import Whole


class Hold(models.Model):
    """An amount reserved on an account. Never changed: how it ended is a row of its own."""

    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="holds")
    amount_ubtt = models.BigIntegerField()
    purpose = models.SmallIntegerField(choices=[(purpose.value, purpose.name.lower()) for purpose in HoldPurpose])
    cause = models.CharField(max_length=120)
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Whole("amount_ubtt"), name="wallet_hold_whole"),
            models.CheckConstraint(
                condition=Q(amount_ubtt__gte=1, amount_ubtt__lte=MAX_AMOUNT_UBTT), name="wallet_hold_amount"
            ),
            models.CheckConstraint(
                condition=Q(purpose=HoldPurpose.WITHDRAWAL.value) | Q(expires_at__isnull=False),
                name="wallet_hold_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk}"


class EndedHold(models.Model):
    """How a hold ended, which it does once. Never changed."""

    hold = models.OneToOneField(Hold, on_delete=models.DO_NOTHING, primary_key=True, related_name="ended")
    end = models.SmallIntegerField(choices=[(end.value, end.label) for end in HoldEnd])
    posted_ubtt = models.BigIntegerField(default=0)  # the rest has returned
    transfer_id = models.BigIntegerField(null=True)  # that posted it
    ended_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Whole("posted_ubtt"), name="wallet_ended_hold_whole"),
            models.CheckConstraint(
                condition=Q(end=HoldEnd.POSTED.value, posted_ubtt__gte=1, transfer_id__isnull=False)
                | Q(end__in=[HoldEnd.VOIDED.value, HoldEnd.EXPIRED.value], posted_ubtt=0, transfer_id__isnull=True),
                name="wallet_ended_hold_posted_something",
            ),
        ]

    def __str__(self) -> str:
        return f"end of hold {self.pk}"
