"""How fast free peers and lanes may go, from what was measured."""

from collections import deque
from collections.abc import Collection
from statistics import median_low

from seedbox.domain.units import PPM

LEAST_BYTES_PER_S = 16 * 1024  # nobody is served more slowly: a handshake would stall
FLOW_SPAN_S = 1.0
GROWTH_PARTS = 64  # of the limit: one of them is room for lanes to grow, and what they hardly miss


def free_limit(*, limit_bytes_per_s: int, free_share_ppm: int, lane_use_bytes_per_s: int) -> int:
    """Return the limit of all free peers together: what lanes leave unused of the limit, never below the free share.

    The share is rounded up, in favour of those that don't pay.
    """
    share = -(-limit_bytes_per_s * free_share_ppm // PPM)
    return max(limit_bytes_per_s - lane_use_bytes_per_s, share, LEAST_BYTES_PER_S)


def room_to_grow(
    *, limit_bytes_per_s: int, granted_bytes_per_s: int, use_bytes_per_s: int, gained_bytes_per_s: int
) -> int:
    """Return what free peers leave beside what lanes use, while lanes use less than was granted.

    Where the line is no faster than the limit, it is full with what lanes use and free peers may: everybody would stay
    as fast as they were before, whatever was granted. So lanes have a little room, and twice what they gained last. A
    lane that never uses its grant costs free peers the little room, and no more.
    """
    missing = max(granted_bytes_per_s - use_bytes_per_s, 0)
    return min(missing, limit_bytes_per_s // GROWTH_PARTS + 2 * max(gained_bytes_per_s, 0))


def free_speed(
    *, in_torrent: Collection[int], on_node: Collection[int], free_limit_bytes_per_s: int, shares: int = 1
) -> int:
    """Return how fast a lane goes that has no grant: for each of those that share it as the median free peer.

    That is of the peers that are interested and unchoked in the torrent, else on the node. Without any, and at most,
    all of them have what all free peers together may.
    """
    speeds = in_torrent or on_node
    each = median_low(speeds) if speeds else free_limit_bytes_per_s
    return max(min(each * shares, free_limit_bytes_per_s), LEAST_BYTES_PER_S * shares)


class Flow:
    """Bytes per second over the last second of what is counted up."""

    def __init__(self, now_s: float) -> None:
        self._counted_bytes = 0
        self._readings: deque[tuple[float, int]] = deque([(now_s, 0)])

    def count(self, more_bytes: int, now_s: float) -> None:
        self._counted_bytes += more_bytes
        self._readings.append((now_s, self._counted_bytes))
        while len(self._readings) > 2 and now_s - self._readings[1][0] >= FLOW_SPAN_S:
            self._readings.popleft()

    @property
    def bytes_per_s(self) -> int:
        (since_s, since_bytes), (last_s, last_bytes) = self._readings[0], self._readings[-1]
        return int((last_bytes - since_bytes) / max(last_s - since_s, FLOW_SPAN_S / 5))
