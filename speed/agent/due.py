"""What is done again and again, each at its own pace."""

from datetime import datetime, timedelta


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
