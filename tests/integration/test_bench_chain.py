"""The chain's bench, small: it runs to its end and gives its figures."""

from tests.benches import run_bench


class TestTheChainsBench:
    def test_runs_on_a_few_transactions_and_ends_with_its_figures(self) -> None:
        figures = run_bench("chain", "--transactions", "100")
        assert all(figures[name] > 0 for name in ("codec_per_s", "codec_read_per_s", "devnet_tx_per_s"))
