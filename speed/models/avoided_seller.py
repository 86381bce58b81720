from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Cause(models.TextChoices):
    """What a seller has done."""

    WRONG_ROUND = "wrong_round", _("A round of its was wrong")
    STARVES_UNPAID = "starves_unpaid", _("It serves less than a free peer while it is not paid")


class AvoidedSeller(models.Model):
    """A seller that was found to cheat: nobody of this box bids for what it sells until then."""

    peer_key = models.CharField(max_length=66, primary_key=True)  # its Speed key, hex
    cause = models.CharField(max_length=14, choices=Cause.choices)
    text = models.TextField()  # what was found, in a sentence
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(cause__in=Cause.values), name="speed_avoided_seller_cause_known"),
        ]

    def __str__(self) -> str:
        return f"avoided seller {self.peer_key[:10]}"
