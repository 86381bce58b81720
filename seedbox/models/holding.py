from django.conf import settings
from django.db import models

from seedbox.models.torrent import Torrent


class Holding(models.Model):
    """A user's claim on a torrent, and what that user wants of it (the wish)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="holdings")
    torrent = models.ForeignKey(Torrent, on_delete=models.PROTECT, related_name="holdings")
    name = models.TextField(default="", blank=True)  # the magnet's own name, shown until the metadata is known
    runs = models.BooleanField(default=True)
    trackers = models.JSONField(default=list)  # announce URLs this user brought; others never see them
    peers = models.JSONField(default=list)  # "IP:PORT" this user brought
    added_at = models.DateTimeField()
    uploaded_before_bytes = models.BigIntegerField(default=0)  # of the torrent's counters when this holding began
    downloaded_before_bytes = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "torrent"], name="holding_once_per_user")]
        indexes = [models.Index(fields=["user", "-added_at", "-id"], name="holding_newest_first")]

    def __str__(self) -> str:
        return f"holding {self.pk}"
