from django.db import models
from django.db.models import Q

from wallet.models.account import Account


class SpeedKey(models.Model):
    """A node's Speed key at an account: it may spend from there up to a daily limit, or earn for it, or both.

    Many accounts may bind one key; it earns for one only. What a binding says stays; a new one takes its place.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="speed_keys")
    key = models.CharField(max_length=66)  # 33 bytes, hex
    daily_limit_ubtt = models.BigIntegerField()  # opened and topped up within any 24 hours; 0: it spends nothing
    earns = models.BooleanField()
    bound_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "key"], condition=Q(revoked_at__isnull=True), name="wallet_speed_key_once"
            ),
            models.UniqueConstraint(
                fields=["key"], condition=Q(revoked_at__isnull=True, earns=True), name="wallet_speed_key_earns_once"
            ),
            models.CheckConstraint(condition=Q(daily_limit_ubtt__gte=0), name="wallet_speed_key_limit"),
        ]
        indexes = [models.Index(fields=["key"], name="wallet_speed_key")]

    def __str__(self) -> str:
        return f"{self.key[:10]}… at account {self.account_id}"


class PairingCode(models.Model):
    """A code by which a node that knows it binds its Speed key to an account: once, within ten minutes."""

    digest = models.BinaryField(max_length=32, unique=True)  # of the code, which nobody can read here
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="pairing_codes")
    most_ubtt = models.BigIntegerField()  # the highest daily limit that the node may ask for; 0: it only earns
    earns = models.BooleanField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"pairing code {self.pk}"
