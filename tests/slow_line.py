"""A line over loopback that is as slow as a test says: by the kernel, in a network of the test's own.

Loopback is so fast that a torrent is whole before anybody could bid for it.
"""

from tests.aria2 import tool
from tests.own_network import OwnNetwork

MTU_BYTES = 1_500  # as elsewhere: with loopback's own a socket swallows a mebibyte at once, however slow the line is
QUEUE_BYTES = 128 * 1024  # that wait for their turn; with more, connections that are over would go on filling the line


class SlowLine:
    """What peers at `source` send to those at `target`, whoever has called whom. All else is as fast as ever."""

    def __init__(self, network: OwnNetwork, source: str, target: str, *, bytes_per_s: int) -> None:
        self._network = network
        network.ip("link", "set", "lo", "mtu", str(MTU_BYTES))
        self._tc("qdisc", "add", "dev", "lo", "root", "handle", "1:", "htb")
        self._put("add", bytes_per_s)
        self._tc("qdisc", "add", "dev", "lo", "parent", "1:1", "bfifo", "limit", str(QUEUE_BYTES))
        self._lead(source, target, "sport", source)
        self._lead(source, target, "dport", target)

    def set_speed(self, bytes_per_s: int) -> None:
        self._put("change", bytes_per_s)

    def _put(self, verb: str, bytes_per_s: int) -> None:
        burst = ("burst", str(QUEUE_BYTES), "cburst", str(QUEUE_BYTES))
        speed = ("rate", f"{bytes_per_s}bps")  # which tc reads as bytes
        self._tc("class", verb, "dev", "lo", "parent", "1:", "classid", "1:1", "htb", *speed, *burst)

    def _lead(self, source: str, target: str, which: str, listener: str) -> None:
        """Lead packets between these hosts to the line, if this is where the listener listens."""
        hosts = ("match", "ip", "src", _host(source), "match", "ip", "dst", _host(target))
        port = ("match", "ip", which, listener.rpartition(":")[2], "0xffff")
        self._tc("filter", "add", "dev", "lo", "parent", "1:", "protocol", "ip", "u32", *hosts, *port, "flowid", "1:1")

    def _tc(self, *words: str) -> None:
        self._network.command(tool("tc", package="iproute2"), *words)


def _host(endpoint: str) -> str:
    return endpoint.rpartition(":")[0]
