"""The ledger's bench, small: it runs, counts every transfer and ends with its figures."""

from tests.benches import run_bench


class TestTheLedgersBench:
    def test_runs_on_a_short_history_and_ends_with_its_figures(self) -> None:
        figures = run_bench("ledger", "--transfers", "3000", "--rounds", "1", "--only", "sqlite")["sqlite"]
        assert figures["transfers"] >= 3000
        assert all(figures[f"{name}_per_s"] > 0 for name in ("batch", "batch_limit", "hot", "single", "hold_post"))
        assert figures["bytes_per_transfer"] > 100
        assert all(figures[name] > 0 for name in ("page_p95_ms", "seal_s_per_million", "audit_s_per_million"))
