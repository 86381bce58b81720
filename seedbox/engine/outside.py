"""Which URLs of strangers an engine may ask: a torrent must not make the node ask its own network for them.

libtorrent refuses trackers on loopback whose path isn't /announce, local web seeds with a query, and ways from the
world to local addresses. It would fetch any other path of a local web server, and announce to any path of a LAN.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit


def web_seeds_outside(urls: Iterable[str]) -> list[str]:
    """Return the web seeds that don't name an address or a host of the node's own network."""
    return [url for url in urls if _is_outside(url)]


def trackers_outside(urls: Iterable[str]) -> list[str]:
    """Return the trackers; of those in the node's own network, only what asks as every tracker is asked."""
    return [url for url in urls if _is_outside(url) or _is_plain_announce(url)]


def is_peer_outside(address: str) -> bool:
    """Say whether an IP address that a user gives may be a peer: this machine and its links are none.

    Others of a private network are: people do have peers at home.
    """
    ip = ipaddress.ip_address(address)
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return not (ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast)


def _is_plain_announce(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme.lower() == "udp":
        return True  # nothing but an announce can be said there
    return parts.path.rstrip("/") == "/announce" and not parts.query


def _is_outside(url: str) -> bool:
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    if not host or host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return not _is_odd_address(host)


def _is_odd_address(host: str) -> bool:
    """Say whether resolvers may read it as an IPv4 address in another form: 127.1, 0x7f000001, 2130706433."""
    last = host.rpartition(".")[2]
    return last.isdecimal() or last.startswith("0x")
