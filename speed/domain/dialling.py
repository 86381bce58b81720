"""Whom a buyer may call, and how often. Rumours of sellers come from strangers: nobody shall make us knock where we
have no business, nor knock there again and again.
"""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass, replace

from seedbox.domain.lanes import host_of, place_of

PAUSE_S = 600.0  # between two calls of an endpoint that has never shown that it is a market
FIRST_PAUSE_S = 5.0  # before one that did is called again; then twice as long each time, up to PAUSE_S
STEADY_S = 60.0  # a connection that held so long makes the pauses short again
MAX_REMEMBERED = 10_000  # endpoints; a rumour beyond them waits

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def obstacle(endpoint: str, *, places: Collection[str], dials_local: bool) -> str:
    """Return why a seller that was heard of must not be called, in a sentence; "" if it may.

    `places` are those that are connected to the torrent in question. Ports do not matter, nor does the lower half of an
    IPv6 address: a market has a port of its own, and a host may have several addresses.
    """
    try:
        address, port = parse_endpoint(endpoint)
    except ValueError:
        return "This is no address with a port."
    if not 0 < port < 65_536:
        return "This is no address with a port."
    if address.is_multicast or address.is_unspecified:
        return "Nobody can be called at this address."
    if not dials_local and not address.is_global:
        return "This address is of a local network, and the operator lets the market call none."
    if place_of(str(address)) not in places:
        return "Nobody at this address is connected to the torrent."
    return ""


def parse_endpoint(endpoint: str) -> tuple[IpAddress, int]:
    """Return the address and port of "IP:PORT" or "[IP]:PORT", IPv4 in IPv6's clothes as IPv4.

    Raises ValueError for what is none, such as a name, or an address with a zone.
    """
    port = endpoint.rpartition(":")[2]
    if not port.isascii() or not port.isdigit() or len(port) > 5:
        raise ValueError("An endpoint has a port.")
    address = ipaddress.ip_address(host_of(endpoint))
    if getattr(address, "scope_id", None):
        raise ValueError("A zone means nothing elsewhere.")
    return getattr(address, "ipv4_mapped", None) or address, int(port)


@dataclass(frozen=True)
class _Record:
    called_at_s: float
    pause_s: float
    is_market: bool  # the handshake went well once


class Tries:
    """When each endpoint was called last, by a clock that never goes back, and when it may be called again."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    def wait_s(self, endpoint: str, now_s: float) -> float:
        """Return how long it has to be left alone; 0.0 if it may be called now."""
        record = self._records.get(endpoint)
        if record is not None:
            return max(0.0, record.called_at_s + record.pause_s - now_s)
        if len(self._records) >= MAX_REMEMBERED:
            self._forget(now_s)
        return 0.0 if len(self._records) < MAX_REMEMBERED else PAUSE_S

    def call(self, endpoint: str, now_s: float, *, is_market: bool = False) -> None:
        """Remember that it is called now; `is_market`: the handshake went well there before we were started."""
        before = self._records.get(endpoint)
        if before is None and is_market:
            self._records[endpoint] = _Record(now_s, FIRST_PAUSE_S, is_market=True)
        elif before is None or not before.is_market:
            self._records[endpoint] = _Record(now_s, PAUSE_S, is_market=False)
        else:
            pause_s = min(PAUSE_S, max(FIRST_PAUSE_S, 2 * before.pause_s))
            self._records[endpoint] = _Record(now_s, pause_s, is_market=True)

    def answered(self, endpoint: str) -> None:
        """Remember that a market answered there."""
        record = self._records.get(endpoint)
        if record is not None and not record.is_market:
            self._records[endpoint] = replace(record, pause_s=FIRST_PAUSE_S, is_market=True)

    def lost(self, endpoint: str, *, lasted_s: float) -> None:
        """Remember that the connection is gone: a steady one may be made anew at once."""
        record = self._records.get(endpoint)
        if record is not None and lasted_s >= STEADY_S:
            self._records[endpoint] = replace(record, pause_s=0.0)

    def _forget(self, now_s: float) -> None:
        """Forget those that have been left alone for long enough anyway, whatever they were."""
        self._records = {
            endpoint: record for endpoint, record in self._records.items() if now_s - record.called_at_s < PAUSE_S
        }
