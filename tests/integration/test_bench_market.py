from tests.benches import run_bench

KEYS = {"n", "speedup", "share_error", "utilisation", "starved_s", "first_byte_s", "lane_90_s"}
PEERS = 4
EQUAL_SHARES_ERROR = 4 / 3  # of who should have a seventh and has a third


class TestTheMarketsBench:
    def test_gives_a_bidder_what_is_for_sale_and_three_their_shares_in_every_round(self) -> None:
        figures = run_bench("market", "--only", "rows", "--peers", str(PEERS), "--seconds", "1.5")
        (row,) = figures["rows"]
        assert row.keys() == KEYS
        assert row["n"] == PEERS
        assert row["speedup"] > PEERS / 2
        assert row["share_error"] < EQUAL_SHARES_ERROR / 2
        assert row["utilisation"] > 0.5
        assert 0 < row["first_byte_s"] <= row["lane_90_s"]
        assert figures["goals"].keys() == {f"{PEERS} peers: {name}" for name in KEYS - {"n"}}
        assert set(figures["missed"]) == {name for name, verdict in figures["goals"].items() if not verdict["met"]}

    def test_leaves_no_free_peer_without_bytes_for_long(self) -> None:
        found = run_bench("market", "--only", "starvation", "--peers", "8", "--seconds", "0.75")["starvation"]
        few, many = found["few"], found["many"]
        assert (few["n"], many["n"]) == (4, 8)
        assert few["worst_s"] < few["watched_s"] / 2
        assert many["on_p95_s"] < many["watched_s"] / 2
        assert many["ratio"] > 0

    def test_clears_fast_and_well(self) -> None:
        figures = run_bench("market", "--only", "clearing")
        assert {"clearing_ms", "efficiency"} < figures.keys()
        assert figures["efficiency"] >= 0.95
        assert not figures["missed"]
