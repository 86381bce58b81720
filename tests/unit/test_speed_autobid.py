"""What the automatic bidder decides, and what holds whatever it sees."""

from dataclasses import replace

import pytest

from seedbox.domain.kept import told
from speed.domain.autobid import GRANT_LIFE_S, decide, slack_ubtt
from speed.domain.autobid_view import Seller, State, View
from speed.domain.clearing import Terms
from speed.domain.deals import Wish
from speed.domain.forecast import forecast, sentence
from speed.domain.shortfall import Goal, Watch
from speed.domain.supply import Quoted
from tests.still_market import Shop, rounds
from wallet.domain.rounding import GIB

KIB, MIB, BTT = 2**10, 2**20, 1_000_000
NOW_S = 1_000_000_000
SLOW = Watch(is_slow=True)
CHEAP = Seller("a", Quoted(40 * BTT, 0, 10 * MIB, 0))
DEAR = Seller("b", Quoted(60 * BTT, 0, 10 * MIB, 0))
VIEW = View(
    now_s=NOW_S,
    goal=Goal(least_bytes_per_s=2 * MIB),
    ceiling_ubtt_per_gib=100 * BTT,
    torrent_left_ubtt=500 * BTT,
    day_left_ubtt=320 * BTT,
    left_bytes=GIB,
    total_bytes_per_s=180 * KIB,
    free_bytes_per_s=180 * KIB,
    watch=SLOW,
    sellers=(CHEAP, DEAR),
)


