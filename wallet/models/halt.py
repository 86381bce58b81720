from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class HaltReason(models.TextChoices):
    RECONCILIATION = "reconciliation", _("The chain and the books differ")
    OUTGOING = "outgoing", _("Money left that no withdrawal explains")
    AUDIT = "audit", _("The audit found something")
    ENDPOINTS = "endpoints", _("The chain endpoints disagree")
    NETWORK = "network", _("An endpoint is on another network, or its chain went backwards")
    LAG = "lag", _("The chain is not being read")
    LIED = "lied", _("An endpoint has lied")
    SIGNER = "signer", _("The signer is in doubt of itself")
    OPERATOR = "operator", _("An operator has stopped withdrawals")


class Halt(models.Model):
    """Withdrawals stand still for a reason until a person lifts it. What it says is never changed; lifting adds to it.

    One of a reason at a time: while it stands, the same finding again says nothing new.
    """

    reason = models.CharField(max_length=14, choices=HaltReason.choices)
    detail = models.CharField(max_length=600)  # names the rows
    halted_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by_id = models.BigIntegerField(null=True)  # no foreign key: this line outlives the actor
    lifted_by_name = models.CharField(max_length=150, default="", blank=True)
    lifted_why = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reason"], condition=Q(lifted_at=None), name="wallet_halt_one_of_reason"),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by_id=None, lifted_by_name="", lifted_why="")
                | Q(lifted_at__isnull=False, lifted_by_id__isnull=False, lifted_why__gt=""),
                name="wallet_halt_lifted_by_a_person",
            ),
        ]
        indexes = [models.Index(fields=["-halted_at", "-id"], name="wallet_halt_newest_first")]

    def __str__(self) -> str:
        return f"halt {self.pk}: {self.reason}"
