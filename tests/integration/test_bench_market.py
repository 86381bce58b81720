"""All parts of the market's bench, small, and at once: what they do is mostly to wait for slow lines."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.benches import run_bench

KEYS = {"n", "speedup", "share_error", "utilisation", "starved_s", "first_byte_s", "lane_90_s"}
PEERS = 4
PAID_MIB = 32
EQUAL_SHARES_ERROR = 4 / 3  # of who should have a seventh and has a third
LIMIT_S = 280.0  # a chain, a signer and two nodes have to start, beside whatever else runs
PARTS = {
    "rows": ("--peers", str(PEERS), "--seconds", "3"),
    "trading": ("--seconds", "3"),
    "starvation": ("--peers", "8", "--seconds", "0.75"),
    "paid": ("--size-mib", str(PAID_MIB)),
    "clearing": (),
}

Figures = Mapping[str, Any]


@pytest.fixture(scope="module")
def figures() -> Mapping[str, Figures]:
    """Run every part, and return its figures by the part's name."""
    with ThreadPoolExecutor(len(PARTS)) as pool:
        runs = {
            part: pool.submit(run_bench, "market", "--only", part, *options, limit_s=LIMIT_S)
            for part, options in PARTS.items()
        }
        return {part: run.result() for part, run in runs.items()}


@pytest.mark.timeout(300)
class TestTheMarketsBench:
    def test_gives_a_bidder_what_is_for_sale_and_three_their_shares_in_every_round(
        self, figures: Mapping[str, Figures]
    ) -> None:
        (row,) = figures["rows"]["rows"]
        assert row.keys() == KEYS
        assert row["n"] == PEERS
        assert row["speedup"] > PEERS / 2
        assert row["share_error"] < EQUAL_SHARES_ERROR / 2
        assert row["utilisation"] > 0.5
        assert 0 < row["first_byte_s"] <= row["lane_90_s"]

    def test_only_reports_what_a_lane_does_among_leechers_that_trade(self, figures: Mapping[str, Figures]) -> None:
        (row,) = figures["trading"]["trading"]
        assert row.keys() == KEYS
        assert row["speedup"] > 0
        assert not figures["trading"]["goals"]

    def test_leaves_no_free_peer_without_bytes_for_long(self, figures: Mapping[str, Figures]) -> None:
        few, many = (figures["starvation"]["starvation"][name] for name in ("few", "many"))
        assert (few["n"], many["n"]) == (4, 8)
        assert few["worst_s"] < few["watched_s"] / 2
        assert many["on_p95_s"] < many["watched_s"] / 2

    def test_pays_for_a_lane_as_often_as_is_due_and_never_on_the_chain(self, figures: Mapping[str, Figures]) -> None:
        paid = figures["paid"]["paid"]
        assert paid["paid_mib"] >= PAID_MIB
        assert 0 < paid["first_paid_byte_s"] <= paid["lane_90_s"]
        assert paid["by_the_rules"] / 2 <= paid["vouchers"] <= 2 * paid["by_the_rules"]
        assert paid["on_chain"] == 0

    def test_clears_fast_and_well(self, figures: Mapping[str, Figures]) -> None:
        cleared = figures["clearing"]
        assert cleared["clearing_ms"] > 0
        assert cleared["efficiency"] >= 0.95

    def test_says_of_every_goal_whether_it_is_met(self, figures: Mapping[str, Figures]) -> None:
        goals = {name: verdict for part in figures.values() for name, verdict in part["goals"].items()}
        missed = {name for part in figures.values() for name in part["missed"]}
        assert {f"{PEERS} peers: {name}" for name in KEYS - {"n"}} < goals.keys()
        assert {
            "few: worst_s",
            "many: ratio",
            "paid: vouchers",
            "paid: on_chain",
            "clearing: efficiency",
            "clearing: clearing_ms",
        } < goals.keys()
        assert missed == {name for name, verdict in goals.items() if not verdict["met"]}
