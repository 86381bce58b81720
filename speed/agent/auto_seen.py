"""What one seller gives for money and without, as its torrent's connections are looked at."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from speed.domain.deals import SHARED_PERCENT, SHARED_ROUNDS

LANE_OPENS_WITHIN = timedelta(seconds=20)
LOOKS = 6  # with a lane or without: what comes is their mean


@dataclass
class SellerSeen:
    """One seller of one torrent."""

    free: deque[int] = field(default_factory=lambda: deque(maxlen=LOOKS))  # bytes per second, without a lane
    in_control: list[int] = field(default_factory=list)  # the same, in the control that runs
    lane_at: datetime | None = None  # when it last had a lane
    lane_since: datetime | None = None  # the one that it has
    in_lane: deque[int] = field(default_factory=lambda: deque(maxlen=LOOKS))
    short_rounds: int = 0  # in a row, in which far less came than was granted

    @property
    def free_bytes_per_s(self) -> int:
        return sum(self.free) // len(self.free) if self.free else 0

    @property
    def came_bytes_per_s(self) -> int:
        """Return what comes while it has a lane."""
        return sum(self.in_lane) // len(self.in_lane) if self.in_lane else 0

    def look_at_lane(self, speed_bytes_per_s: int, *, has_lane: bool, now: datetime) -> None:
        if not has_lane:
            self.lane_since = None
            self.in_lane.clear()
            return
        self.lane_at, self.lane_since = now, self.lane_since or now
        self.in_lane.append(speed_bytes_per_s)

    def falls_short(self, granted_bytes_per_s: int, now: datetime) -> bool:
        """Whether less than half of what was granted has come for some rounds, without the time that a lane needs."""
        if self.lane_since is None or now - self.lane_since < LANE_OPENS_WITHIN:
            return False
        is_short = self.came_bytes_per_s * 100 < granted_bytes_per_s * SHARED_PERCENT
        self.short_rounds = self.short_rounds + 1 if is_short else 0
        return self.short_rounds >= SHARED_ROUNDS
