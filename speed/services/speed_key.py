"""The node's Speed key: it signs vouchers and what is asked of hubs, and nothing else. Made once, kept in a file."""

import contextlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from wallet.domain.tron.keys import BadKey, public_key_of

MODE = 0o600
FILE_NAME = "speed.key"


class SpeedKeyBroken(Exception):
    """The file of the Speed key can't be used. Whoever has a copy of it should bring it back: money hangs on it."""


@dataclass(frozen=True)
class SpeedKey:
    private_key: bytes = field(repr=False)
    public_key: bytes  # 33 bytes


def read_or_make(folder: Path) -> SpeedKey:
    """Return the key kept in a folder of the node's, made on the first call; raises SpeedKeyBroken, OSError."""
    path = folder / FILE_NAME
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        path.chmod(MODE)
    try:
        private_key = bytes.fromhex(path.read_text().strip())
        return SpeedKey(private_key, public_key_of(private_key))
    except (ValueError, BadKey):
        raise SpeedKeyBroken(
            f"{path} holds no Speed key. Bring a copy of it back, or delete it for a new one: channels that were "
            "opened for the old one then run out."
        ) from None


def _make(path: Path) -> None:
    """Let the file appear whole or not at all; of two processes that start at once, one makes it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w") as file:
        file.write(draw().hex())
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()


def draw() -> bytes:
    """Return a new private key."""
    while True:  # one draw in 2**128 is no key
        drawn = secrets.token_bytes(32)
        with contextlib.suppress(BadKey):
            public_key_of(drawn)
            return drawn
