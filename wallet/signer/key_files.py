"""The file whose keys open the keystore without a person: `ID HEX` lines, one in use, two while a rotation runs."""

import errno
import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wallet.domain import signer_words
from wallet.signer.secret import Secret

KEY_BYTES = 32
_LINE = re.compile(r"([0-9a-f]{16}) ([0-9a-f]{64})")
_OTHERS = 0o077
MOST_BYTES = 4_096
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP)  # what FAT, exFAT and some mounts say to a link


class BadKeyFile(Exception):
    """The key file can't be used: {reason}."""


def fresh_key() -> tuple[str, Secret]:
    """Return a new key and its id."""
    return secrets.token_hex(8), Secret(secrets.token_bytes(KEY_BYTES))


def read(path: Path) -> dict[str, Secret]:
    """Return the keys by id; raises BadKeyFile also when others may read the file."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(MOST_BYTES).decode("ascii", errors="replace")
    except OSError as problem:
        raise BadKeyFile(signer_words.KEY_FILE_UNREADABLE % {"path": path, "strerror": problem.strerror}) from None
    if mode & _OTHERS:
        raise BadKeyFile(signer_words.KEY_FILE_OPEN % {"path": path})
    keys = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise BadKeyFile(signer_words.KEY_FILE_LINE % {"path": path})
        keys[match[1]] = Secret(bytes.fromhex(match[2]))
    return keys


def change(path: Path, how: Callable[[dict[str, Secret]], Mapping[str, Secret]]) -> None:
    """Put what `how` makes of the keys, none while there is no file, in their place; raises BadKeyFile.

    Another change waits meanwhile, or one of the two would be lost; who reads needs not wait. The file is written whole
    or not at all, for its owner alone.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone_at(path):
        keys = how(read(path) if path.exists() else {})
        write_whole(path, "".join(f"{name} {key.reveal().hex()}\n" for name, key in keys.items()).encode())


@contextmanager
def alone_at(path: Path) -> Iterator[None]:
    """Keep whoever else would change this file, of keys or a keystore, waiting.

    The lock is on a file beside: the file itself is replaced by each change, and a lock would stay with the old one.
    It keeps out no editor and no copy that a person puts there.
    """
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes, *, replacing: bool = True) -> None:
    """Write a private file that after any crash is there whole or as it was before.

    Raises FileExistsError when it is there and may not be replaced. A new one on a stick with FAT may be there in part
    after a crash, as such a disk has no links.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        _write_new(fresh, content)
        if replacing:
            fresh.replace(path)
        else:
            _put_new(fresh, path, content)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def _put_new(fresh: Path, path: Path, content: bytes) -> None:
    """Give the fresh file its name, unless another has it."""
    try:
        path.hardlink_to(fresh)
    except OSError as problem:
        if problem.errno not in NO_LINKS:
            raise
        try:
            _write_new(path, content)
        except FileExistsError:
            raise
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _write_new(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
