from django.db import models
from django.db.models import Q

from wallet.domain.money import Asset
from wallet.models.channel import Channel
from wallet.models.whole import Whole


class HubKey(models.Model):
    """A public key by which this install's hub signs, as its signer has said. The newest counts. Never changed."""

    network = models.CharField(max_length=8)
    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    key = models.CharField(max_length=66)  # 33 bytes, hex
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["network", "asset", "-id"], name="wallet_hub_key_newest_first")]

    def __str__(self) -> str:
        return f"hub key {self.key[:10]}…"


class HubRules(models.Model):
    """What the hub takes for its work, as an operator has set it; the newest row holds. Never changed."""

    at = models.DateTimeField()
    actor_id = models.BigIntegerField()  # no foreign key: this line outlives the actor
    actor_name = models.CharField(max_length=150)
    reason = models.CharField(max_length=200)
    fee_ppm = models.IntegerField()  # of what is redeemed from channels that open from now on
    key_hash = models.BinaryField(max_length=16, unique=True)  # of the form, so that a double click acts once

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(fee_ppm__gte=0, fee_ppm__lte=1_000_000), name="wallet_hub_fee")
        ]

    def __str__(self) -> str:
        return f"hub rules of {self.at:%Y-%m-%d %H:%M}"


class ReceiptVersion(models.Model):
    """What a channel holds from some moment on, and the hub's receipt of it: its signature comes later, and once."""

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="receipts")
    number = models.IntegerField()  # from 1, by opening and each top-up one more
    adds_ubtt = models.BigIntegerField()  # that this version put in: what the daily limit of the payer's key counts
    amount_ubtt = models.BigIntegerField()
    expires_at = models.DateTimeField()
    made_at = models.DateTimeField()
    receipt = models.BinaryField(max_length=235, null=True)  # 170 bytes and the hub's signature
    signed_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, default="", blank=True)  # why the signer will never sign it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "number"], name="wallet_receipt_version_once"),
            models.CheckConstraint(condition=Whole("adds_ubtt", "amount_ubtt"), name="wallet_receipt_whole"),
        ]
        indexes = [
            models.Index(fields=["made_at"], name="wallet_receipt_made"),
            models.Index(fields=["id"], condition=Q(receipt__isnull=True, trouble=""), name="wallet_receipt_unsigned"),
        ]

    def __str__(self) -> str:
        return f"receipt {self.channel_id}/{self.number}"


class HubCall(models.Model):
    """A call that changed something, under its caller's key: the same again is answered as before.

    Kept for days, and for an hour if it was refused.
    """

    caller = models.CharField(max_length=66)  # Speed key
    key = models.CharField(max_length=64)
    body_hash = models.BinaryField(max_length=32)
    code = models.CharField(max_length=24, default="", blank=True)  # why it was refused; "": it was not
    text = models.CharField(max_length=300, default="", blank=True)
    about = models.CharField(max_length=64, default="", blank=True)  # the channel or account that came of it
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="wallet_hub_call_once")]
        indexes = [
            models.Index(fields=["caller", "id"], condition=Q(code__gt=""), name="wallet_hub_call_refused"),
            models.Index(fields=["at"], condition=Q(code__gt=""), name="wallet_hub_call_refused_at"),
        ]

    def __str__(self) -> str:
        return f"hub call {self.key}"


class HubNonce(models.Model):
    """A nonce that somebody has signed a request with. Kept for as long as its request's time could pass."""

    caller = models.CharField(max_length=66)
    nonce = models.BinaryField(max_length=16)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "nonce"], name="wallet_hub_nonce_once")]

    def __str__(self) -> str:
        return f"nonce of {self.caller[:10]}…"


class HubOffer(models.Model):
    """Where a node says to sell a private torrent, for half an hour."""

    caller = models.CharField(max_length=66)
    offer_key = models.BinaryField(max_length=32)  # a hash that only who has the torrent file can make
    address = models.GenericIPAddressField()
    port = models.IntegerField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "offer_key"], name="wallet_hub_offer_once"),
            models.CheckConstraint(condition=Q(port__gte=1, port__lte=65_535), name="wallet_hub_offer_port"),
        ]
        indexes = [models.Index(fields=["offer_key"], name="wallet_hub_offer_key")]

    def __str__(self) -> str:
        return f"offer of {self.caller[:10]}…"
