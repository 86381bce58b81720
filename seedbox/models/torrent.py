from django.db import models
from django.db.models import Q

from seedbox.models.node import Node


class Torrent(models.Model):
    """One info-hash on one node. Written by services only; what its node sees of it is its Observation."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="torrents")
    key = models.CharField(
        max_length=64
    )  # hex info-hash under which it first came (v1 if known, else v2); never changes
    # A magnet's row has one hash until metadata has shown that both belong together; a row that was merged into another
    # (services/merging.py) and waits for its removal has none.
    info_hash_v1 = models.CharField(max_length=40, default="", blank=True)
    info_hash_v2 = models.CharField(max_length=64, default="", blank=True)
    name = models.TextField(default="", blank=True)  # "" until the metadata is known
    size_bytes = models.BigIntegerField(default=0)
    piece_length_bytes = models.IntegerField(default=0)
    private = models.BooleanField(default=False)
    magnet = models.TextField(default="", blank=True)  # set if it came by magnet
    save_path = models.TextField()
    created_at = models.DateTimeField()
    wish_version = models.BigIntegerField(default=1)  # goes up with every change of a wish
    recheck_count = models.IntegerField(default=0)  # how often a recheck was asked for, ever
    clear_first = models.BooleanField(default=False)  # earlier holders' files may be left: the node deletes them first

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "key"], name="torrent_key_once_per_node"),
            models.UniqueConstraint(
                fields=["node", "info_hash_v1"], condition=~Q(info_hash_v1=""), name="torrent_v1_once_per_node"
            ),
            models.UniqueConstraint(
                fields=["node", "info_hash_v2"], condition=~Q(info_hash_v2=""), name="torrent_v2_once_per_node"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.key

    @property
    def has_metadata(self) -> bool:
        return self.piece_length_bytes > 0


class Metadata(models.Model):
    """The torrent file, apart from its Torrent so that lists never load it by accident."""

    torrent = models.OneToOneField(Torrent, on_delete=models.CASCADE, primary_key=True, related_name="metadata")
    torrent_file = models.BinaryField()

    def __str__(self) -> str:
        return f"metadata of torrent {self.pk}"
