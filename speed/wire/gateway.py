"""Our way out: the addresses of this machine's default gateways, as the kernel has them."""

import ipaddress
from pathlib import Path

ROUTES = Path("/proc/net/route")
_DESTINATION, _GATEWAY, _MASK = 1, 2, 7
_ANYWHERE = "00000000"


def gateways(routes: Path = ROUTES) -> frozenset[str]:
    """Return the IPv4 addresses behind which everything else is; none where the kernel does not tell."""
    try:
        lines = routes.read_text().splitlines()[1:]
    except OSError:
        return frozenset()
    rows = [line.split() for line in lines]
    return frozenset(
        str(ipaddress.IPv4Address(int.from_bytes(bytes.fromhex(row[_GATEWAY]), "little")))
        for row in rows
        if len(row) > _MASK and row[_DESTINATION] == row[_MASK] == _ANYWHERE and row[_GATEWAY] != _ANYWHERE
    )
