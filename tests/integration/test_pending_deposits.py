"""Deposits that may still vanish are shown with a time, and never credited."""

from datetime import timedelta

import pytest
from django.db.models import F

from seedbox.models import User
from tests.exchange import BTT, BTTOLD, STRANGER, Exchange, credited
from wallet.chain.port import ChainError
from wallet.domain.money import Asset
from wallet.models import ChainCursor, PendingDeposit
from wallet.services import pending

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

RICH = 5_000 * BTT


@pytest.fixture
def exchange(owner: User) -> Exchange:
    made = Exchange()
    made.fake.solid_lag = 10
    made.scan_all()
    return made


def look(exchange: Exchange) -> int:
    exchange.now += timedelta(seconds=3)
    return pending.look_at_head(exchange.chain, now=exchange.now)


class TestAPendingDeposit:
    def test_is_there_from_its_block_on_until_it_is_credited(self, exchange: Exchange, owner: User) -> None:
        exchange.pay(exchange.address(owner.pk), RICH)
        assert look(exchange) == 0  # in no block yet
        exchange.fake.mine(3)
        assert look(exchange) == 1
        found = PendingDeposit.objects.get()
        first_seen = found.seen_at
        assert (found.user_id, found.amount, found.block_number) == (owner.pk, RICH, 1)
        exchange.fake.mine(4)
        look(exchange)
        assert PendingDeposit.objects.get().seen_at == first_seen
        assert credited(owner.pk) == 0
        exchange.arrive()
        assert not PendingDeposit.objects.exists()
        assert credited(owner.pk) == 5_000_000_000
        assert look(exchange) == 0

    def test_says_when_it_is_expected_to_be_irreversible(self, exchange: Exchange, owner: User) -> None:
        exchange.fake.mine(15)
        exchange.scan_all()
        exchange.pay(exchange.address(owner.pk), RICH)
        exchange.fake.mine()
        look(exchange)
        assert PendingDeposit.objects.get().solid_at - exchange.now == timedelta(seconds=30)  # 10 blocks of 3 s

    def test_is_not_expected_in_years_because_the_first_block_is_as_old(self, exchange: Exchange, owner: User) -> None:
        exchange.fake.mine(block_ms=3 * 365 * 86_400_000)
        exchange.pay(exchange.address(owner.pk), RICH)
        exchange.fake.mine()
        look(exchange)
        assert PendingDeposit.objects.get().solid_at - exchange.now == timedelta(seconds=6)  # 2 blocks of 3 s
        assert exchange.cursor.block_ms == 3_000

    def test_is_gone_when_its_block_is_thrown_away(self, exchange: Exchange, owner: User) -> None:
        dropped = exchange.pay(exchange.address(owner.pk), RICH)
        exchange.fake.mine(2)
        assert look(exchange) == 1
        exchange.fake.reorg(2, drop=[dropped])
        assert look(exchange) == 0
        exchange.arrive()
        assert credited(owner.pk) == 0

    def test_is_asked_for_once_while_its_block_stands(self, exchange: Exchange, owner: User) -> None:
        exchange.pay(exchange.address(owner.pk), RICH)
        exchange.fake.mine()
        assert look(exchange) == 1
        for endpoint in exchange.endpoints:
            endpoint.short_receipts = True  # none can be had any more
        assert look(exchange) == 1
        exchange.pay(exchange.address(owner.pk), RICH)
        exchange.fake.mine()
        with pytest.raises(ChainError):
            look(exchange)

    def test_stays_when_an_endpoint_is_behind_what_was_read(self, exchange: Exchange, owner: User) -> None:
        exchange.pay(exchange.address(owner.pk), RICH)
        exchange.fake.mine()
        look(exchange)
        ChainCursor.objects.update(height=F("height") + 9, head_height=20)
        look(exchange)
        assert PendingDeposit.objects.exists()
        assert exchange.cursor.head_height == 20

    def test_is_seen_for_each_user_and_for_nothing_else(self, exchange: Exchange, owner: User, stranger: User) -> None:
        exchange.pay(exchange.address(owner.pk), RICH)
        exchange.pay(exchange.address(stranger.pk), 3 * BTTOLD, Asset.TRC10)
        exchange.pay(exchange.hot, RICH)
        exchange.pay(STRANGER, RICH)
        exchange.fake.pay_asset(exchange.address(owner.pk), BTTOLD, asset_id=1_002_278)
        exchange.fake.mine()
        look(exchange)
        seen = PendingDeposit.objects.order_by("user_id").values_list("user_id", "asset")
        assert list(seen) == [(owner.pk, Asset.TRC20), (stranger.pk, Asset.TRC10)]
