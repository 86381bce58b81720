"""What users earned and spent over time, by torrent and by node: sums that are kept."""

from django.db import models
from django.db.models import Q

from wallet.domain.money import Asset
from wallet.domain.spans import Span


class TradedTorrent(models.Model):
    """A torrent of a node that was traded, with the name that it had when its newest deal began.

    Node, key and name are empty for what was traded by nodes of other installs.
    """

    node_name = models.CharField(max_length=40, blank=True)
    torrent_key = models.CharField(max_length=64, blank=True)
    label = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node_name", "torrent_key"], name="speed_traded_torrent_once"),
        ]

    def __str__(self) -> str:
        return self.label or self.torrent_key


class TradeRollup(models.Model):
    """What one user earned and spent within one hour, day or month of UTC."""

    user_id = models.BigIntegerField()  # no foreign key: what was traded outlives its user
    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    span = models.SmallIntegerField(choices=[(span.value, span.name.lower()) for span in Span])
    begins_at = models.DateTimeField()
    earned_ubtt = models.BigIntegerField()
    spent_ubtt = models.BigIntegerField()
    entries = models.BigIntegerField()  # transfers
    last_id = models.BigIntegerField()  # the newest transfer in it: nothing older is ever added

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(earned_ubtt__gte=0, spent_ubtt__gte=0, entries__gte=1),
                name="speed_%(class)s_not_below_zero",
            ),
        ]

    def __str__(self) -> str:
        return f"trades of user {self.user_id} from {self.begins_at}"


class TorrentRollup(TradeRollup):
    """By torrent."""

    torrent = models.ForeignKey(TradedTorrent, on_delete=models.PROTECT, related_name="rollups", db_index=False)

    class Meta(TradeRollup.Meta):
        abstract = False
        constraints = [
            *TradeRollup.Meta.constraints,
            models.UniqueConstraint(
                fields=["user_id", "asset", "span", "begins_at", "torrent"], name="speed_torrent_rollup_once"
            ),
        ]
        # A year of the few that have a name in a chart, among thousands.
        indexes = [
            models.Index(
                fields=["user_id", "asset", "span", "torrent", "begins_at"], name="speed_torrent_rollup_course"
            ),
        ]


class NodeRollup(TradeRollup):
    """By node: also the sum over all torrents of few rows."""

    node_name = models.CharField(max_length=40, blank=True)

    class Meta(TradeRollup.Meta):
        abstract = False
        constraints = [
            *TradeRollup.Meta.constraints,
            models.UniqueConstraint(
                fields=["user_id", "asset", "span", "begins_at", "node_name"], name="speed_node_rollup_once"
            ),
        ]
