"""The demo that a box's page shows: one at a time, told in a file of the data folder.

The demo itself holds the lock, so that any web process can see whether one runs; its file tells how far it is. Its
input is a pipe from the web process that has started it: when that ends, the demo does.
"""

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from seedbox.config.demo.failure import DemoFailed
from seedbox.config.demo.story import RUNS, Story
from seedbox.config.env import ROOT, Environment
from seedbox.domain.kept import kept as _

WRITES_EVERY_S = 0.5
BEGIN_S = 10.0  # from the click to the first line
TRIES = 10

_children: list["subprocess.Popen[bytes]"] = []  # of this web process, until they are reaped


class Recorder:
    """Writes a story down for the page, as it is told."""

    def __init__(self, data: Path) -> None:
        self._file = _folder(data) / "story.json"
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(_lock_of(data), os.O_RDWR | os.O_CREAT, 0o600)
        tries = TRIES
        while not _locks(self._lock):  # a page that looks whether one runs has it for a moment
            if not (tries := tries - 1):
                raise DemoFailed(_("A demo runs already: it is on the box's page."))
            time.sleep(WRITES_EVERY_S / TRIES)
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        self._written_s = 0.0
        self._state = ""

    def __call__(self, story: Story) -> None:
        now_s = time.monotonic()
        if story.state == self._state == RUNS and now_s - self._written_s < WRITES_EVERY_S:
            return
        self._written_s, self._state = now_s, story.state
        fresh = self._file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(story.as_dict(), file)
        fresh.replace(self._file)


def is_offered(environment: Environment) -> bool:
    """Say whether this is a whole box on one machine with a development chain of its own."""
    return environment.makes_devnet and not environment.database_url and not environment.redis_url


def start(data: Path) -> None:
    """Start a demo, unless one runs, and return when it tells something. It ends with this process at the latest."""
    if is_running(data):
        return
    story = _folder(data) / "story.json"
    story.unlink(missing_ok=True)
    child = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "demo", "--for-page"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _children.append(child)
    deadline = time.monotonic() + BEGIN_S
    while not story.exists() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(WRITES_EVERY_S / 5)


def stop(data: Path) -> None:
    """Ask the demo that runs to stop; it takes some seconds to leave nothing behind."""
    if not is_running(data):
        return
    for child in _children:  # it may not have come so far as to say which process it is
        child.terminate()
    if not _children:
        with suppress(OSError, ValueError):
            os.kill(int(_lock_of(data).read_text()), signal.SIGTERM)


def is_running(data: Path) -> bool:
    """Say whether a demo runs, also one that was just started here, and has not told anything yet."""
    for child in [child for child in _children if child.poll() is not None]:
        _children.remove(child)
        assert child.stdin
        child.stdin.close()
    return bool(_children) or _is_locked(data)


def _is_locked(data: Path) -> bool:
    try:
        lock = os.open(_lock_of(data), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _locks(lock, fcntl.LOCK_SH)  # two that look are not taken for a demo by each other
    finally:
        os.close(lock)


def read(data: Path) -> dict[str, Any]:
    """Return what the newest demo has told, {} if there was none."""
    with suppress(OSError, ValueError):
        return dict(json.loads((_folder(data) / "story.json").read_text()))
    return {}


def has_ended(source: TextIO) -> bool:
    """Say whether nobody holds the other end of this pipe any more."""
    readable = select.select([source], [], [], 0)[0]
    return bool(readable) and not os.read(source.fileno(), 1)


def _folder(data: Path) -> Path:
    return data / "demo"


def _lock_of(data: Path) -> Path:
    return _folder(data) / "lock"


def _locks(descriptor: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
