"""Lanes: upload of a node that is reserved for one buyer's place at a speed, and what else a market asks of an engine.

A market states orders, an engine answers with reports; both are values that cross threads. Places are addresses as a
lane sees them: one IPv4 address, or the /64 of an IPv6 address, as network text. Endpoints are "IP:PORT", IPv6 in
brackets. A torrent is known by its key.
"""

import enum
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

BLOCK_BYTES = 16 * 1024  # what peers ask for at once
LANES_STAND_S = 30.0  # a market that died must not throttle anybody for longer
BOUNCE_PAUSE_S = 300.0  # between two of one place
READ_EVERY_S = 0.2  # counters, while anything is watched for a sale
DHT_KEY_BYTES = 20

IPV6_LANE_BITS = 64


def place_of(address: str) -> str:
    """Return the place of an IP address: "203.0.113.7/32" or "2001:db8:1:2::/64"; raises ValueError for no address.

    IPv4 in IPv6's clothes is IPv4; the zone of a link-local address is left out.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    bits = 32 if ip.version == 4 else IPV6_LANE_BITS
    return str(ipaddress.ip_network((ip, bits), strict=False))


def host_of(endpoint: str) -> str:
    """Return the address of an "IP:PORT" or "[IP]:PORT"."""
    return endpoint.rpartition(":")[0].strip("[]")


def place_of_endpoint(endpoint: str) -> str:
    """Return the place of an endpoint; raises ValueError for what is none."""
    return place_of(host_of(endpoint))


# --- orders: what a market asks ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lane:
    """What one place shall have."""

    granted_bytes_per_s: int  # all grants of the place together; 0: it is served as free peers are, and no better
    torrents: frozenset[str] = frozenset()  # keys of its deals: their free peers say how fast that is


@dataclass(frozen=True)
class ShareUpload:
    """Share the upload like this from now on; it replaces what was said before, whole.

    It stands for LANES_STAND_S and has to be repeated: each round does. Without it, and while the limit is 0, the
    market is idle and nothing is throttled. The engine puts lanes first, then says in `LanesStand` how they are.
    """

    limit_bytes_per_s: int = 0  # of all upload together, U; 0: the market is idle
    free_share_ppm: int = 200_000  # of the limit that lanes never get
    lanes: Mapping[str, Lane] = field(default_factory=dict)  # by place


@dataclass(frozen=True)
class Bounce:
    """Drop every connection with a place and make them anew, on all torrents: its seller has a lane for us.

    Once per place in BOUNCE_PAUSE_S; one that is asked for sooner waits. `Bounced` says when it is done.
    """

    place: str
    ports: tuple[int, ...] = ()  # where the seller says that it listens: who called us can't be called back elsewhere


@dataclass(frozen=True)
class Watch:
    """Run meters for these torrents and places, and for no others; it replaces what was said before, whole."""

    sells: Mapping[str, frozenset[str]] = field(default_factory=dict)  # torrent key -> places: `Sent`
    buys: Mapping[str, frozenset[str]] = field(default_factory=dict)  # same: `Received` and `PieceChecked`


@dataclass(frozen=True)
class Announce:
    """Announce these DHT keys of 20 bytes with these ports, each again every 15 to 30 minutes; replaces the last."""

    targets: Mapping[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FindSellers:
    """Ask the DHT who announced this key; every answer is a `SellersFound`, and there may be none."""

    target: bytes


@dataclass(frozen=True)
class Reach:
    """Connect a torrent to these endpoints, if it has not done so."""

    key: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True)
class MapPort:
    """Have the router let TCP in at this port, as for the torrent port; 0 for none. `PortMapped` tells the outcome."""

    port: int = 0


@dataclass(frozen=True)
class LookAtPeers:
    """Tell once, in a `PeersSeen` each, whom these torrents are connected to."""

    keys: frozenset[str]


StandingOrder = ShareUpload | Watch | Announce | MapPort  # the last one of each kind is the whole truth
Errand = Bounce | FindSellers | Reach | LookAtPeers
Order = StandingOrder | Errand

# --- reports: what an engine answers ----------------------------------------------------------------------------------


class LaneKind(enum.StrEnum):
    OWN = "own"  # a class of its own carries at least one connection of the place
    SHARED = "shared"  # the class of all that came when there was no other left
    WAITING = "waiting-for-reconnect"  # a class is ready, and no connection was made under it yet


@dataclass(frozen=True)
class LaneStand:
    """How one place stands."""

    kind: LaneKind
    limit_bytes_per_s: int  # of its class; of the shared class as a whole; 0: none
    sent_bytes_per_s: int  # measured over the last second, to this place under its class
    connections: int = 0  # made under its class
    free_connections: int = 0  # made before: they are free peers until they are bounced


@dataclass(frozen=True)
class LanesStand:
    """How the upload is shared now: each second while there are lanes, and whenever a place has changed its kind."""

    places: Mapping[str, LaneStand]
    free_limit_bytes_per_s: int  # 0: unlimited


@dataclass(frozen=True)
class Reading:
    """A counter of one connection. A number that was not seen before is a new connection: its counter began at 0."""

    key: str
    endpoint: str
    peer_id: bytes  # 20 bytes
    connection: int  # never used twice in the life of an engine; engines of one process do not share numbers either
    sent_bytes: int  # payload ever


@dataclass(frozen=True)
class Sent:
    """Counters of all connections with watched places: every READ_EVERY_S while `Watch.sells` names any."""

    readings: tuple[Reading, ...]
    at_s: float  # time.monotonic() of the reading


@dataclass(frozen=True)
class Block:
    key: str
    endpoint: str
    piece: int
    block: int  # within the piece
    size_bytes: int  # BLOCK_BYTES but for the last one of a piece


@dataclass(frozen=True)
class Received:
    """Blocks that arrived from watched places and are on their way to disk: once each, in their order."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class PieceChecked:
    """A piece of a bought torrent was compared with its hash; it comes after its blocks."""

    key: str
    piece: int
    passed: bool


@dataclass(frozen=True)
class Bounced:
    """A place was dropped, and these endpoints are being connected to again; none: there was nobody to drop."""

    place: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True)
class SellersFound:
    target: bytes
    endpoints: tuple[str, ...]


@dataclass(frozen=True)
class SwarmPeer:
    """One connection of a torrent."""

    endpoint: str
    place: str
    peer_id: bytes
    incoming: bool  # it called us: the port of its endpoint need not be one where it listens
    is_free: bool  # under no lane class
    interested: bool  # in what we have
    unchoked: bool  # we serve it
    is_wanted: bool  # it has something for us
    serves_us: bool
    progress_ppm: int
    up_bytes_per_s: int  # payload from us to it
    down_bytes_per_s: int
    sent_bytes: int
    received_bytes: int


@dataclass(frozen=True)
class PeersSeen:
    key: str
    peers: tuple[SwarmPeer, ...]


@dataclass(frozen=True)
class PortMapped:
    """What the router said of the port that `MapPort` asked for; "" before it has answered."""

    text: str


Report = LanesStand | Sent | Received | PieceChecked | Bounced | SellersFound | PeersSeen | PortMapped
