"""A whole deal with all the real parts: two nodes of one install, engines, agents, WebSockets, hub and ledger."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db.models import F

from seedbox.models import Observation
from speed.models import (
    Agent,
    AvoidedSeller,
    Bid,
    BuyingDeal,
    Cause,
    Reservation,
    Round,
    SeenRound,
    SellingDeal,
    Verdict,
)
from speed.services import bids, quotes, spenders
from tests.box import wait_until
from tests.builders import make_content, make_user
from tests.ledger import ASSET, balance, fund, user
from tests.sources import make_metainfo
from tests.trading import BTT, MIB, NO_FREE_SLOTS, Clock, Offered, Signing, TradingNode
from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.rounding import fee_of
from wallet.models import Account, HubOffer, HubRules
from wallet.services import audit

HAS_UBTT = 10 * BTT
SIZE_BYTES = 9 * MIB + 5_000
LIMIT_S = 60.0
TOLERANCE_BYTES = MIB  # of a meter: blocks before the lane were free, and the last fifth of a second is not read
FEE_PPM = 25_000
HOUR, ROUND = timedelta(hours=1), timedelta(seconds=10)


pytestmark = pytest.mark.usefixtures("committed_books")


class Stage:
    """A seller's node with a whole torrent, a buyer's without it, and both users."""

    def __init__(self, folder: Path) -> None:
        self.sam, self.olga = make_user("sam"), make_user("olga")
        fund(user(self.olga.pk), HAS_UBTT)
        HubRules.objects.create(
            at=datetime.now(UTC), actor_id=1, actor_name="ada", reason="a fee", fee_ppm=FEE_PPM, key_hash=bytes(16)
        )
        self.clock = Clock()
        self.west = TradingNode("west", "127.0.44.1", folder, clock=self.clock, overrides=NO_FREE_SLOTS)
        self.east = TradingNode("east", "127.0.44.2", folder, clock=self.clock)
        files = {"film.bin": SIZE_BYTES}
        metainfo = make_metainfo("film", files=files, private=True)
        self.sold = self.west.hold(self.sam, metainfo)
        make_content(Path(self.sold.save_path), {f"film/{name}": size for name, size in files.items()})
        self.bought = self.east.hold(self.olga, metainfo, peers=(self.west.endpoint,))
        self.west.sell(self.sold)
        self.west.take_part(Offered(sells=True))
        self.east.take_part(Offered(buys=True))

    def bid(self) -> Bid:
        wait_until(lambda: Agent.objects.filter(pk="east", speed_key__gt="").exists(), "the buyer's agent", LIMIT_S)
        wait_until(HubOffer.objects.exists, "the seller's offer", LIMIT_S)
        spenders.allow(self.olga.pk, day_limit_ubtt=5 * BTT, now=datetime.now(UTC))
        return bids.place(
            user_id=self.olga.pk,
            torrent_id=self.bought.pk,
            max_price_ubtt_per_gib=40 * BTT,
            spend_ubtt_per_s=BTT,
            budget_ubtt=4 * BTT,
            asks_directory=True,
            now=datetime.now(UTC),
        )

    def is_whole(self) -> bool:
        return Observation.objects.filter(torrent=self.bought, done_bytes=SIZE_BYTES).exists()

    def is_paid(self) -> bool:
        """Say whether the seller has the last voucher."""
        promised = BuyingDeal.objects.filter(ended_at__isnull=False, cumulative_ubtt=F("owed_ubtt"))
        return SellingDeal.objects.filter(cumulative_ubtt__in=promised.values("cumulative_ubtt")).exists()

    def trade(self) -> None:
        """Let the buyer have the torrent, and both close their deal; the clock goes where they would wait."""
        self.bid()
        wait_until(SellingDeal.objects.exists, "the deal", LIMIT_S)
        self.clock.begin_next_round()
        wait_until(self.is_whole, "the torrent", LIMIT_S)
        wait_until(self.is_paid, "the last voucher", LIMIT_S)
        quotes.look(self.bought.pk, now=self.clock() + 2 * HOUR)  # who looks at prices keeps the connection
        self.clock.put_forward(ROUND)
        wait_until(lambda: SellingDeal.objects.get().is_closed, "a closed channel", LIMIT_S)
        self.clock.put_forward(ROUND)
        wait_until(lambda: BuyingDeal.objects.get().is_closed, "the buyer to see that", LIMIT_S)

    def audit(self, *, after: timedelta) -> set[str]:
        """Let so much time pass, and return what the buyer thinks of the rounds that its bid was in."""
        seen = SeenRound.objects.exclude(salt="")
        self.clock.put_forward(after)
        wait_until(lambda: seen.exists() and not seen.filter(verdict=Verdict.NONE).exists(), "an audit", LIMIT_S)
        return set(seen.values_list("verdict", flat=True))


class TestTwoNodesThatTrade:
    def test_move_a_torrent_for_money_that_is_traced_to_the_last_micro(self, tmp_path: Path) -> None:
        """An hour later the buyer sums the seller's rounds up anew, and once more when the seller has falsified one."""
        stage = Stage(tmp_path)
        with Signing(tmp_path / "keys"), stage.west.running(), stage.east.running():
            stage.trade()
            assert stage.audit(after=HOUR + 10 * ROUND) == {Verdict.RIGHT}
            assert not AvoidedSeller.objects.exists()
            Round.objects.update(for_sale_bytes_per_s=F("for_sale_bytes_per_s") + 1)
            SeenRound.objects.update(verdict=Verdict.NONE)
            assert stage.audit(after=4 * ROUND) == {Verdict.WRONG}
            wait_until(AvoidedSeller.objects.filter(cause=Cause.WRONG_ROUND).exists, "the seller to be avoided")
        sold, bought = SellingDeal.objects.get(), BuyingDeal.objects.get()
        assert SIZE_BYTES - TOLERANCE_BYTES < bought.accepted_bytes == sold.accepted_bytes <= SIZE_BYTES
        assert abs(sold.sent_bytes - bought.accepted_bytes) < TOLERANCE_BYTES
        paid_ubtt = bought.cumulative_ubtt
        fee_ubtt = fee_of(paid_ubtt, FEE_PPM)
        assert paid_ubtt == sold.redeemed_ubtt == bought.owed_ubtt > 0
        assert balance(user(stage.olga.pk)) == HAS_UBTT - paid_ubtt
        assert balance(user(stage.sam.pk)) == sold.earned_ubtt == paid_ubtt - fee_ubtt
        assert balance(own_account(ASSET, AccountKind.FEES)) == fee_ubtt
        assert not Account.objects.filter(kind=AccountKind.CHANNEL, balance_ubtt__gt=0).exists()
        assert not Reservation.objects.exclude(state="ended").exists()
        assert not audit.audit().finding_count
