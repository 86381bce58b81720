"""Whom something concerns, when that is found out again and again."""

import threading


class Concern:
    """Adds whom it concerned the last time: that it is over for somebody is news for them, too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: frozenset[int] = frozenset()

    def anew(self, user_ids: frozenset[int]) -> frozenset[int]:
        with self._lock:
            before, self._last = self._last, user_ids
        return before | user_ids
