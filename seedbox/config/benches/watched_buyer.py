"""The buying side of a node that notes when its first lane came to be what was granted, for benches."""

import time
from collections import deque
from datetime import datetime

from seedbox.domain.lanes import Bounced, Received, Report
from speed.agent.buyer import Buyer
from speed.agent.side import Floor
from speed.domain.messages import Grants, Message
from speed.wire.port import Link

FULL_PERCENT = 90
FULL_FOR_S = 1.0


class Times:
    """When what was seen first, by this process's monotonic clock; 0 while it was not."""

    granted_at_s = 0.0  # the seller's first grant was heard
    bounced_at_s = 0.0  # connections of before were dropped: what arrives after that came through the lane
    paid_block_at_s = 0.0  # a block came through the lane that is to be paid for
    full_at_s = 0.0  # within the last second the lane has had nearly all of what was granted at that time
    granted_bytes_per_s = 0  # of the newest grant
    most_granted_bytes_per_s = 0
    vouchers = 0  # frames that were sent

    def figures(self) -> dict[str, float]:
        return {
            "first_paid_byte_s": round(self.paid_block_at_s - self.granted_at_s, 2),
            "lane_90_s": round(self.full_at_s - self.granted_at_s, 2),
            "most_granted_bytes_per_s": self.most_granted_bytes_per_s,
            "vouchers": self.vouchers,
        }


class WatchedBuyer(Buyer):
    def __init__(self, floor: Floor, times: Times) -> None:
        super().__init__(floor)
        self._times = times
        self._arrived: deque[tuple[float, int]] = deque()

    def heard(self, link: Link, message: Message, now: datetime) -> None:
        super().heard(link, message, now)
        if isinstance(message, Grants):
            self._times.granted_at_s = self._times.granted_at_s or time.monotonic()
            self._times.granted_bytes_per_s = granted = sum(grant.speed_bytes_per_s for grant in message.grants)
            self._times.most_granted_bytes_per_s = max(self._times.most_granted_bytes_per_s, granted)

    def report(self, report: Report, now: datetime) -> None:
        super().report(report, now)
        match report:
            case Bounced():
                self._times.bounced_at_s = self._times.bounced_at_s or time.monotonic()
            case Received() if self._times.bounced_at_s:
                self._count(sum(block.size_bytes for block in report.blocks), time.monotonic())

    def tick(self, now: datetime) -> None:
        super().tick(now)
        self._times.vouchers = self.counters()["vouchers_sent"]

    def _count(self, size_bytes: int, now_s: float) -> None:
        times, counters = self._times, self.counters()
        if not times.paid_block_at_s and counters["buying_unpaid_bytes"] + counters["vouchers_sent"]:
            times.paid_block_at_s = now_s
        self._arrived.append((now_s, size_bytes))
        while now_s - self._arrived[0][0] > FULL_FOR_S:
            self._arrived.popleft()
        arrived_bytes = sum(each for _, each in self._arrived)
        if arrived_bytes * 100 >= times.granted_bytes_per_s * FULL_PERCENT * FULL_FOR_S:
            times.full_at_s = times.full_at_s or now_s
