from django.db import models

from seedbox.models.torrent import Torrent


class LogEntry(models.Model):
    """One sentence of a torrent's log. A holder sees those since the holding began."""

    torrent = models.ForeignKey(Torrent, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    level = models.CharField(max_length=8)  # info | warning | error
    text = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["torrent", "-at"], name="log_newest_first")]

    def __str__(self) -> str:
        return self.text
