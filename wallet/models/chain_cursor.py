from django.db import models
from django.db.models import F, Q

from wallet.models.whole import Whole


class ChainCursor(models.Model):
    """How far the solid blocks of a network have been read, without a gap. Moved together with what it brought."""

    network = models.CharField(max_length=8, primary_key=True)
    genesis_id = models.CharField(max_length=64)
    first_height = models.BigIntegerField()  # the block it began after; what lies before is nobody's
    height = models.BigIntegerField()
    block_id = models.CharField(max_length=64)
    block_at = models.DateTimeField()  # the chain's time, from the block's header
    moved_at = models.DateTimeField()
    # TRC-20 units below 1 µBTT that credited deposits have left over; a whole µBTT goes to the account ROUNDING.
    carry_units = models.BigIntegerField(default=0)
    # What was seen when somebody last looked; behind these nothing is credited.
    head_height = models.BigIntegerField(default=0)
    solid_height = models.BigIntegerField(default=0)  # the highest ever: going backwards is an alarm
    block_ms = models.IntegerField(default=3_000)  # between two of the newest blocks
    looked_at = models.DateTimeField(null=True)
    endpoints = models.JSONField(default=list, blank=True)  # how each was at the last look: name, ok, problem, heights
    reconciled_height = models.BigIntegerField(null=True)
    reconciled_at = models.DateTimeField(null=True)  # when the chain was held against the books last
    # Where an endpoint says otherwise than the blocks: "ADDRESS UNIT" -> by how much, and since when.
    doubts = models.JSONField(default=dict, blank=True)
    trouble = models.CharField(max_length=300, default="", blank=True)  # why the last step came no further
    trouble_since = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Whole("height", "first_height", "carry_units"), name="wallet_cursor_whole"
            ),
            models.CheckConstraint(condition=Q(height__gte=F("first_height")), name="wallet_cursor_goes_on"),
            models.CheckConstraint(
                condition=Q(carry_units__gte=0, carry_units__lt=10**12), name="wallet_cursor_carry_below_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.network} at {self.height}"
