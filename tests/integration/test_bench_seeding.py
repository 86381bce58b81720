from tests.benches import run_bench

WITH_A_MARKET_S = 240.0  # a chain, a signer and two nodes have to start, beside whatever else runs


class TestTheSeedingBench:
    def test_runs_on_a_small_file_and_ends_with_its_figures(self) -> None:
        figures = run_bench("seeding", "--size-mib", "8", "--rounds", "1", "--only", "seeders")
        assert list(figures) == [
            "node_mib_s",
            "libtorrent_mib_s",
            "libtorrent_best_mib_s",
            "aria2_mib_s",
            "ratio_libtorrent",
            "ratio_best",
            "ratio_aria2",
            "cpu_s_per_gib",
        ]
        assert figures["node_mib_s"] > 0
        assert figures["ratio_best"] <= figures["ratio_libtorrent"]

    def test_serves_a_free_leecher_beside_a_deal_that_is_paid_for(self) -> None:
        figures = run_bench("seeding", "--size-mib", "8", "--rounds", "1", "--only", "deal", limit_s=WITH_A_MARKET_S)
        assert list(figures) == ["node_alone_mib_s", "node_deal_mib_s", "ratio_deal", "lane_mib_s", "paid_ubtt"]
        assert min(figures["node_alone_mib_s"], figures["node_deal_mib_s"], figures["ratio_deal"]) > 0
        assert figures["paid_ubtt"] > 0