class TestADecision:
    def test_bids_a_little_more_than_the_cheapest_seller_asks_and_says_why(self) -> None:
        found = decide(VIEW)
        assert found.state is State.BIDDING
        assert found.bids == {"a": Wish(42 * BTT, 74_822, 2 * MIB - 180 * KIB)}
        assert told(found.sentence) == (
            "The swarm gives 180 KiB/s, the wish is 2.00 MiB/s, 2 sellers from 40 BTT/GiB: "
            "bidding 42, at most 320 BTT today."
        )

    def test_buys_of_two_sellers_what_one_does_not_have(self) -> None:
        small = replace(CHEAP, quoted=replace(CHEAP.quoted, for_sale_bytes_per_s=MIB))
        found = decide(replace(VIEW, sellers=(DEAR, small), day_left_ubtt=900 * BTT))
        assert {name: bid.max_price_ubtt_per_gib for name, bid in found.bids.items()} == {"a": 42 * BTT, "b": 63 * BTT}
        assert sum(bid.useful_bytes_per_s for bid in found.bids.values()) == 2 * MIB - 180 * KIB
        assert "bidding 42 to 63, at most 500 BTT for this torrent." in told(found.sentence)

    def test_says_in_a_control_nothing_of_what_came_for_money_before(self) -> None:
        view = replace(VIEW, total_bytes_per_s=MIB, is_control=True)
        assert told(decide(view).sentence).startswith("The swarm gives 180 KiB/s, the wish is 2.00 MiB/s: unpaid")
        assert " and 844 KiB/s for money, the" in told(decide(replace(view, is_control=False)).sentence)

    def test_takes_the_largest_of_more_sellers_than_there_can_be_deals(self) -> None:
        small = tuple(Seller(f"small {number}", Quoted(40 * BTT, 0, 32 * KIB, 0)) for number in range(9))
        large = Seller("large", Quoted(70 * BTT, 0, MIB, 0))
        assert "large" in decide(replace(VIEW, sellers=(*small, large))).bids
        assert len(decide(replace(VIEW, sellers=(*small, large))).bids) == 8

    @pytest.mark.parametrize(
        ("changes", "state", "words"),
        [
            ({"is_stopped": True}, State.STOPPED, "Stopped by its user"),
            ({"left_bytes": 0}, State.DONE, "Everything wanted of it is loaded"),
            ({"goal": Goal(finish_at_s=NOW_S)}, State.LATE, "has passed"),
            ({"brings_nothing": True}, State.NO_GAIN, "paying made it no faster"),
            ({"watch": Watch()}, State.FAST_ENOUGH, "fast enough without paying"),
            ({"free_bytes_per_s": 3 * MIB, "total_bytes_per_s": 3 * MIB}, State.FAST_ENOUGH, "gives 3.00 MiB/s, the"),
            ({"watch": Watch(opposite_since_s=NOW_S)}, State.WATCHING, "too slow, and bid for if it stays so."),
            ({"is_control": True}, State.CONTROL, "unpaid for a moment"),
            ({"sellers": ()}, State.NO_SELLERS, "nobody who is connected sells it"),
            ({"sellers": (), "obstacle": "A hub is silent."}, State.WAITING, "for now. A hub is silent."),
            ({"watch": replace(SLOW, opposite_since_s=NOW_S)}, State.FAST_ENOUGH, "fast enough without paying"),
            ({"ceiling_ubtt_per_gib": 39 * BTT}, State.TOO_DEAR, "above the ceiling of 39 BTT/GiB"),
            ({"day_left_ubtt": 0}, State.NO_MONEY, "the budget today is used up"),
            ({"torrent_left_ubtt": 100}, State.NO_MONEY, "the budget for this torrent is used up"),
        ],
    )
    def test_is_to_bid_nothing_with_the_reason(self, changes: dict[str, object], state: State, words: str) -> None:
        found = decide(replace(VIEW, **changes))  # type: ignore[arg-type] # one field after the other
        assert (found.state, dict(found.bids)) == (state, {})
        assert words in told(found.sentence)

    def test_pauses_all_deals_at_once_in_a_control(self) -> None:
        sellers = (replace(CHEAP, bid=Wish(42 * BTT, 9_000, MIB)), replace(DEAR, bid=Wish(63 * BTT, 9_000, MIB)))
        found = decide(replace(VIEW, sellers=sellers, is_control=True))
        assert found.bids == {"a": Wish(42 * BTT, 0, 0), "b": Wish(63 * BTT, 0, 0)}

    def test_counts_money_in_channels_as_money(self) -> None:
        found = decide(replace(VIEW, day_left_ubtt=0, sellers=(replace(CHEAP, in_channel_ubtt=BTT),)))
        (bid,) = found.bids.values()
        assert 0 < bid.spend_ubtt_per_s * GRANT_LIFE_S + slack_ubtt(bid) <= BTT

    def test_says_what_is_bought_already(self) -> None:
        found = decide(replace(VIEW, total_bytes_per_s=2 * MIB))
        assert told(found.sentence).startswith(
            "The swarm gives 180 KiB/s and 1.82 MiB/s for money, the wish is 2.00 MiB/s"
        )

    def test_for_a_time_names_the_speed_that_it_takes(self) -> None:
        found = decide(replace(VIEW, goal=Goal(finish_at_s=NOW_S + 660)))
        assert "the wish is 1.74 MiB/s to be finished in 11 min 0 s" in told(found.sentence)

    def test_does_not_ask_for_more_sellers_than_there_can_be_deals(self) -> None:
        crowd = tuple(Seller(f"{number:02}", Quoted(40 * BTT, 0, 64 * KIB, 0)) for number in range(20))
        assert len(decide(replace(VIEW, sellers=crowd)).bids) == 8


