"""What a node earns, on the real ledger through the own hub: from a buyer's channel to the holders of the torrent."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from seedbox.models import Holding, User
from speed.domain.messages import Withdraw
from speed.models import SellingDeal
from speed.services import earning, settlement
from speed.services.own_hub import OwnHub
from speed.services.settlement import Paid
from tests.builders import NOW, make_user
from tests.ledger import ASSET, BTT, TREASURY, balance, fund, user
from tests.market import HUB_KEY, HUB_PRIVATE_KEY, StubHub
from tests.selling import Buyer, Shop
from wallet.domain.accounts import AccountKind, earnings_account, own_account
from wallet.domain.hub import ChannelState
from wallet.models import Account, HubKey, HubRules, ReceiptVersion
from wallet.services import speed_keys

pytestmark = pytest.mark.django_db
HAS_UBTT, IN_CHANNEL_UBTT = 50 * BTT, 20 * BTT
FEES = own_account(ASSET, AccountKind.FEES)


class Box:
    """A node that sells over its own hub, and a user of the box who buys from it."""

    def __init__(self, *holders: User) -> None:
        HubKey.objects.create(network="devnet", asset=ASSET, key=HUB_KEY.hex(), seen_at=NOW)
        HubRules.objects.create(
            at=NOW, actor_id=1, actor_name="ada", reason="costs", fee_ppm=10_000, key_hash=bytes(16)
        )
        self.shop = Shop(*holders, hub=StubHub())
        self.shop.floor.hub = OwnHub(self.shop.floor.key.public_key.hex(), clock=lambda: self.shop.floor.now)
        self.shop.seller.tick(self.shop.floor.now)  # binds its key to the node's earnings
        self.earnings = earnings_account(ASSET, self.shop.node.pk)

    def buyer(self, payer: User) -> Buyer:
        """Open a channel of the user's money, and return who spends it."""
        buyer = Buyer(1, amount=IN_CHANNEL_UBTT)
        fund(user(payer.pk), HAS_UBTT)
        key = buyer.key.public_key.hex()
        speed_keys.bind_user(payer.pk, key, daily_limit_ubtt=HAS_UBTT, now=NOW)
        channel = OwnHub(key, clock=lambda: self.shop.floor.now).open_channel(
            key="1",
            account=str(payer.pk),
            payee_key=self.shop.floor.key.public_key.hex(),
            amount_ubtt=IN_CHANNEL_UBTT,
            expires_s=3_600,
        )
        assert channel.state is ChannelState.OPENING
        buyer.channel = bytes.fromhex(channel.id)
        receipt = self.shop.terms_of(buyer)
        buyer.receipt = receipt.signed(receipt.sign(HUB_PRIVATE_KEY))
        ReceiptVersion.objects.filter(channel=channel.id).update(receipt=buyer.receipt, signed_at=NOW)
        return buyer


class TestEarnings:
    def test_reach_the_holders_in_equal_shares_to_the_last_micro_unit(
        self, owner: User, stranger: User, settings: Settings, tmp_path: Path
    ) -> None:
        payer, third = make_user("pia"), make_user("theo")
        box = Box(owner, stranger, third)
        buyer = box.buyer(payer)
        box.shop.connect(buyer)
        box.shop.bid(buyer)
        box.shop.run(60, buyer)
        box.shop.hear(buyer, Withdraw(buyer.deal))
        buyer.pay(box.shop)
        box.shop.run(12, buyer)

        deal = box.shop.row(buyer)
        paid = buyer.cumulative
        assert (deal.is_closed, deal.redeemed_ubtt, deal.cumulative_ubtt) == (True, paid, paid)
        assert balance(user(payer.pk)) == HAS_UBTT - paid
        fee = paid * 10_000 // 1_000_000
        assert balance(FEES) == fee
        share = (paid - fee) // 3
        assert [balance(user(holder.pk)) for holder in (owner, stranger, third)] == [share] * 3
        assert balance(box.earnings) == paid - fee - 3 * share == deal.rounding_ubtt
        for holder in (owner, stranger, third):
            told = earning.shelf(holder.pk, now=box.shop.floor.now)
            assert [line.total_ubtt for line in told.lines] == [told.earned.total_ubtt] == [share]
        assert earning.shelf(payer.pk, now=box.shop.floor.now).earned.total_ubtt == 0
        settings.DATA_DIR = tmp_path
        out = io.StringIO()
        call_command("ledger", "audit", stdout=out, stderr=io.StringIO())
        assert out.getvalue().splitlines()[-1] == "everything fits"

    def test_of_a_torrent_that_nobody_holds_any_more_are_the_operators(self, owner: User) -> None:
        box = Box(owner)
        buyer = box.buyer(make_user("pia"))
        box.shop.connect(buyer)
        box.shop.bid(buyer)
        box.shop.run(20, buyer)
        Holding.objects.all().delete()
        box.shop.hear(buyer, Withdraw(buyer.deal))
        buyer.pay(box.shop)
        box.shop.run(12)
        assert balance(user(owner.pk)) == 0
        assert balance(TREASURY) == box.shop.row(buyer).earned_ubtt > 0

    def test_that_could_not_be_shared_at_the_end_are_shared_when_they_can(self, owner: User) -> None:
        box = Box(owner)
        buyer = box.buyer(make_user("pia"))
        box.shop.connect(buyer)
        box.shop.bid(buyer)
        box.shop.run(15, buyer)
        box.shop.hear(buyer, Withdraw(buyer.deal))
        buyer.pay(box.shop)
        Account.objects.filter(kind=AccountKind.EARNINGS).update(is_frozen=True)
        box.shop.run(12)
        deal = box.shop.row(buyer)
        assert deal.is_closed
        assert deal.shared_ubtt == 0
        Account.objects.filter(kind=AccountKind.EARNINGS).update(is_frozen=False)
        box.shop.floor.now += timedelta(minutes=10)
        box.shop.run(1)
        assert balance(user(owner.pk)) == deal.earned_ubtt > 0

    def test_are_booked_once_however_often_the_hub_says_so(self, owner: User) -> None:
        box = Box(owner)
        buyer = box.buyer(make_user("pia"))
        box.shop.connect(buyer)
        box.shop.bid(buyer)
        box.shop.run(20, buyer)
        box.shop.hear(buyer, Withdraw(buyer.deal))
        buyer.pay(box.shop)
        box.shop.run(12)
        has = balance(user(owner.pk))
        for _ in range(3):
            settlement.book(
                Paid(buyer.deal.hex(), buyer.cumulative), node_id=box.shop.node.pk, is_own_hub=True, now=NOW
            )
        assert balance(user(owner.pk)) == has == SellingDeal.objects.get().shared_ubtt > 0
