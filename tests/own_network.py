"""Networks that a test has for itself: what happens in them reaches nobody. Needs root, as in CI's container."""

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from tests.aria2 import tool

LIMIT_S = 240.0
CLONE_NEWNET, CLONE_NEWNS = 0x4000_0000, 0x0002_0000  # os.unshare is younger than our oldest Python
# FIN_WAIT1, FIN_WAIT2, TIME_WAIT, LAST_ACK: the kernel's own, after the process has closed them.
_CLOSED = frozenset({"04", "05", "06", "09"})

T = TypeVar("T")


class OwnNetwork:
    """A thread in a network namespace; threads, processes and sockets that it makes are in that namespace too."""

    def __enter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="own-network")
        self._id = 0
        self._id = self.run(_leave_the_common_network)
        self.ip("link", "set", "lo", "up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()  # the namespace goes with the last that is in it

    def run(self, job: Callable[[], T], *, limit_s: float = LIMIT_S) -> T:
        """Do it in this network; from its own thread too."""
        if threading.get_native_id() == self._id:
            return job()
        return self._thread.submit(job).result(limit_s)

    def ip(self, *words: str) -> None:
        """Change the network with iproute2."""
        self.command(tool("ip", package="iproute2"), *words)

    def command(self, *command: str) -> None:
        self.run(lambda: _run(*command))

    def lay_cable(
        self, device: str, address: str, *, other: "OwnNetwork", other_address: str, other_device: str = ""
    ) -> None:
        """Give each network a device, joined with that of the other; when one is deleted, both are gone."""
        ends = ((self, device, address), (other, other_device or device, other_address))
        self.ip("link", "add", device, "type", "veth", "peer", "name", ends[1][1], "netns", str(other._id))
        for network, its_device, its_address in ends:
            network.ip("address", "add", f"{its_address}/24", "dev", its_device)
            network.ip(
                "link", "set", its_device, "addrgenmode", "none"
            )  # an address that is tried first takes a second
            network.ip("link", "set", its_device, "up")

    def route_for_others(self) -> None:
        self.run(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))

    def know_names(self, addresses: Mapping[str, str], folder: Path) -> None:
        """Let names lead to these addresses, for all threads that are made in this network from now on."""
        hosts = folder / "hosts"
        hosts.write_text("".join(f"{address} {name}\n" for name, address in addresses.items()))

        def put_in_place() -> None:
            _unshare(CLONE_NEWNS)
            _run("mount", "--make-rprivate", "/")
            _run("mount", "--bind", str(hosts), "/etc/hosts")

        self.run(put_in_place)

    @property
    def sockets(self) -> list[str]:
        """The lines of the kernel's tables of sockets, without those that only wait for the other side's goodbye."""

        def read() -> list[str]:
            tables = [Path(f"/proc/thread-self/net/{name}") for name in ("tcp", "tcp6", "udp", "udp6")]
            lines = [line for table in tables for line in table.read_text().splitlines()[1:]]
            return [line for line in lines if line.split()[3] not in _CLOSED]

        return self.run(read)


def _leave_the_common_network() -> int:
    _unshare(CLONE_NEWNET)
    return threading.get_native_id()


def _unshare(what: int) -> None:
    failed = ctypes.CDLL(None, use_errno=True).unshare(what)
    assert not failed, f"no namespace of its own, these tests need root: {os.strerror(ctypes.get_errno())}"


def _run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert not ended.returncode, f"{' '.join(command)} failed: {ended.stderr}"
