from django.db import models

from seedbox.models.torrent import Torrent


class File(models.Model):
    """One file of a torrent; pad files have no row."""

    torrent = models.ForeignKey(Torrent, on_delete=models.CASCADE, related_name="files")
    index = models.IntegerField()  # in the torrent's own list
    path = models.TextField()  # below Torrent.save_path, with "/"
    size_bytes = models.BigIntegerField()
    done_bytes = models.BigIntegerField(default=0)  # written by the node; equals size_bytes once flushed to disk

    class Meta:
        constraints = [models.UniqueConstraint(fields=["torrent", "index"], name="file_index_once_per_torrent")]
        ordering = ["index"]

    def __str__(self) -> str:
        return self.path

    @property
    def is_complete(self) -> bool:
        return self.done_bytes >= self.size_bytes
