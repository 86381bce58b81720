"""Earnings: what hubs have paid out for deals, and its way to the holders of what was sold.

Vouchers to a node of ours are paid, on our own hub, to an account of that node's earnings. Each time something came in
for a deal, it is split in equal shares among those who hold the torrent now; what does not divide waits there, on the
deal's line, until it does. What is earned at a foreign hub stays there, with the operator.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db.models import F

from seedbox.services import market_facts
from speed.models import SellingDeal
from wallet.domain.accounts import AccountKind, AccountName, earnings_account, own_account, user_account
from wallet.domain.items import Transfer
from wallet.domain.kinds import TransferKind
from wallet.domain.rounding import equal_shares, fee_of
from wallet.services import ledger
from wallet.services.install import market_asset

BOOKED = ("redeemed_ubtt", "redeemed_at", "earned_ubtt", "shared_ubtt", "is_closed", "state", "ended_at")
SWEPT_AT_ONCE = 100


@dataclass(frozen=True)
class Paid:
    """What a hub has paid out of one channel so far, and whether it has ended it."""

    deal_id: str
    redeemed_ubtt: int
    is_closed: bool = False


logger = logging.getLogger(__name__)


def book(paid: Paid, *, node_id: int, is_own_hub: bool, now: datetime) -> None:
    """Write down what was paid for a deal, and share it. The same again changes nothing. Raises LedgerBusy."""

    def work() -> None:
        deal = SellingDeal.objects.select_for_update().filter(deal_id=paid.deal_id).first()
        if deal is None:
            return
        if paid.redeemed_ubtt > deal.redeemed_ubtt:
            deal.redeemed_ubtt, deal.redeemed_at = paid.redeemed_ubtt, now
            deal.earned_ubtt = paid.redeemed_ubtt - fee_of(paid.redeemed_ubtt, deal.fee_ppm)
        if paid.is_closed:
            deal.is_closed, deal.state, deal.ended_at = True, "closed", deal.ended_at or now
        if is_own_hub:
            _share(deal, node_id=node_id, now=now)
        deal.save(update_fields=BOOKED)

    ledger.whole(work)


def share_rest(node_name: str, *, node_id: int, after: int, now: datetime) -> int:
    """Share what waits in deals that are over, for instance since an account was frozen; return where to go on.

    Looks at some deals only, the oldest behind the one with the number `after`; 0 begins anew. Raises LedgerBusy.
    """
    waiting = SellingDeal.objects.filter(node_name=node_name, on_own_hub=True, is_closed=True, pk__gt=after)
    waiting = waiting.filter(earned_ubtt__gt=F("shared_ubtt")).order_by("pk")
    some = list(waiting.values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    for pk in some:
        ledger.whole(partial(_share_again, pk, node_id, now))
    return some[-1] if len(some) == SWEPT_AT_ONCE else 0


def _share_again(pk: int, node_id: int, now: datetime) -> None:
    deal = SellingDeal.objects.select_for_update().get(pk=pk)
    _share(deal, node_id=node_id, now=now, wish=f"again-{int(now.timestamp())}/")
    deal.save(update_fields=["shared_ubtt"])


def _share(deal: SellingDeal, *, node_id: int, now: datetime, wish: str = "") -> None:
    """Move what divides among the holders, all of it or nothing; where nobody is left, to the operator.

    What the ledger refuses, for an operator has frozen the account, is shared with what comes in next, or by the sweep.
    It keeps its refusals under their keys, so that each try is another `wish`.
    """
    asset = market_asset()
    holders = market_facts.holders(node_name=deal.node_name, key=deal.torrent_key)
    receivers = [user_account(asset, user_id) for user_id in holders] or [own_account(asset, AccountKind.TREASURY)]
    share_ubtt = equal_shares(deal.rounding_ubtt, len(receivers))
    if not share_ubtt:
        return
    items = list(_items(deal, earnings_account(asset, node_id), receivers, share_ubtt, now, wish))
    ledger.store().open_accounts([item.credit for item in items], now=now)
    outcomes = ledger.post(items, now=now)
    if all(outcome.is_done for outcome in outcomes):
        deal.shared_ubtt += share_ubtt * len(receivers)
    else:
        codes = ", ".join(outcome.code for outcome in outcomes)
        logger.warning("the earnings of deal %s are not shared yet: %s", deal.deal_id, codes)


def _items(
    deal: SellingDeal,
    earnings: AccountName,
    receivers: Sequence[AccountName],
    share_ubtt: int,
    now: datetime,
    wish: str,
) -> Iterator[Transfer]:
    for place, receiver in enumerate(receivers, 1):
        yield Transfer(
            key=f"earning/{deal.deal_id}/{deal.earned_ubtt}-{deal.shared_ubtt}/{wish}{receiver.ref or 'treasury'}",
            debit=earnings,
            credit=receiver,
            amount_ubtt=share_ubtt,
            kind=TransferKind.EARNING,
            cause=f"deal/{deal.deal_id}",
            event_at=now,
            linked=place < len(receivers),
        )
