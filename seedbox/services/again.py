"""Lets open pages read a kind again after a while, of which nobody tells when it changes.

Whoever reads such a kind for a socket asks here to be told again. Only sockets that still watch it are told, and read,
and ask: so nothing is read for nobody, and it ends by itself when the last page is closed.
"""

import threading

from seedbox.services import watchables

_lock = threading.Lock()
_waiting: set[tuple[str, int]] = set()


def tell_later(kind: str, user_id: int, *, pause_s: float) -> None:
    """Tell the user's pages after a pause; asking again meanwhile changes nothing."""
    with _lock:
        if (kind, user_id) in _waiting:
            return
        _waiting.add((kind, user_id))
    timer = threading.Timer(pause_s, _tell, (kind, user_id))
    timer.daemon = True
    timer.start()


def _tell(kind: str, user_id: int) -> None:
    with _lock:
        _waiting.discard((kind, user_id))
    watchables.tell(kind, [user_id])
