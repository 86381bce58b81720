"""A deal about a public torrent whose two nodes know of each other's market by nothing but the DHT."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seedbox.domain.lanes import place_of
from seedbox.domain.states import State
from seedbox.models import Node, Observation
from speed.domain.naming import dht_target
from speed.models import Agent, BuyingDeal, SellingDeal
from speed.services import bids, spenders
from tests.box import wait_until
from tests.builders import make_content, make_user
from tests.dht import LoopbackDht
from tests.ledger import fund, user
from tests.sources import make_metainfo
from tests.trading import BTT, MIB, NO_FREE_SLOTS, Clock, Offered, Signing, TradingNode

SELLER, BUYER, ROUTER, NEIGHBOUR = "127.0.46.1", "127.0.46.2", "127.0.46.3", "127.0.46.4"
SIZE_BYTES = 3 * MIB

pytestmark = pytest.mark.usefixtures("committed_books")


class Stage:
    """A seller's and a buyer's node: the torrent is connected, and nobody has said who sells."""

    def __init__(self, folder: Path, router: str) -> None:
        sam, self.olga = make_user("sam"), make_user("olga")
        fund(user(self.olga.pk), 10 * BTT)
        clock = Clock()
        self.west = TradingNode("west", SELLER, folder, clock=clock, router=router, overrides=NO_FREE_SLOTS)
        self.east = TradingNode("east", BUYER, folder, clock=clock, router=router)
        metainfo = make_metainfo("film", files={"film.bin": SIZE_BYTES})
        self.sold = self.west.hold(sam, metainfo)
        make_content(Path(self.sold.save_path), {"film/film.bin": SIZE_BYTES})
        self.bought = self.east.hold(self.olga, metainfo, peers=(self.west.endpoint,))
        self.west.sell(self.sold)
        self.west.take_part(Offered(sells=True))
        self.east.take_part(Offered(buys=True))

    def is_wanted(self) -> bool:
        """Say whether the seller sees somebody who downloads."""
        return Observation.objects.filter(torrent=self.sold, state=State.SEEDING, peers=1, seeds=0).exists()

    def is_whole(self) -> bool:
        return Observation.objects.filter(torrent=self.bought, done_bytes=SIZE_BYTES).exists()

    def bid(self) -> None:
        wait_until(lambda: Agent.objects.filter(pk="east", speed_key__gt="").exists(), "the buyer's agent")
        spenders.allow(self.olga.pk, day_limit_ubtt=5 * BTT, now=datetime.now(UTC))
        bids.place(
            user_id=self.olga.pk,
            torrent_id=self.bought.pk,
            max_price_ubtt_per_gib=40 * BTT,
            spend_ubtt_per_s=BTT,
            budget_ubtt=4 * BTT,
            now=datetime.now(UTC),
        )


@pytest.fixture
def dht() -> Iterator[LoopbackDht]:
    with closing(LoopbackDht(ROUTER, NEIGHBOUR)) as dht:
        yield dht


def east_knows_a_node() -> bool:
    return Node.objects.filter(name="east", counters__dht_nodes__gt=0).exists()


class TestASellerOfAPublicTorrent:
    def test_is_found_by_the_dht_and_called_and_paid(self, dht: LoopbackDht, tmp_path: Path) -> None:
        stage = Stage(tmp_path, dht.router)
        west, east = stage.west, stage.east
        with Signing(tmp_path / "keys"), west.running(trades=False), east.running(trades=False):
            wait_until(stage.is_wanted, "a buyer that is connected")
            west.open_market()
            announced = dht.wait_until_it_knows(dht_target(bytes.fromhex(stage.sold.info_hash_v1)))
            assert announced == {west.speed_endpoint}
            wait_until(east_knows_a_node, "the buyer's node to be in the DHT")  # it looks for sellers once in a minute
            east.open_market()
            stage.bid()
            wait_until(SellingDeal.objects.exists, "the deal")
            west.clock.begin_next_round()
            wait_until(stage.is_whole, "the torrent")
            wait_until(lambda: SellingDeal.objects.filter(cumulative_ubtt__gt=0).exists(), "a voucher")
        sold, bought = SellingDeal.objects.get(), BuyingDeal.objects.get()
        assert bought.endpoint == west.speed_endpoint
        assert sold.place == place_of(BUYER)
        assert 0 < sold.cumulative_ubtt <= bought.cumulative_ubtt
