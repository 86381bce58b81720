from tests.benches import run_bench

KEYS = {"n", "speedup", "share_error", "utilisation", "starved_s", "first_byte_s", "lane_90_s"}


class TestTheMarketsBench:
    def test_runs_with_few_peers_for_a_short_time_and_every_row_has_all_its_figures(self) -> None:
        (row,) = run_bench("market", "--only", "rows", "--peers", "3", "--seconds", "2")["rows"]
        assert row.keys() == KEYS
        assert row["n"] == 3
        assert row["speedup"] > 1
        assert 0 < row["first_byte_s"] <= row["lane_90_s"]

    def test_clears_fast_and_well(self) -> None:
        figures = run_bench("market", "--only", "clearing")
        assert figures.keys() == {"clearing_ms", "efficiency"}
        assert figures["efficiency"] >= 0.95
