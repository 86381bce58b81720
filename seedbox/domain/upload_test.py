"""How fast a node can upload: the highest mean over ten seconds that it was seen to reach in the last week.

The node keeps it: with each beat it reads the engine's counter of payload sent, and takes the mean over the shortest
span of at least ten seconds that its readings allow. Two figures go with the node's other counters into its row, so
that a restart forgets nothing. A mean that is a week old gives way to what is measured next. Nothing is sent for the
sake of it: who wants a better figure lets the node seed to fast peers for ten seconds without a limit.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

SPAN_S = 10.0
LATELY_S = 7 * 24 * 3600.0
SUGGESTED_PERCENT = 85
MAX_READINGS = 100  # far more than beats in a span
BEST, BEST_AT = "best_upload_bytes_per_s", "best_upload_at_s"  # of the node's counters


@dataclass
class UploadTest:
    best_bytes_per_s: int = 0  # 0: nothing was measured lately
    best_at_s: int = 0  # unix time
    _readings: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=MAX_READINGS), repr=False)

    @classmethod
    def from_counters(cls, counters: Mapping[str, int], *, now_s: float) -> "UploadTest":
        """Go on with what a node's row says."""
        test = cls(counters.get(BEST, 0), counters.get(BEST_AT, 0))
        test._forget(now_s)
        return test

    def see(self, sent_bytes: int, *, clock_s: float, now_s: float) -> None:
        """Take a reading of the counter at a time of a clock that never jumps; `now_s` is what people call now."""
        self._forget(now_s)
        if self._readings and (sent_bytes < self._readings[-1][1] or clock_s <= self._readings[-1][0]):
            self._readings.clear()  # another engine
        self._readings.append((clock_s, sent_bytes))
        while len(self._readings) > 1 and clock_s - self._readings[1][0] >= SPAN_S:
            self._readings.popleft()
        since_s, since_bytes = self._readings[0]
        if clock_s - since_s >= SPAN_S:
            mean = int((sent_bytes - since_bytes) / (clock_s - since_s))
            if mean > self.best_bytes_per_s:
                self.best_bytes_per_s, self.best_at_s = mean, int(now_s)

    @property
    def suggested_limit_bytes_per_s(self) -> int:
        """What the page offers as the limit of a node that sells; rounded down."""
        return self.best_bytes_per_s * SUGGESTED_PERCENT // 100

    @property
    def counters(self) -> dict[str, int]:
        return {BEST: self.best_bytes_per_s, BEST_AT: self.best_at_s}

    def _forget(self, now_s: float) -> None:
        if now_s - self.best_at_s > LATELY_S:
            self.best_bytes_per_s = self.best_at_s = 0
