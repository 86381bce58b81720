from django.db import models
from django.db.models import Q

from speed.domain.bounds import LEAST_FREE_SHARE_PPM
from speed.domain.messages import MAX_PRICE_UBTT_PER_GIB, MIN_PRICE_UBTT_PER_GIB, PPM


class Market(models.Model):
    """How one node takes part in the market: what its operator has decided. A node without a row takes no part."""

    node_name = models.CharField(max_length=40, primary_key=True)
    sells = models.BooleanField(default=False)
    ask_ubtt_per_gib = models.BigIntegerField(default=20_000_000)
    free_share_ppm = models.IntegerField(default=LEAST_FREE_SHARE_PPM)  # of the upload limit, for everybody
    upload_limit_bytes_per_s = models.BigIntegerField(default=0)  # 0: nobody has said, and nothing can be sold
    buys = models.BooleanField(default=False)  # whether this node's users may bid through it
    offers_version = models.BigIntegerField(default=0)  # grows whenever one of its offers has changed
    dials_local = models.BooleanField(default=False)  # also sellers in private networks, as on a test bench

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ask_ubtt_per_gib__range=(MIN_PRICE_UBTT_PER_GIB, MAX_PRICE_UBTT_PER_GIB)),
                name="speed_market_ask_within_bounds",
            ),
            models.CheckConstraint(
                condition=Q(free_share_ppm__range=(LEAST_FREE_SHARE_PPM, PPM)),
                name="speed_market_leaves_a_free_share",
            ),
            models.CheckConstraint(
                condition=Q(upload_limit_bytes_per_s__gte=0), name="speed_market_upload_limit_not_below_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"market of {self.node_name}"
