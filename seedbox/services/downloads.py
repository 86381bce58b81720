"""Finished files on their way out: which file it is, whether it may go, and its bytes with little memory."""

import asyncio
import mimetypes
import os
import stat
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from seedbox.domain.ranges import Span
from seedbox.models import File

CHUNK_BYTES = 1_048_576

_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # non-blocking: a pipe must not hold us up
_FOLDER_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_OCTETS = "application/octet-stream"


class NoSuchFile(Exception):
    """The user holds no such torrent, or it has no such file."""


class NotComplete(Exception):
    """The file is not finished."""

    def __init__(self, file: File) -> None:
        super().__init__()
        self.file = file


class Vanished(Exception):
    """The database has the file as complete, the disk does not."""


@dataclass(frozen=True)
class Download:
    """A finished file, found in the database."""

    save_path: str
    path: str  # below save_path
    size_bytes: int
    etag: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


def find_download(*, user_id: int, holding_id: int, index: int) -> Download:
    """Return a finished file of the user's own holding; raises NoSuchFile or NotComplete."""
    own = File.objects.filter(torrent__holdings__pk=holding_id, torrent__holdings__user_id=user_id, index=index)
    file = own.select_related("torrent").first()
    if file is None:
        raise NoSuchFile
    if not file.is_complete:
        raise NotComplete(file)
    # Content never changes under an info-hash, so this names the bytes.
    etag = f'"{file.torrent.key}-{file.index}-{file.size_bytes}"'
    return Download(file.torrent.save_path, file.path, file.size_bytes, etag)


def open_below(folder: str, path: str) -> int:
    """Open a regular file for reading and return its descriptor; raises OSError.

    Every step below `folder` is opened by itself and may be no symbolic link: a torrent, or a peer of ours on this
    disk, must not lead out of the folder. What is open stays what it was, whatever happens to its name.
    """
    *folders, name = PurePosixPath(path).parts
    if path.startswith("/") or ".." in folders or name == "..":
        raise FileNotFoundError(path)
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for step in folders:
            below = os.open(step, _FOLDER_FLAGS, dir_fd=here)
            os.close(here)
            here = below
        descriptor = os.open(name, _FILE_FLAGS, dir_fd=here)
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(path)
    return descriptor


def open_download(download: Download) -> int:
    """Return a descriptor of the file; raises Vanished if it is gone or has another size than it should."""
    try:
        descriptor = open_below(download.save_path, download.path)
    except (OSError, ValueError) as problem:
        raise Vanished from problem
    if os.fstat(descriptor).st_size != download.size_bytes:
        os.close(descriptor)
        raise Vanished
    return descriptor


class FileBytes:
    """The bytes of a span, read in a thread while the chunk before is being sent; at most two chunks are in memory.

    Owns the descriptor and closes it when the last byte was read, or when whoever reads goes away.
    """

    def __init__(self, descriptor: int, span: Span) -> None:
        self._descriptor = descriptor
        self._span = span
        self._lock = threading.Lock()  # a read must not meet a descriptor that is somebody else's by now

    async def __aiter__(self) -> AsyncIterator[bytes]:
        offset = self._span.start
        ahead = self._read_from(offset)
        try:
            while offset < self._span.end:
                chunk = await ahead
                if not chunk:
                    raise Vanished("the file became shorter while it was sent")
                offset += len(chunk)
                ahead = self._read_from(offset)
                yield chunk
        finally:
            await asyncio.wait([ahead])
            self.close()

    def close(self) -> None:
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _read_from(self, offset: int) -> asyncio.Future[bytes]:
        return asyncio.get_running_loop().run_in_executor(None, self._read, offset)

    def _read(self, offset: int) -> bytes:
        with self._lock:
            if self._descriptor < 0:
                return b""
            return os.pread(self._descriptor, min(CHUNK_BYTES, self._span.end - offset), offset)


def content_type(name: str) -> str:
    """Return the type that a name suggests; a packed file is sent as what it is, never as packing to be undone."""
    kind, encoding = mimetypes.guess_type(name)
    return _OCTETS if kind is None or encoding is not None else kind


def attachment(name: str) -> str:
    """Return Content-Disposition for a name of any characters: plain ASCII for the old, UTF-8 for all others."""
    name = "".join(char if char.isprintable() or char == "\N{ZERO WIDTH JOINER}" else "_" for char in name) or "file"
    plain = "".join(char if char.isascii() and char not in '"\\/%' else "_" for char in name)
    if plain == name:
        return f'attachment; filename="{name}"'
    encoded = quote(name.encode(errors="replace"), safe="!#$&+-.^_`|~")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
