"""What is done again and again, each at its own pace."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Pause:
    """A time in which something is not done; a clock that is set back ends it, or it could last for hours."""

    since: datetime
    lasts: timedelta

    def runs(self, now: datetime) -> bool:
        return timedelta(0) <= now - self.since < self.lasts


class Due:
    """Says when something is due again; a clock that was set back makes it due at once."""

    def __init__(self) -> None:
        self._done_at: dict[str, datetime] = {}

    def is_due(self, what: str, pause: timedelta, now: datetime) -> bool:
        """Whether it was not done for so long; it counts as done now."""
        last = self._done_at.get(what)
        if last is not None and timedelta(0) <= now - last < pause:
            return False
        self._done_at[what] = now
        return True
