from tests.benches import run_bench


class TestTheSeedingBench:
    def test_runs_on_a_small_file_and_ends_with_its_figures(self) -> None:
        figures = run_bench("seeding", "--size-mib", "8", "--rounds", "1")
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
