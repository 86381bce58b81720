"""How often the market of a node writes and reads: the more deals, quotes and offers, the less for each."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from speed.domain.messages import Quote
from speed.domain.naming import torrent_name
from speed.models import ForSale, SellingDeal
from speed.models import Quote as QuoteRow
from speed.services import markets, quotes
from tests.builders import NOW, make_node
from tests.buying import PRICE, Stall, Taker
from tests.market import set_market, set_offer
from tests.selling import Buyer, Shop

pytestmark = pytest.mark.django_db


def statements(seen: CaptureQueriesContext, *words: str) -> int:
    return sum(all(word in query["sql"] for word in words) for query in seen.captured_queries)


def quote(taker: Taker, stall: Stall, *, ask: int) -> Quote:
    """Return what a seller says for a minute."""
    info_hash = bytes.fromhex(taker.torrent.info_hash_v1)
    name = torrent_name(callee_nonce=stall.link.callee_nonce, info_hash=info_hash)
    return Quote(name, ask, 0, stall.speed, 0, 200_000, 10, int(taker.floor.now.timestamp()) + 60)


class TestQuotes:
    def test_that_come_in_masses_are_written_once_in_a_while_and_the_newest_counts(self, taker: Taker) -> None:
        quotes.look(taker.torrent.pk, now=taker.floor.now)
        stall = Stall(1)
        taker.connect(stall)
        taker.run(5, stall)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            for number in range(100):
                taker.hear(stall, quote(taker, stall, ask=PRICE + number))
                taker.run(0.2 * (number % 5 == 0), stall)
        assert 1 <= statements(seen, 'INTO "speed_quote"') <= 2
        taker.run(3, stall)
        assert QuoteRow.objects.get().ask_ubtt_per_gib == PRICE + 99

    def test_that_say_nothing_new_are_written_before_their_row_would_run_out(self, taker: Taker) -> None:
        quotes.look(taker.torrent.pk, now=taker.floor.now)
        stall = Stall(1)
        taker.connect(stall)
        taker.run(5, stall)
        written = 0
        for _ in range(8):
            taker.hear(stall, quote(taker, stall, ask=PRICE))
            with CaptureQueriesContext(connection) as seen:
                taker.run(0.4, stall)
            written += statements(seen, 'INTO "speed_quote"')
            taker.floor.now += timedelta(seconds=9.6)
            assert quotes.of_torrent(node_name="local", torrent_key=taker.torrent.key, now=taker.floor.now)
        assert written <= 4


class TestDeals:
    def test_that_are_sold_are_written_all_in_one_statement(self, shop: Shop) -> None:
        buyers = [Buyer(number) for number in range(1, 6)]
        for buyer in buyers:
            shop.connect(buyer)
            shop.bid(buyer)
        shop.run(12, *buyers)
        before = shop.row(buyers[0]).sent_bytes
        with CaptureQueriesContext(connection) as seen:
            shop.run(2, *buyers)
        assert statements(seen, 'INTO "speed_sellingdeal"', "ON CONFLICT") == 1
        assert SellingDeal.objects.count() == 5
        assert shop.row(buyers[0]).sent_bytes > before

    def test_keep_the_voucher_that_is_written_meanwhile(self, shop: Shop) -> None:
        buyer = shop.serve(Buyer(1, pays=False), 12)
        SellingDeal.objects.update(cumulative_ubtt=9_000_000, voucher_sig="ab")
        shop.run(2.2, buyer)
        assert (shop.row(buyer).cumulative_ubtt, shop.row(buyer).voucher_sig) == (9_000_000, "ab")


class TestOffers:
    def test_are_read_when_they_have_changed(self) -> None:
        make_node()
        set_market(sells=True, upload_bytes_per_s=1 << 20)
        known = markets.terms_of("local", now=NOW)
        with CaptureQueriesContext(connection) as seen:
            assert markets.terms_of("local", now=NOW, known=known) == known
        assert statements(seen, "speed_offer") == 0
        set_offer("aa", ForSale.NO)
        changed = markets.terms_of("local", now=NOW, known=known)
        assert changed.offers == {"aa": ("no", 0)}
        assert markets.terms_of("local", now=NOW) == changed
