"""Sums over time that are kept, so that a year is read as fast as a day."""

from django.db import models
from django.db.models import Q

from wallet.domain.kinds import TransferKind
from wallet.domain.spans import Span
from wallet.models.account import Account
from wallet.models.whole import Whole


class RollupCursor(models.Model):
    """Up to which transfer kept sums go. Moved in the transaction that adds to them, and by nothing else."""

    name = models.CharField(max_length=16, primary_key=True)  # of the sums
    last_id = models.BigIntegerField(default=0)  # every transfer up to it is in them, and no other
    begun = models.IntegerField(default=1)  # how often they were begun from nothing
    moved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Whole("last_id"), name="wallet_rollup_cursor_whole"),
            models.CheckConstraint(condition=Q(last_id__gte=0), name="wallet_rollup_cursor_not_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.name} up to transfer {self.last_id}"


class KindRollup(models.Model):
    """What went in and out of one user's money for one reason within one hour, day or month of UTC.

    `wallet.services.flows` says what is counted. Without foreign keys in the database: accounts are never deleted.
    """

    account = models.ForeignKey(
        Account, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    span = models.SmallIntegerField(choices=[(span.value, span.name.lower()) for span in Span])
    begins_at = models.DateTimeField()
    kind = models.SmallIntegerField(choices=[(kind.value, kind.label) for kind in TransferKind])
    in_ubtt = models.BigIntegerField()
    out_ubtt = models.BigIntegerField()
    entries = models.BigIntegerField()
    last_id = models.BigIntegerField()  # the newest transfer in it: nothing older is ever added

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "span", "begins_at", "kind"], name="wallet_kind_rollup_once"),
            models.CheckConstraint(
                condition=Whole("in_ubtt", "out_ubtt", "entries", "last_id"), name="wallet_kind_rollup_whole"
            ),
            models.CheckConstraint(
                condition=Q(in_ubtt__gte=0, out_ubtt__gte=0, entries__gte=1), name="wallet_kind_rollup_not_below_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{TransferKind(self.kind).label} of account {self.account_id} from {self.begins_at}"
