"""Whether an interface that everything shall be bound to is there, asked of the kernel and not of libtorrent."""

import errno
import socket

from seedbox.domain.kept import kept as _
from seedbox.domain.network import parse_address

_DISCARD_PORT = 9
# Nothing is sent there: connecting a UDP socket only asks the kernel for a route.
_FAR = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def interface_problem(interface: str) -> str:
    """Say why nothing can be bound to this device or address now; "" when it can."""
    address = parse_address(interface)
    if address is None:
        return _device_problem(interface)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((interface, 0))
        except OSError as problem:
            if problem.errno == errno.EADDRNOTAVAIL:
                return _(
                    "No interface of this machine has the address %(interface)s. Nothing connects until it is back: "
                    "bring it up, or choose another interface.",
                    {"interface": interface},
                )
            return _(
                "Nothing can be bound to %(interface)s (%(strerror)s). Nothing connects until it is back: bring it "
                "up, or choose another interface.",
                {"interface": interface, "strerror": str(problem.strerror)},
            )
    return ""


def _device_problem(device: str) -> str:
    if device not in {name for _number, name in socket.if_nameindex()}:
        return _(
            "There is no network device %(device)s. Nothing connects until it is back: bring it up, or choose "
            "another interface.",
            {"device": device},
        )
    problems = [_source_problem(device, family) for family in (socket.AF_INET, socket.AF_INET6)]
    return (
        ""
        if "" in problems
        else _(
            "The network device %(device)s has no address or is down. Nothing connects until it is back: bring it "
            "up, or choose another interface.",
            {"device": device},
        )
    )


def _source_problem(device: str, family: socket.AddressFamily) -> str:
    """Say why the kernel would send nothing from this device; "" when it found an address to send from."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
            probe.connect(("127.0.0.1" if device == "lo" and family == socket.AF_INET else _FAR[family], _DISCARD_PORT))
        except OSError as problem:
            return problem.strerror or "unknown"
        return "" if probe.getsockname()[0] else "no address"
