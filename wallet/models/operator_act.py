from django.db import models

from wallet.models.account import Account


class ActKind(models.TextChoices):
    GRANTED = "granted", "Granted"
    FROZE = "froze", "Froze"
    THAWED = "thawed", "Thawed"
    ADJUSTED = "adjusted", "Adjusted"
    REVERSED = "reversed", "Reversed"


class OperatorAct(models.Model):
    """What an operator did to somebody's money, and why. Never changed."""

    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=ActKind.choices)
    actor_id = models.BigIntegerField()  # no foreign key: this line outlives the actor
    actor_name = models.CharField(max_length=150)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="acts")
    transfer_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["-at", "-id"], name="wallet_act_newest_first")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.kind}"
