"""What was signed for whom it leaves us, by chain time: sums over rolling windows."""

from bisect import bisect_right
from collections import defaultdict

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Spending:
    """Amounts by asset. All of them stay in memory: a million take some hundred megabytes, and years."""

    def __init__(self) -> None:
        self._times: dict[str, list[int]] = defaultdict(list)
        self._totals: dict[str, list[int]] = defaultdict(lambda: [0])  # before the first, behind the first …

    def add(self, asset: str, amount: int, *, at_ms: int) -> None:
        times, totals = self._times[asset], self._totals[asset]
        place = bisect_right(times, at_ms)
        times.insert(place, at_ms)
        totals.insert(place + 1, totals[place])
        for later in range(place + 1, len(totals)):  # one, as chain time goes on
            totals[later] += amount

    def since(self, asset: str, at_ms: int) -> int:
        """Return the sum of what was signed after that time.

        Also of what claims to be from the future: a caller who makes up a late block, whose transactions no chain
        takes, must not make room with it.
        """
        totals = self._totals[asset]
        return totals[-1] - totals[bisect_right(self._times[asset], at_ms)]
