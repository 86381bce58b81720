"""The chain's bench, small: it runs to its end and gives its figures. Its simulation has a test of its own."""

from tests.benches import run_bench

SPEEDS = (
    "codec_per_s",
    "codec_read_per_s",
    "sign_per_s",
    "devnet_tx_per_s",
    "scan_blocks_per_s",
    "scan_tx_blocks_per_s",
    "credit_lag_s",
    "solid_lag_s",
)


class TestTheChainsBench:
    def test_runs_on_a_few_blocks_and_ends_with_its_figures(self) -> None:
        figures = run_bench("chain", "--only", "speeds", "--transactions", "60", "--blocks", "80")
        assert all(figures[name] > 0 for name in SPEEDS)
        assert set(figures["goals"]) < set(SPEEDS)
        for name, verdict in figures["goals"].items():
            sign, bound = verdict["goal"].split()
            assert verdict["met"] is (figures[name] >= float(bound) if sign == ">=" else figures[name] <= float(bound))
