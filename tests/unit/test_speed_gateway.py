"""Our way out, as the kernel's table has it."""

from pathlib import Path

from speed.domain.selling import is_behind_nat
from speed.wire.gateway import gateways

TABLE = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


class TestGateways:
    def test_are_read_from_the_default_routes(self, tmp_path: Path) -> None:
        (tmp_path / "route").write_text(TABLE)
        assert gateways(tmp_path / "route") == {"172.17.0.1"}
        assert gateways(tmp_path / "none") == frozenset()

    def test_that_all_call_from_tell_of_a_containers_network(self) -> None:
        ours = frozenset({"172.17.0.1"})
        assert is_behind_nat({b"a": "172.17.0.1", b"b": "172.17.0.1"}, ours)
        assert not is_behind_nat({b"a": "172.17.0.1"}, ours)
        assert not is_behind_nat({b"a": "172.17.0.1", b"b": "203.0.113.7"}, ours)
        assert not is_behind_nat({b"a": "203.0.113.7", b"b": "203.0.113.7"}, ours)
