from django.db import models


class Quote(models.Model):
    """What one seller last said of one torrent to one node."""

    node_name = models.CharField(max_length=40)
    torrent_key = models.CharField(max_length=64)
    peer_key = models.CharField(max_length=66)
    place = models.CharField(max_length=50)
    endpoint = models.CharField(max_length=60)
    ask_ubtt_per_gib = models.BigIntegerField()
    last_price_ubtt_per_gib = models.BigIntegerField()  # 0: there was no round yet
    for_sale_bytes_per_s = models.BigIntegerField()
    bidders = models.BigIntegerField()
    free_share_ppm = models.IntegerField()
    seen_at = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["node_name", "torrent_key", "peer_key"], name="speed_quote_once_per_seller"
            ),
        ]
        indexes = [models.Index(fields=["seen_at"], name="speed_quote_oldest_first")]

    def __str__(self) -> str:
        return f"quote of {self.peer_key[:8]} for {self.torrent_key}"


class Curiosity(models.Model):
    """Somebody looks at what a torrent would cost: its node asks sellers until then, whether there is a bid or not."""

    node_name = models.CharField(max_length=40)
    torrent_id = models.BigIntegerField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node_name", "torrent_id"], name="speed_curiosity_once_per_torrent"),
        ]
        verbose_name_plural = "curiosities"

    def __str__(self) -> str:
        return f"curiosity about torrent {self.torrent_id}"
