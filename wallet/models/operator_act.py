from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallet.models.account import Account


class ActKind(models.TextChoices):
    GRANTED = "granted", _("Granted")
    FROZE = "froze", _("Froze")
    THAWED = "thawed", _("Thawed")
    ADJUSTED = "adjusted", _("Adjusted")
    REVERSED = "reversed", _("Reversed")
    APPROVED = "approved", _("Approved a withdrawal of")
    REJECTED = "rejected", _("Rejected a withdrawal of")
    RULED = "ruled", _("Changed the rules of withdrawals")
    STOPPED = "stopped", _("Stopped withdrawals")
    LIFTED = "lifted", _("Lifted a halt")
    BOOKED = "booked", _("Booked a payment that the books lacked")


class OperatorAct(models.Model):
    """What an operator did to somebody's money, or to all that leaves, and why. Never changed."""

    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=ActKind.choices)
    actor_id = models.BigIntegerField()  # no foreign key: this line outlives the actor
    actor_name = models.CharField(max_length=150)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="acts")
    transfer_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200)
    # Of the form that asked for it, so that a double click acts once. Always set; null and the condition below only
    # keep SQLite from making the table anew, which would drop its triggers.
    key_hash = models.BinaryField(max_length=16, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key_hash"], condition=Q(key_hash__isnull=False), name="wallet_act_key_once"
            )
        ]
        indexes = [models.Index(fields=["-at", "-id"], name="wallet_act_newest_first")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.kind}"
