from django.db import models
from django.db.models import F, Q

from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.money import MAX_AMOUNT_UBTT, Asset
from wallet.models.whole import Whole


class Account(models.Model):
    """A ledger account. Its numbers follow from its transfers and holds, and only the ledger writes them."""

    asset = models.SmallIntegerField(choices=[(asset.value, asset.unit) for asset in Asset])
    kind = models.SmallIntegerField(choices=[(kind.value, kind.label) for kind in AccountKind])
    # The id of the user, channel or bounty, "" for the install's own. No foreign key: the books outlive people.
    ref = models.CharField(max_length=64, default="", blank=True)
    balance_ubtt = models.BigIntegerField(default=0)
    held_ubtt = models.BigIntegerField(default=0)  # of the balance; what is left is available
    version = models.BigIntegerField(default=0)  # how many transfers have touched it
    is_frozen = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Whole("balance_ubtt", "held_ubtt", "version"), name="wallet_account_whole"
            ),
            models.UniqueConstraint(fields=["asset", "kind", "ref"], name="wallet_account_name_once"),
            models.CheckConstraint(
                condition=Q(asset__in=[asset.value for asset in Asset]), name="wallet_account_asset_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in AccountKind]), name="wallet_account_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind=AccountKind.CHAIN.value) | Q(balance_ubtt__gte=F("held_ubtt")),
                name="wallet_account_not_below_zero",
            ),
            models.CheckConstraint(condition=Q(held_ubtt__gte=0), name="wallet_account_held_not_below_zero"),
            models.CheckConstraint(
                condition=Q(balance_ubtt__gte=-MAX_AMOUNT_UBTT, balance_ubtt__lte=MAX_AMOUNT_UBTT),
                name="wallet_account_within_bounds",
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def name(self) -> AccountName:
        return AccountName(Asset(self.asset), AccountKind(self.kind), self.ref)

    @property
    def available_ubtt(self) -> int:
        return self.balance_ubtt - self.held_ubtt
