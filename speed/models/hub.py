from django.db import models
from django.db.models import Q


class Hub(models.Model):
    """A hub that the operator trusts with money, our own or another install's. Peers never add one."""

    hub_id = models.CharField(max_length=40, unique=True)  # 20 bytes, hex
    hub_key = models.CharField(max_length=66, default="", blank=True)  # 33 bytes, hex; "" until it has told it
    url = models.CharField(max_length=300, default="", blank=True)  # where its /hub/1 is; "" is our own hub
    name = models.CharField(max_length=60, default="", blank=True)
    is_trusted = models.BooleanField(default=True)
    # What it may owe us in vouchers that we have not redeemed yet; more is redeemed at once.
    exposure_limit_ubtt = models.BigIntegerField(default=100_000_000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["url"], condition=Q(url=""), name="speed_hub_one_is_our_own"),
            models.CheckConstraint(condition=Q(exposure_limit_ubtt__gte=0), name="speed_hub_exposure_not_below_zero"),
        ]

    def __str__(self) -> str:
        return self.name or self.url or self.hub_id
