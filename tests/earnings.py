"""Earnings as hubs pay them out, on the real ledger: for tests of what is read from them."""

from datetime import datetime

from django.db.models import F

from seedbox.models import Node
from speed.models import SellingDeal
from speed.services import settlement
from speed.services.settlement import Paid
from tests.ledger import ASSET, TREASURY, transfer
from wallet.domain.accounts import earnings_account
from wallet.domain.kinds import TransferKind
from wallet.services import ledger


def pay_out(deal: SellingDeal, amount_ubtt: int, *, at: datetime) -> None:
    """Let a deal bring so much more, out of the treasury instead of a channel, and be shared among the holders."""
    node_id = Node.objects.get(name=deal.node_name).pk
    earnings = earnings_account(ASSET, node_id)
    SellingDeal.objects.filter(pk=deal.pk).update(amount_ubtt=F("amount_ubtt") + amount_ubtt)
    deal.refresh_from_db()
    ledger.store().open_accounts([earnings], now=at)
    brought = transfer(TREASURY, earnings, amount_ubtt, kind=TransferKind.ADJUSTMENT)
    assert ledger.post_one(brought, now=at).is_done
    settlement.book(Paid(deal.deal_id, deal.redeemed_ubtt + amount_ubtt), node_id=node_id, is_own_hub=True, now=at)
