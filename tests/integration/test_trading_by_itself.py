"""A slow torrent that is sped up by itself, with all the real parts: engines, agents, WebSockets, hub and ledger."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django import Settings

from seedbox.domain.kept import told
from seedbox.domain.states import State as TorrentState
from seedbox.models import Observation
from speed.domain.autobid_view import State
from speed.models import Agent, AutoDecision, AutoRun, Bid, BuyingDeal, Quote, SellingDeal
from speed.services import autobid
from speed.services.autobid import Terms
from speed.services.own_hub import OwnHub
from speed.wire.hub_port import HubRefused
from tests.auto_bidding import seed_for
from tests.box import wait_until
from tests.integration.test_trading import HAS_UBTT, LIMIT_S, ROUND, SIZE_BYTES, TOLERANCE_BYTES, Stage
from tests.ledger import balance, fresh_key, user
from tests.trading import BTT, MIB, Signing
from wallet.domain.hub import HubChannel
from wallet.models import HubOffer
from wallet.services import audit

pytestmark = pytest.mark.usefixtures("committed_books")

SLOW_MS = 3_000
HOUR_MS = 3_600_000  # of a block: what comes in a control is free, and how long a test takes nobody knows
WISH = Terms(
    ceiling_ubtt_per_gib=40 * BTT,
    torrent_budget_ubtt=4 * BTT,
    day_limit_ubtt=5 * BTT,
    least_bytes_per_s=4 * MIB,
    asks_directory=True,
)


def is_in(state: State) -> bool:
    return AutoRun.objects.filter(state=state).exists()


def bid_by_itself(stage: Stage, terms: Terms) -> None:
    """Let the buyer's node bid for the torrent, and its lane open; the clock goes where it would wait."""
    loading = Observation.objects.filter(torrent=stage.bought, state=TorrentState.DOWNLOADING)
    wait_until(HubOffer.objects.exists, "the seller's offer", LIMIT_S)
    wait_until(loading.exists, "a torrent that loads", LIMIT_S)
    with transaction.atomic():
        autobid.turn_on(stage.olga.pk, terms, now=datetime.now(UTC))
        AutoRun.objects.create(bid=Bid.objects.get(), seed=seed_for(7), block_ms=HOUR_MS)
    wait_until(lambda: is_in(State.WATCHING), "the first look", LIMIT_S)
    wait_until(Quote.objects.exists, "what the seller asks", LIMIT_S)
    stage.clock.put_forward(ROUND + timedelta(milliseconds=SLOW_MS))
    wait_until(SellingDeal.objects.exists, "the deal", LIMIT_S)
    stage.clock.begin_next_round()


def channel_by_hand(stage: Stage) -> HubChannel:
    """Have the buyer's node open one more channel to the seller."""
    keys = dict(Agent.objects.values_list("node_name", "speed_key"))
    hub = OwnHub(keys["east"], clock=stage.clock, address=stage.east.address)
    return hub.open_channel(
        key=fresh_key(), account=str(stage.olga.pk), payee_key=keys["west"], amount_ubtt=BTT, expires_s=3_600
    )


class TestASlowTorrent:
    @pytest.fixture(autouse=True)
    def slow_soon(self, settings: Settings) -> None:
        settings.SPEED_SLOW_S = SLOW_MS // 1_000

    def test_is_bought_by_itself_within_ceiling_and_budget_and_the_books_agree(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        with Signing(tmp_path / "keys"), stage.west.running(), stage.east.running():
            bid_by_itself(stage, WISH)
            wait_until(stage.is_whole, "the torrent", LIMIT_S)
            wait_until(stage.is_paid, "the last voucher", LIMIT_S)
            wait_until(lambda: is_in(State.DONE), "the last sentence", LIMIT_S)
        bought = BuyingDeal.objects.get()
        assert SIZE_BYTES - TOLERANCE_BYTES < bought.accepted_bytes <= SIZE_BYTES
        assert bought.price_ubtt_per_gib <= bought.max_price_ubtt_per_gib <= WISH.ceiling_ubtt_per_gib
        assert 0 < bought.cumulative_ubtt < WISH.torrent_budget_ubtt
        assert balance(user(stage.olga.pk)) <= HAS_UBTT - bought.cumulative_ubtt
        (said,) = AutoDecision.objects.filter(state=State.BIDDING)[:1]
        assert "the wish is 4.00 MiB/s, 1 seller from 10 BTT/GiB: bidding 10.5, at most 4 BTT" in told(said.sentence)
        assert not audit.audit().finding_count

    def test_is_paid_for_as_far_as_it_came_when_its_user_stops_it_and_the_ledger_opens_no_channel_any_more(
        self, tmp_path: Path
    ) -> None:
        stage = Stage(tmp_path)
        with Signing(tmp_path / "keys"), stage.west.running(), stage.east.running():
            bid_by_itself(stage, replace(WISH, least_bytes_per_s=MIB // 2))
            came = BuyingDeal.objects.filter(accepted_bytes__gte=MIB)
            wait_until(came.exists, "a mebibyte", LIMIT_S)
            autobid.stop(stage.olga.pk, now=stage.clock())
            with pytest.raises(HubRefused, match="does not let this Speed key spend"):
                channel_by_hand(stage)
            wait_until(stage.is_paid, "the last voucher", LIMIT_S)
            stage.clock.put_forward(ROUND + timedelta(seconds=1))
            wait_until(lambda: SellingDeal.objects.get().is_closed, "a closed channel", LIMIT_S)
            stage.clock.put_forward(ROUND)
            wait_until(lambda: BuyingDeal.objects.get().is_closed, "the buyer to see that", LIMIT_S)
        sold, bought = SellingDeal.objects.get(), BuyingDeal.objects.get()
        assert MIB <= bought.accepted_bytes < SIZE_BYTES - TOLERANCE_BYTES
        assert bought.cumulative_ubtt == bought.owed_ubtt == sold.redeemed_ubtt > 0
        assert balance(user(stage.olga.pk)) == HAS_UBTT - bought.cumulative_ubtt
        assert (AutoRun.objects.get().state, Bid.objects.get().is_on) == (State.STOPPED, False)
        assert not audit.audit().finding_count
