"""Resume data on disk: one file per torrent, replaced atomically, and a marker while it may lag behind the content."""

import contextlib
import os
import re
import shutil
import threading
from pathlib import Path

from seedbox.engine.durable import sync_names

_KEY = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
MAX_RESUME_BYTES = 64 * 1024 * 1024


class BadKey(ValueError):
    """A torrent's key must be 40 or 64 hex digits: it names files."""


class ResumeStore:
    """Keeps resume data by key; the owner thread and one writer thread may call it.

    While a torrent is marked as *lagging*, content on disk may be ahead of its resume data, so whoever loads it after
    an unclean end must check the content. Marking and clearing carry a generation: a late write can't clear a newer
    mark. The lock guards the order of marks, writes and forgetting in this process, not against other processes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._generations: dict[str, int] = {}
        self._gone: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in folder.glob("*.new"):  # of a write that an unclean end cut off
            _delete(leftover)

    def load(self, key: str) -> bytes | None:
        path = self._path(key)
        with self._lock:
            self._gone.discard(key)
        try:
            with path.open("rb") as file:
                return file.read(MAX_RESUME_BYTES)
        except FileNotFoundError:
            return None

    def is_lagging(self, key: str) -> bool:
        return self._marker(key).exists() or self._is_dated_back(key)

    def mark_lagging(self, key: str) -> None:
        """Mark it; on a full disk by an impossible time on the resume data, which needs no space.

        Where neither can be written nothing is marked: then an unclean end costs what was not saved, and no more.
        """
        with self._lock:
            self._generations[key] = self._generations.get(key, 0) + 1
            try:
                self._marker(key).touch()
            except OSError:
                with contextlib.suppress(OSError):  # without resume data the files are checked in any case
                    os.utime(self._path(key), (0, 0))

    def put_away(self, key: str) -> None:
        """Keep resume data that nobody can read under another name, for somebody to look at."""
        path = self._path(key)
        with self._lock, contextlib.suppress(OSError):
            path.replace(path.with_suffix(".damaged"))

    def generation(self, key: str) -> int:
        return self._generations.get(key, 0)

    def save(self, key: str, data: bytes, *, clears: int | None) -> None:
        """Replace the resume data; `clears` is the generation of the mark that this data makes needless, if any."""
        path = self._path(key)
        fresh = path.with_suffix(".new")
        try:
            self._write(fresh, data)
            with self._lock:
                if key in self._gone:
                    fresh.unlink()
                    return
                if self._is_dated_back(key):
                    self._marker(key).touch()  # the time goes with the file
                fresh.replace(path)
                self._clear(key, clears)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)  # a full disk has no room for halves
            raise
        sync_names(self._folder)

    def clear(self, key: str, *, generation: int) -> None:
        """Take the mark away if it is still of this generation: the data on disk is good as it is."""
        with self._lock:
            self._clear(key, generation)

    def forget(self, key: str) -> None:
        with self._lock:
            self._gone.add(key)
            for path in (self._path(key), self._marker(key), self._path(key).with_suffix(".damaged")):
                _delete(path)

    def _clear(self, key: str, generation: int | None) -> None:
        if generation is not None and generation == self._generations.get(key, 0):
            _delete(self._marker(key))
            if self._is_dated_back(key):
                os.utime(self._path(key))

    def _is_dated_back(self, key: str) -> bool:
        try:
            return self._path(key).stat().st_mtime == 0
        except OSError:
            return False

    def _write(self, path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise BadKey(key)
        return self._folder / f"{key}.resume"

    def _marker(self, key: str) -> Path:
        return self._path(key).with_suffix(".lagging")


def _delete(path: Path) -> None:
    """Delete a file of ours, whatever stands in its place."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        shutil.rmtree(path)
