"""Which URLs of strangers an engine may ask: a torrent must not make the node ask its own network for them.

This looks at what stands in a URL. What a name leads to is known to libtorrent only, which refuses the machine itself
(`blocking.OWN_MACHINE`), local web seeds with a query, and that web seeds of the world lead on to local addresses.
Names of addresses in a private network remain: peers are there, too, and libtorrent has one filter for all.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

# Names that belong to no public host: reserved, or in use for hosts at home and in companies.
_LOCAL_NAMES = (
    "localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "home.arpa", "lan",
)  # fmt: skip


def web_seeds_outside(urls: Iterable[str]) -> list[str]:
    """Return the web seeds that don't name an address or a host of the node's own network."""
    return [url for url in urls if _is_outside(url)]


def trackers_outside(urls: Iterable[str]) -> list[str]:
    """Return the trackers; of those in the node's own network, only what asks as every tracker is asked.

    On the machine itself there is none: whoever runs one there has an address in a network, too.
    """
    return [url for url in urls if _is_outside(url) or (_is_plain_announce(url) and not _is_own_machine(url))]


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


def _is_own_machine(url: str) -> bool:
    host = _host(url)
    try:
        return not is_peer_outside(host)
    except ValueError:
        return _is_odd_address(host) or f".{host}".endswith(".localhost")


def _is_outside(url: str) -> bool:
    host = _host(url)
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        is_local = "." not in host or f".{host}".endswith(tuple(f".{name}" for name in _LOCAL_NAMES))
        return not is_local and not _is_odd_address(host)


def _host(url: str) -> str:
    """Return the host that a URL names, "" when none can be read."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_odd_address(host: str) -> bool:
    """Say whether resolvers may read it as an IPv4 address in another form: 127.1, 0x7f000001, 2130706433."""
    last = host.rpartition(".")[2]
    return last.isdecimal() or last.startswith("0x")
