from tests.benches import run_bench


class TestTheBenchOfActions:
    def test_ends_with_its_figures(self) -> None:
        figures = run_bench("actions", "--rounds", "4")
        assert list(figures) == ["median_ms", "p95_ms", "limit_ms", "ratio_p95"]
        assert 0 < figures["median_ms"] <= figures["p95_ms"]
