"""Whether a seller serves us while we pay nothing as it serves others, or starves us so that its lanes look better.

Who has no lane has no claim to a slot, but whoever has a slot gets at least 16 KiB/s. So only time counts in which the
seller had given us one and we wanted something, and only between two lanes that both showed that we can take more: a
limit of our own, or a slow way to it, shall be held against nobody. A seller's limit is one for all that it serves at a
place, so what is counted may be a small part of what it sends there.

Beside it stands `uplift.UnpaidService`, which knows only controls, and holds a seller against what itself gave before:
that finds who gives less than it did, this finds who gives less than anybody may. Either ends all deals with a seller
for the same time, and judges nobody without a deal, so that nobody is left alone twice for one thing.
"""

from dataclasses import dataclass, replace

LEAST_BYTES_PER_S = 16 * 1024
UNSEEN = 16  # that may share a seller's limit with us: torrents without a deal, neighbours, places of its last lane
SLOW_BYTES_PER_S = LEAST_BYTES_PER_S // UNSEEN  # below this it is no accident
LANE_BYTES_PER_S = 64 * 1024  # a lane that was as fast shows that we can take more
JUDGED_MS = 120_000


@dataclass(frozen=True, slots=True)
class FreeService:
    """What one seller has sent us without a lane. Speeds and times come from looks at its connections."""

    is_lane: bool = False  # the last that was seen
    has_shown: bool = False  # that lane, that we can take more
    waiting_ms: int = 0  # since a lane that has; they count when the next one has, too
    waiting_bytes: int = 0
    counted_ms: int = 0
    counted_bytes: int = 0

    def in_lane(self, *, speed_bytes_per_s: int) -> "FreeService":
        """Some time went by in a lane."""
        is_fast = speed_bytes_per_s >= LANE_BYTES_PER_S
        new = replace(self, is_lane=True, has_shown=is_fast or (self.is_lane and self.has_shown))
        if not is_fast:
            return new
        return replace(
            new.rested(),
            counted_ms=self.counted_ms + self.waiting_ms,
            counted_bytes=self.counted_bytes + self.waiting_bytes,
        )

    def unpaid(self, *, duration_ms: int, size_bytes: int) -> "FreeService":
        """Some time went by without a lane, in which it let us have something and we wanted it."""
        before = self.rested() if self.is_lane else self
        if not before.has_shown:
            return replace(before, is_lane=False)
        return replace(
            before,
            is_lane=False,
            waiting_ms=before.waiting_ms + duration_ms,
            waiting_bytes=before.waiting_bytes + size_bytes,
        )

    def rested(self) -> "FreeService":
        """Return it without what was waiting."""
        return replace(self, waiting_ms=0, waiting_bytes=0)

    @property
    def is_known(self) -> bool:
        """Whether there is enough to judge by."""
        return self.counted_ms >= JUDGED_MS

    @property
    def speed_bytes_per_s(self) -> int:
        return self.counted_bytes * 1_000 // max(self.counted_ms, 1)

    @property
    def starves(self) -> bool:
        return self.is_known and self.speed_bytes_per_s < SLOW_BYTES_PER_S
