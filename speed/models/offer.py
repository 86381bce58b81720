from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from speed.domain.messages import MAX_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB


class ForSale(models.TextChoices):
    """Whether a torrent is sold. A private one is sold only when somebody has said so of itself."""

    AS_THE_NODE = "", _("As the node")
    YES = "yes", _("Yes")
    NO = "no", _("No")


class Offer(models.Model):
    """What was decided of one torrent's sale on a node; a torrent without a row follows its node."""

    node_name = models.CharField(max_length=40)
    torrent_key = models.CharField(max_length=64)
    for_sale = models.CharField(max_length=3, choices=ForSale.choices, default=ForSale.AS_THE_NODE, blank=True)
    ask_ubtt_per_gib = models.BigIntegerField(default=0)  # 0: the node's

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node_name", "torrent_key"], name="speed_offer_once_per_torrent"),
            models.CheckConstraint(condition=Q(for_sale__in=ForSale.values), name="speed_offer_for_sale_known"),
            models.CheckConstraint(
                condition=Q(ask_ubtt_per_gib=0)
                | Q(ask_ubtt_per_gib__range=(MIN_PRICE_UBTT_PER_GIB, MAX_PRICE_UBTT_PER_GIB)),
                name="speed_offer_ask_within_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"offer of {self.torrent_key}"
