"""What is said of slow torrents in a shell: on, off, for one torrent otherwise, stopped, and what it would cost."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from seedbox.models import Holding, User
from speed.domain.auto_terms import OwnTerms
from speed.domain.autobid_view import State
from speed.models import Agent, AutoBidding, AutoDecision, AutoRun, Bid, Budget
from speed.services import auto_bids, auto_runs, autobid, bids
from speed.services.bids import BadBid
from speed.services.own_hub import OwnHub
from speed.wire.hub_port import HubRefused
from tests.auto_pages import slow_torrent_of
from tests.builders import NOW, make_holding, make_node, make_observation, make_torrent
from tests.ledger import fund, user
from tests.market import speed_key
from tests.market_rows import BTT, MIB, a_bid, a_quote
from wallet.services import speed_keys

pytestmark = pytest.mark.django_db

GIB = 1 << 30
ON = "--on --ceiling 60 --budget 200 --day 320 --wish 2"


@pytest.fixture
def holding(owner: User) -> Holding:
    return slow_torrent_of(owner)


def said(words: str) -> Any:
    out = StringIO()
    call_command("speed", "auto", *words.split(), "--user", "olga", "--json", stdout=out)
    return json.loads(out.getvalue())


class TestASlip:
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            ("--on", "^--ceiling: Say what a GiB .* --wish: Say how fast .* --budget: .* --day: Say what may be spent"),
            ("--on --ceiling 60 --budget 200 --day 320", "^--wish: Say how fast a torrent shall be"),
            ("--on --ceiling 60 --budget 200 --day 320 --wish 0.001", "^--wish: Say a speed of at least 16 KiB"),
            (
                "--on --ceiling 60 --budget 2 --day 3 --finish-by 2001-01-01T08:00",
                "^--finish-by: Say a time that is st",
            ),
            ("--on --finish-by tomorrow", "Write a time like"),
            ("--wish 2", "goes with --on or --forecast"),
            ("--forecast", "is of one torrent: say which"),
            ("{id} --stop", "for this one say --off"),
            ("{id} --on", "^--ceiling: Say a ceiling, a budget and a wish for this torrent, or for all"),
            ("{id} --on --ceiling 9 --budget 9 --wish 1", "^--day: Your spending is off: turn it on first"),
            ("{id} --on --day 4", "are of all torrents together"),
        ],
    )
    def test_is_named_with_the_way_out(self, holding: Holding, words: str, sentence: str) -> None:
        with pytest.raises(CommandError, match=sentence):
            said(words.format(id=holding.pk))
        assert not Bid.objects.exists() and not Budget.objects.filter(is_on=True).exists()


class TestAutomaticBidding:
    def test_is_off_until_it_is_turned_on_and_then_stands_for_what_is_loading(self, holding: Holding) -> None:
        auto_bids.follow(now=NOW)
        assert said("")["all"] is None and not Bid.objects.exists()
        found = said(ON)
        assert found["all"] == {
            "row": "auto-all",
            "state": "On",
            "ceiling": "60 BTT/GiB",
            "budget": "200 BTT",
            "day": "320 BTT",
            "wish": "2.00 MiB/s",
        }
        (row,) = found["torrents"]
        assert (row["name"], row["is_on"], row["uplift"]) == (
            "slow.iso",
            True,
            "not known yet: 0 of 6 unpaid blocks measured",
        )
        bid = Bid.objects.get()
        assert (bid.is_auto, bid.max_price_ubtt_per_gib, bid.budget_ubtt) == (True, 60 * BTT, 200 * BTT)
        said("--on --ceiling 45")
        assert Bid.objects.get().max_price_ubtt_per_gib == 45 * BTT
        assert AutoBidding.objects.get().least_bytes_per_s == 2 * MIB

    def test_follows_to_torrents_that_are_added_later(self, holding: Holding, owner: User) -> None:
        said(ON)
        later = make_torrent("later.iso")
        make_observation(later)
        make_holding(owner, later)
        auto_bids.follow(node_name="local", now=NOW)
        assert Bid.objects.filter(is_on=True, is_auto=True).count() == 2

    def test_leaves_a_bid_by_hand_alone(self, holding: Holding) -> None:
        a_bid(holding)
        said(ON)
        assert not Bid.objects.get().is_auto
        said(f"{holding.pk} --on")
        assert Bid.objects.get().is_auto

    def test_of_one_torrent_has_terms_of_its_own_and_can_be_off(self, holding: Holding) -> None:
        said(ON)
        said(f"{holding.pk} --on --ceiling 99 --wish 5")
        bid = Bid.objects.get()
        assert (bid.max_price_ubtt_per_gib, bid.least_bytes_per_s, bid.budget_ubtt) == (99 * BTT, 5 * MIB, 200 * BTT)
        (row,) = said(f"{holding.pk} --off")["torrents"]
        assert not row["is_on"]
        auto_bids.follow(now=NOW)
        assert not Bid.objects.get().is_on
        said(f"{holding.pk} --as-all")
        assert Bid.objects.get(is_on=True).max_price_ubtt_per_gib == 60 * BTT

    def test_keeps_a_torrents_own_terms_over_a_mere_word_until_it_is_as_all_others(self, holding: Holding) -> None:
        said(ON)
        said(f"{holding.pk} --on --ceiling 9")
        said(f"{holding.pk} --off")
        said(f"{holding.pk} --on")
        assert Bid.objects.get().max_price_ubtt_per_gib == 9 * BTT
        said(f"{holding.pk} --as-all")
        assert Bid.objects.get().max_price_ubtt_per_gib == 60 * BTT

    def test_takes_no_terms_of_one_torrent_that_could_not_be_bid_by(self, holding: Holding, owner: User) -> None:
        said(ON)
        for choice in autobid.Choice:
            with pytest.raises(BadBid, match="Say what a GiB may cost"):
                autobid.choose(owner.pk, holding.torrent_id, choice, OwnTerms(ceiling_ubtt_per_gib=1), now=NOW)
        assert Bid.objects.get().max_price_ubtt_per_gib == 60 * BTT

    def test_does_not_come_back_where_its_user_has_withdrawn_the_bid(self, holding: Holding, owner: User) -> None:
        said(ON)
        bids.withdraw(user_id=owner.pk, torrent_id=holding.torrent_id)
        auto_bids.follow(now=NOW)
        assert not Bid.objects.get().is_on

    def test_that_has_brought_nothing_is_tried_anew_at_its_users_word_only(self, holding: Holding) -> None:
        said(ON)
        AutoRun.objects.create(bid=Bid.objects.get(), seed="ab" * 16, verdict="brings_nothing", pairs=[0.0] * 6)
        standing = auto_bids.of_bids(Bid.objects.all(), Budget.objects.all(), now=NOW)
        assert auto_bids.over(standing, now=NOW) == {Bid.objects.get().pk: auto_bids.NO_GAIN}
        said(f"{holding.pk} --on")
        assert auto_bids.over(standing, now=NOW) == {}

    def test_keeps_its_newest_sentences_and_says_none_twice(self, holding: Holding) -> None:
        said(ON)
        run = AutoRun.objects.create(bid=Bid.objects.get(), seed="ab" * 16)
        for number in range(auto_runs.KEPT_DECISIONS + 5):
            for _ in range(2):
                auto_runs.say([run.pk], state=State.WATCHING, sentence=f"Look {number}.", now=NOW)
        assert AutoDecision.objects.count() == auto_runs.KEPT_DECISIONS
        log = said(f"{holding.pk}")["log"]
        assert log[0]["sentence"] == f"Look {auto_runs.KEPT_DECISIONS + 4}."


class TestAForecast:
    def test_tells_cost_and_time_before_money_moves(self, holding: Holding) -> None:
        a_quote(holding.torrent, 40, valid_until=timezone.now() + timedelta(minutes=1))
        found = said(f"{holding.pk} --forecast --ceiling 60 --budget 200 --wish 2")
        (row,) = found
        assert row["cost_ubtt"] == 0  # the day has no limit yet, so nothing is there to be spent
        said(ON)
        (row,) = said(f"{holding.pk} --forecast")
        assert "without paying finished in" in row["sentence"]
        assert 0 < row["cost_ubtt"] <= 60 * BTT
        assert row["finished_in_s"] < row["unpaid_in_s"] == -(-GIB // 204_800)
        assert not AutoRun.objects.exists()


class TestTheStop:
    def test_refuses_channels_in_the_ledger_itself_and_all_that_was_on(self, holding: Holding, owner: User) -> None:
        key, seller = (speed_key(seed).public_key for seed in (b"\x22", b"\x33"))
        Agent.objects.create(node_name="local", speed_key=key.hex())
        speed_keys.bind_node(make_node("shop").pk, seller.hex(), now=NOW)
        fund(user(owner.pk), 50 * BTT)

        def open_channel(key_of_it: str) -> None:
            OwnHub(key.hex(), clock=lambda: NOW).open_channel(
                key=key_of_it, account=str(owner.pk), payee_key=seller.hex(), amount_ubtt=BTT, expires_s=3_600
            )

        said(ON)
        said(f"{holding.pk} --on")
        AutoRun.objects.create(bid=Bid.objects.get(), seed="ab" * 16)
        open_channel("first")
        said("--stop")
        with pytest.raises(HubRefused):
            open_channel("second")
        auto_bids.follow(now=NOW)
        assert not Bid.objects.get().is_on
        assert AutoRun.objects.get().state == State.STOPPED
        assert said("")["all"]["state"] == "Off"
