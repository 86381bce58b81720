"""What a torrent had loaded by when, and how fast that was while it was paid for."""

from bisect import bisect_right
from dataclasses import dataclass, field

from speed.domain.controls import Controls


@dataclass
class Loaded:
    """Bytes by time, as seen now and then; between two looks they came evenly."""

    times_s: list[float] = field(default_factory=list)
    sizes_bytes: list[int] = field(default_factory=list)

    def note(self, at_s: float, size_bytes: int) -> None:
        if not self.times_s or at_s > self.times_s[-1]:
            self.times_s.append(at_s)
            self.sizes_bytes.append(size_bytes)

    def at(self, at_s: float) -> float:
        """Return how many bytes there were then; outside of what was seen, as at its end."""
        after = bisect_right(self.times_s, at_s)
        if after in (0, len(self.times_s)):
            return self.sizes_bytes[0 if after == 0 else -1]
        (low_s, high_s), (low, high) = self.times_s[after - 1 : after + 1], self.sizes_bytes[after - 1 : after + 1]
        return low + (high - low) * (at_s - low_s) / (high_s - low_s)

    def speed(self, begin_s: float, end_s: float) -> float:
        """Return the mean speed between two times."""
        return (self.at(end_s) - self.at(begin_s)) / (end_s - begin_s)

    def paid_speed(self, controls: Controls, *, lasts_s: int, is_settled: bool) -> float:
        """Return the mean speed in the paid seconds of so many from the first bid on.

        Settled are those that count in the pairs: see `controls`.
        """
        size_bytes, count = 0.0, 0
        for into_s in range(lasts_s):
            at_ms = controls.began_at_ms + into_s * 1_000
            ends = [controls.place_at(at_ms), controls.place_at(at_ms + 1_000)]
            if not any(place.is_control or (is_settled and not place.is_measured) for place in ends):
                size_bytes += self.at(at_ms / 1_000 + 1) - self.at(at_ms / 1_000)
                count += 1
        return size_bytes / max(count, 1)
