from django.db import models
from django.db.models import F, Q


class WithdrawalRules(models.Model):
    """How much may be withdrawn and what it costs, as an operator has set it; the newest row holds. Never changed."""

    at = models.DateTimeField()
    actor_id = models.BigIntegerField()  # no foreign key: this line outlives the actor
    actor_name = models.CharField(max_length=150)
    reason = models.CharField(max_length=200)
    least_ubtt = models.BigIntegerField()  # of one withdrawal
    most_ubtt = models.BigIntegerField()
    user_hour_ubtt = models.BigIntegerField()  # of one user within any hour
    user_day_ubtt = models.BigIntegerField()
    all_hour_ubtt = models.BigIntegerField()  # of all users together
    all_day_ubtt = models.BigIntegerField()
    approval_above_ubtt = models.BigIntegerField()  # what is more than this waits for an admin who did not ask for it
    address_wait_s = models.IntegerField()  # before a new address can be used
    flat_fee_ubtt = models.BigIntegerField()
    ubtt_per_trx = models.BigIntegerField()  # what a user pays for each TRX that the network burns
    reserve_sun = models.BigIntegerField()  # TRX that must be on the hot address, or nothing is accepted
    key_hash = models.BinaryField(max_length=16, unique=True)  # of the form, so that a double click acts once

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    least_ubtt__gte=1,
                    most_ubtt__gte=F("least_ubtt"),
                    flat_fee_ubtt__gte=0,
                    ubtt_per_trx__gte=0,
                    reserve_sun__gte=0,
                    address_wait_s__gte=0,
                ),
                name="wallet_rules_make_sense",
            ),
        ]

    def __str__(self) -> str:
        return f"rules of {self.at:%Y-%m-%d %H:%M}"


class WithdrawalDesk(models.Model):
    """What the driver of withdrawals saw when it last looked; one row."""

    looked_at = models.DateTimeField()
    waits_because = models.CharField(max_length=300, default="", blank=True)  # why nothing of the queue is sent
    hot_sun = models.BigIntegerField(null=True)  # what the address that pays has; unknown at first
    hot_ubtt = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return "the desk"
