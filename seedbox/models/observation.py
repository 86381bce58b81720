from django.db import models

from seedbox.domain.states import State
from seedbox.models.torrent import Torrent


class Observation(models.Model):
    """What its node last saw of a torrent, and how far it has carried out the wishes. Written by that node only."""

    torrent = models.OneToOneField(Torrent, on_delete=models.CASCADE, primary_key=True, related_name="observation")
    applied_version = models.BigIntegerField(default=0)  # the Torrent.wish_version that was carried out
    rechecked_count = models.IntegerField(default=0)  # the Torrent.recheck_count that was carried out
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.WAITING)
    done_bytes = models.BigIntegerField(default=0)
    wanted_bytes = models.BigIntegerField(default=0)
    downloaded_bytes = models.BigIntegerField(default=0)
    uploaded_bytes = models.BigIntegerField(default=0)
    down_bytes_per_s = models.BigIntegerField(default=0)
    up_bytes_per_s = models.BigIntegerField(default=0)
    peers = models.IntegerField(default=0)
    seeds = models.IntegerField(default=0)
    checked_ppm = models.IntegerField(default=0)
    error = models.TextField(default="", blank=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"observation of torrent {self.pk}"
