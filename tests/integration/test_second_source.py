"""What an endpoint says of our addresses is a second opinion: a loss that lasts halts, and nothing else does."""

from datetime import timedelta

import pytest
from django.db.models import F

from seedbox.models import User
from tests.exchange import BTT, SUN, TOKEN, Exchange
from wallet.domain.money import Asset
from wallet.domain.tron.addresses import to_base58
from wallet.models import ChainCursor, HaltReason
from wallet.services import floats, halts, second_source, sweeps

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

RICH = 50_000_000 * BTT


@pytest.fixture
def exchange(owner: User) -> Exchange:
    made = Exchange()
    made.scan_all()
    made.pay(made.hot, 1_000 * SUN, Asset.TRX)
    made.pay(made.address(owner.pk), RICH)
    made.arrive()
    return made


def compare(exchange: Exchange, *, minutes: int = 1) -> None:
    exchange.now += timedelta(minutes=minutes)
    second_source.compare(exchange.chain, now=exchange.now)


class TestASecondOpinion:
    def test_is_the_same_where_all_is_well(self, exchange: Exchange) -> None:
        compare(exchange)
        assert exchange.cursor.doubts == {}

    def test_of_less_halts_when_it_lasts(self, exchange: Exchange) -> None:
        exchange.fake.books.add(exchange.hot, -7, 0)
        compare(exchange)
        compare(exchange, minutes=2)
        assert floats.doubts() == [f"{to_base58(exchange.hot)} has 0.000007 TRX less"]
        assert not halts.is_halted()
        compare(exchange)
        (halt,) = halts.standing()
        assert halt.reason == HaltReason.RECONCILIATION
        assert "has 0.000007 TRX less" in halt.detail

    def test_of_less_for_a_moment_halts_nothing(self, exchange: Exchange) -> None:
        exchange.fake.books.add(exchange.hot, -7, 0)
        compare(exchange)
        exchange.fake.books.add(exchange.hot, 7, 0)
        compare(exchange, minutes=4)
        assert (exchange.cursor.doubts, halts.is_halted()) == ({}, False)

    def test_of_more_is_only_shown(self, exchange: Exchange, owner: User) -> None:
        exchange.fake.books.add(exchange.address(owner.pk), 5, TOKEN)
        compare(exchange)
        compare(exchange, minutes=9)
        assert [doubt[-8:] for doubt in floats.doubts()] == ["BTT more"]
        assert not halts.is_halted()

    def test_of_an_endpoint_behind_what_was_read_counts_for_nothing(self, exchange: Exchange) -> None:
        exchange.fake.books.add(exchange.hot, -7, 0)
        ChainCursor.objects.update(height=F("height") + 50)
        compare(exchange)
        assert exchange.cursor.doubts == {}

    def test_is_not_asked_for_while_something_is_on_its_way(self, exchange: Exchange, owner: User) -> None:
        exchange.fake.books.add(exchange.hot, -7, 0)
        exchange.pay(exchange.address(owner.pk), RICH)
        exchange.fake.mine()
        compare(exchange)
        assert exchange.cursor.doubts == {}
        exchange.arrive()
        sweeps.step(exchange.chain, exchange.signer, now=exchange.now)
        compare(exchange)
        assert exchange.cursor.doubts == {}
