import pytest

from tests.benches import run_bench

LIMIT_S = 280.0  # a chain, a signer and two nodes have to start, beside whatever else runs


class TestTheSeedingBench:
    @pytest.mark.timeout(300)
    def test_runs_on_a_small_file_with_a_deal_beside_it_and_ends_with_its_figures(self) -> None:
        figures = run_bench("seeding", "--size-mib", "32", "--rounds", "1", "--quick", limit_s=LIMIT_S)
        assert list(figures) == [
            "node_mib_s",
            "libtorrent_mib_s",
            "libtorrent_best_mib_s",
            "aria2_mib_s",
            "ratio_libtorrent",
            "ratio_best",
            "ratio_aria2",
            "cpu_s_per_gib",
            "node_alone_mib_s",
            "node_deal_mib_s",
            "ratio_deal",
            "lane_mib_s",
            "paid_ubtt",
        ]
        assert min(figures["node_mib_s"], figures["node_deal_mib_s"], figures["paid_ubtt"]) > 0
        assert figures["ratio_best"] <= figures["ratio_libtorrent"]
