"""When a swarm is too slow for a wish, and when it is fast enough without money: neither for a moment only."""

from dataclasses import dataclass, replace

SLOW_S = 60
SHORT_PERCENT = 90  # below so much of the wish it falls short; from the whole wish on it is met
# A block of control and a round: who has to be ready by a time must not be so at the last moment.
MOST_SPARE_S = 70
EVERYTHING_BYTES_PER_S = 1 << 40


@dataclass(frozen=True, slots=True)
class Goal:
    """What a user wants of a torrent: a speed, to have it by a time, or both."""

    least_bytes_per_s: int = 0
    finish_at_s: int | None = None

    def is_late(self, *, now_s: int) -> bool:
        """Whether its time has passed, so that no money could meet it any more."""
        return self.finish_at_s is not None and now_s >= self.finish_at_s

    def needed_bytes_per_s(self, *, left_bytes: int, now_s: int) -> int:
        """Return how fast it must go from now on, rounded up."""
        if self.finish_at_s is None:
            return self.least_bytes_per_s
        left_s = self.finish_at_s - now_s
        left_s -= min(MOST_SPARE_S, left_s // 2)
        return max(self.least_bytes_per_s, min(-(-left_bytes // max(left_s, 1)), EVERYTHING_BYTES_PER_S))


@dataclass(frozen=True, slots=True)
class Watch:
    """Whether a torrent shall be bid for, and since when what it is seen doing says the opposite."""

    is_slow: bool = False
    opposite_since_s: int | None = None

    @property
    def is_met(self) -> bool:
        """Whether the wish is met without money, be it for a moment only."""
        return not self.is_slow or self.opposite_since_s is not None

    def after(
        self,
        *,
        total_bytes_per_s: int,
        free_bytes_per_s: int,
        needed_bytes_per_s: int,
        now_s: int,
        slow_s: int = SLOW_S,
    ) -> "Watch":
        """Return it after a look: too slow in all for a minute, or fast enough without money for a minute.

        What was fast enough at the last look has to fall short again, or a swarm that gives about what is wished would
        be bid for in one round and not in the next.
        """
        if self.is_slow:
            percent = 100 if self.opposite_since_s is None else SHORT_PERCENT
            says_opposite = free_bytes_per_s * 100 >= needed_bytes_per_s * percent
        else:
            says_opposite = total_bytes_per_s * 100 < needed_bytes_per_s * SHORT_PERCENT
        if not says_opposite:
            return replace(self, opposite_since_s=None)
        since_s = now_s if self.opposite_since_s is None else min(self.opposite_since_s, now_s)
        if now_s - since_s >= slow_s:
            return Watch(is_slow=not self.is_slow)
        return replace(self, opposite_since_s=since_s)
