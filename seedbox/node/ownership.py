"""One process per node and data folder: the kernel's lock on a file, which ends with its process, however that ends."""

import fcntl
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOKEN_CHARS = 32
_TOKEN = re.compile(rf"[0-9a-f]{{{TOKEN_CHARS}}}")


class FolderInUse(Exception):
    """Another process runs this node from the same data folder: stop that one first."""


@contextmanager
def owned(lock_file: Path) -> Iterator[str]:
    """Hold the lock, and give the token under which this folder's node owns its lease; raises FolderInUse.

    The token stays the same over restarts: whoever holds the lock knows that the process before it is dead, so a
    restart need not wait for that one's lease to expire, and a process of another machine or folder has to.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a+", errors="replace") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(
                f"another process runs this node from the same data folder ({lock_file} is locked): stop that one first"
            ) from None
        file.seek(0)
        token = file.read().strip()
        if not _TOKEN.fullmatch(token):  # new, or damaged: then the lease of before has to expire
            token = secrets.token_hex(TOKEN_CHARS // 2)
            file.truncate(0)
            file.write(token)
            file.flush()
        yield token
