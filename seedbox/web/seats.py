"""How many sockets each user has open in this process."""

from collections import Counter

SEATS_PER_USER = 64  # open pages; a browser with more of them is no person


class Seats:
    """Counts sockets by user. Belongs to the thread of one event loop."""

    def __init__(self, limit: int = SEATS_PER_USER) -> None:
        self._limit = limit
        self._taken: Counter[int] = Counter()
        self.begun_anew = 0  # how often a browser was so slow that it was sent everything once more

    @property
    def taken(self) -> int:
        """How many sockets are open."""
        return self._taken.total()

    def take(self, user_id: int) -> bool:
        """Take a seat; false: this user has all that one person gets."""
        if self._taken[user_id] >= self._limit:
            return False
        self._taken[user_id] += 1
        return True

    def give_back(self, user_id: int) -> None:
        self._taken[user_id] -= 1
        if self._taken[user_id] <= 0:
            del self._taken[user_id]
