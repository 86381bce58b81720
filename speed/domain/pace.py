"""How much of what comes from one peer is taken: messages over time, and connections at once."""

from collections import Counter
from collections.abc import Hashable


class Bucket:
    """So many at once, and so many a second after that, by a clock that never goes back."""

    def __init__(self, *, per_s: int, burst: int, now_s: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = float(burst)
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Take one if there is one."""
        if self.wait_s(now_s) > 0:
            return False
        self._left -= 1
        return True

    def wait_s(self, now_s: float) -> float:
        """Return how long it takes until there is one; 0.0 if there is."""
        self._left = min(float(self._burst), self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        return 0.0 if self._left >= 1 else (1 - self._left) / self._per_s


class Seats:
    """Places for a crowd of which nobody may take more than his share."""

    def __init__(self, *, each: int, together: int) -> None:
        self._each = each
        self._together = together
        self._taken: Counter[Hashable] = Counter()
        self.taken = 0

    def take(self, who: Hashable) -> bool:
        """Take one for them, if neither they nor all together have too many."""
        if self._taken.get(who, 0) >= self._each or self.taken >= self._together:
            return False
        self._taken[who] += 1
        self.taken += 1
        return True

    def give_back(self, who: Hashable) -> None:
        """Let go of one that was taken."""
        self.taken -= 1
        self._taken[who] -= 1
        if not self._taken[who]:
            del self._taken[who]