class TestBidding:
    def test_stays_as_it_is_where_it_gets_what_it_wants(self) -> None:
        decisions = rounds(VIEW, [Shop(CHEAP, []), Shop(DEAR, [])], 6)
        assert all(decision.bids == decisions[0].bids for decision in decisions)

    def test_goes_up_until_it_gets_enough(self) -> None:
        others = [Terms(90 * BTT, 10**9, 9 * MIB + MIB // 2, 2**40)]  # would pay 90, for nearly everything
        shop = Shop(CHEAP, others)
        decisions = rounds(VIEW, [shop], 8)
        prices = [decision.bids["a"].max_price_ubtt_per_gib for decision in decisions]
        assert prices[0] < prices[-1]
        assert prices[-1] > 90 * BTT
        assert shop.granted >= 2 * MIB - 180 * KIB - 64 * KIB

    def test_never_goes_above_the_ceiling_though_others_do(self) -> None:
        shop = Shop(CHEAP, [Terms(101 * BTT, 10**9, 10 * MIB, 2**40)])
        decisions = rounds(VIEW, [shop], 8)
        assert {decision.bids["a"].max_price_ubtt_per_gib for decision in decisions[2:]} == {100 * BTT}
        assert "others bid more so far, bidding 100" in told(decisions[-1].sentence)
        assert shop.granted == 0

    def test_comes_down_when_the_others_have_gone(self) -> None:
        shop = Shop(CHEAP, [Terms(90 * BTT, 10**9, 9 * MIB + MIB // 2, 2**40)])
        rounds(VIEW, [shop], 8)
        left = Shop(replace(shop.seller), [])
        decisions = rounds(VIEW, [left], 4)
        assert decisions[-1].bids["a"].max_price_ubtt_per_gib == 42 * BTT

    def test_asks_for_less_where_more_only_lifts_the_price(self) -> None:
        # What the other one leaves is all that is to be had below 500: then for the price of the ask.
        shop = Shop(CHEAP, [Terms(500 * BTT, 10**10, 9 * MIB, 2**40)])
        rounds(VIEW, [shop], 12)
        assert shop.seller.quoted.last_price_ubtt_per_gib == 40 * BTT
        assert shop.granted > MIB * 95 // 100

    def test_takes_its_share_where_others_have_the_same_ceiling(self) -> None:
        shop = Shop(CHEAP, [Terms(100 * BTT, 10**6, 10 * MIB, 2**40)])
        decisions = rounds(VIEW, [shop], 12)
        assert len({decision.bids["a"] for decision in decisions[5:]}) == 1
        assert shop.granted > MIB

    @pytest.mark.parametrize("others", [0, 1, 3])
    def test_comes_to_rest_beside_others_who_have_so_much_money(self, others: int) -> None:
        rivals = [Terms((70 + 20 * number) * BTT, 300_000, 10 * MIB, 2**40) for number in range(others)]
        decisions = rounds(VIEW, [Shop(CHEAP, rivals), Shop(DEAR, rivals[:1])], 25)
        assert len({tuple(sorted(decision.bids.items())) for decision in decisions[8:]}) == 1


class TestADryRun:
    def test_says_what_the_rest_would_cost_and_when_it_would_be_there(self) -> None:
        found = forecast(VIEW)
        assert (found.is_met, found.is_enough) == (True, True)
        # In 7 of 8 blocks 2 MiB/s, of them 1,868 KiB/s for money at 40; in one of them 180 KiB/s.
        assert found.finished_in_s == 578
        assert found.unpaid_in_s == 5_826
        assert found.cost_ubtt == 36_031_965
        assert sentence(found, VIEW) == (
            "Probably 36.031965 BTT for 2.00 MiB/s: finished in 9 min 38 s, and without paying finished in 1 h 37 min."
        )

    def test_says_if_the_money_does_not_last(self) -> None:
        found = forecast(replace(VIEW, day_left_ubtt=18 * BTT))
        assert (found.cost_ubtt, found.is_enough) == (18 * BTT, False)
        assert found.finished_in_s is not None
        assert 578 < found.finished_in_s < 5_826

    def test_says_if_nothing_would_be_paid_or_it_would_never_end(self) -> None:
        nothing = replace(VIEW, sellers=(), free_bytes_per_s=0)
        assert sentence(forecast(nothing), nothing) == "Nothing would be paid: never finished as things are."


class TestASlowSwarm:
    def test_is_one_that_falls_short_by_a_tenth_for_a_minute(self) -> None:
        watch = Watch()
        for now_s, total, is_slow in (
            (0, 89, False),
            (59, 89, False),
            (60, 90, False),
            (61, 89, False),
            (121, 0, True),
        ):
            watch = watch.after(total_bytes_per_s=total, free_bytes_per_s=total, needed_bytes_per_s=100, now_s=now_s)
            assert watch.is_slow is is_slow

    def test_is_one_until_it_is_fast_enough_without_money_for_a_minute(self) -> None:
        watch = SLOW
        for now_s, free, is_slow in (
            (0, 100, True),
            (59, 100, True),
            (60, 89, True),
            (61, 100, True),
            (120, 90, True),
            (121, 90, False),
        ):
            watch = watch.after(total_bytes_per_s=150, free_bytes_per_s=free, needed_bytes_per_s=100, now_s=now_s)
            assert watch.is_slow is is_slow

    def test_is_not_forgotten_when_a_clock_is_set_back(self) -> None:
        watch = Watch()
        for now_s in (1_000, 100, 160):
            watch = watch.after(total_bytes_per_s=0, free_bytes_per_s=0, needed_bytes_per_s=1, now_s=now_s)
        assert watch.is_slow
