"""What other apps let a page watch: the composition root registers each kind by name, with what reads it.

A page watches such a kind as a whole, and always its user's own: the name on the socket is the kind alone. Whoever
changes something tells it here, by kind and user; the socket then reads and sends how things stand.
"""

import atexit
import logging
import threading
from collections.abc import Callable, Iterable, Mapping

from django.conf import settings

from seedbox.services.encoding import encode
from seedbox.services.live import user_group
from seedbox.services.outbox import Outbox
from seedbox.services.watches import WatchesUnknown, WatchReader

Message = Mapping[str, object]
Reader = Callable[[int], Iterable[Message]]  # of a user's id

MAX_UNTOLD = 100_000  # of a dead Redis; when it is back, open pages read everything anew anyway
PAUSE_S = 0.2  # between two rounds: a page that changes all the time is read so often and no more
REST_S = 2.0  # while Redis is dead
CLOSE_WAIT_S = 1.0

_ORDER = "changed "  # before a kind: a message to the sockets themselves, no JSON

logger = logging.getLogger(__name__)
_readers: dict[str, Reader] = {}
_for_admins: set[str] = set()


def register(kind: str, reader: Reader, *, for_admins: bool = False) -> None:
    """Let pages watch `kind`, a word of small letters; `reader` returns how a user's stands, as messages.

    What is for admins only pages of admins show: the socket of one who is none any more tells them (`web/rights`).
    """
    forget(kind)
    _readers[kind] = reader
    if for_admins:
        _for_admins.add(kind)


def forget(kind: str) -> None:
    _readers.pop(kind, None)
    _for_admins.discard(kind)


def are_for_admins(kinds: Iterable[str]) -> bool:
    return not _for_admins.isdisjoint(kinds)


def known(kinds: Iterable[str]) -> frozenset[str]:
    return frozenset(kind for kind in kinds if kind in _readers)


def read(kinds: Iterable[str], *, user_id: int) -> list[str]:
    """Return how the user's own stand, as encoded messages."""
    return [encode(message) for kind in sorted(kinds) for message in _readers[kind](user_id)]


def watched_name(kind: str, user_id: int) -> str:
    return f"{kind}-{user_id}"


def kind_of_order(text: str) -> str | None:
    """Return the kind that a group's message says has changed; None if it says something else."""
    return text.removeprefix(_ORDER) if text.startswith(_ORDER) else None


class Teller:
    """Tells sockets that something of a user's has changed, from a thread of its own: telling never waits.

    Only what somebody watches is told. While Redis is dead, what is to be told waits.
    """

    def __init__(self, *, redis_url: str) -> None:
        self._redis_url = redis_url
        self._untold: set[tuple[str, int]] = set()
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    def tell(self, kind: str, user_ids: Iterable[int]) -> None:
        with self._changed:
            if self._closing or len(self._untold) >= MAX_UNTOLD:
                return
            self._untold.update((kind, user_id) for user_id in user_ids)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="teller", daemon=True)
                self._thread.start()
            self._changed.notify()

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """Tell what is left, if that is quickly done."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_WAIT_S)

    def _run(self) -> None:
        reader, outbox = WatchReader(redis_url=self._redis_url), Outbox(name="teller")
        while self._wait_for_news():
            with self._changed:
                news, self._untold = self._untold, set()
            is_told = self._tell(news, reader, outbox)
            with self._changed:
                if not is_told:
                    self._untold |= news
                if not self._closing:
                    self._changed.wait_for(lambda: self._closing, PAUSE_S if is_told else REST_S)
                elif not is_told:
                    break
        outbox.close()
        reader.close()

    def _wait_for_news(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._untold or self._closing)
            return bool(self._untold)

    def _tell(self, changes: set[tuple[str, int]], reader: WatchReader, outbox: Outbox) -> bool:
        try:
            watched = reader.read().others
        except WatchesUnknown as problem:
            logger.info("open pages are told later: %s", problem)
            return False
        return all(
            outbox.post_and_wait(group=user_group(user_id), text=f"{_ORDER}{kind}")
            for kind, user_id in sorted(changes)
            if watched_name(kind, user_id) in watched
        )


class _ThisProcess:
    """The process's teller, made on first use: most processes never need it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._teller: Teller | None = None

    def tell(self, kind: str, user_ids: Iterable[int]) -> None:
        with self._lock:
            if self._teller is None:
                self._teller = Teller(redis_url=settings.REDIS_URL)
                atexit.register(self._teller.close)  # a command ends right after it has changed something
        self._teller.tell(kind, user_ids)


_this_process = _ThisProcess()


def tell(kind: str, user_ids: Iterable[int]) -> None:
    """Let open pages of these users read `kind` again. Never raises or waits, whether Redis lives or not."""
    _this_process.tell(kind, user_ids)
