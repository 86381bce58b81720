"""Engine errors in plain words, each with a way out."""

import errno

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.language import gettext_noop

_FILE_TOO_SHORT = 23  # libtorrent's number for it
_SYSTEM = {
    errno.ENOSPC: gettext_noop("The disk is full. Free some space, then start the torrent again."),
    errno.EDQUOT: gettext_noop("The disk quota is used up. Free some space, then start the torrent again."),
    errno.EACCES: gettext_noop(
        "The node is not allowed to use the file. Mend the permissions, then start the torrent again."
    ),
    errno.EPERM: gettext_noop(
        "The node is not allowed to use the file. Mend the permissions, then start the torrent again."
    ),
    errno.EROFS: gettext_noop("The disk can only be read. Make it writable, then start the torrent again."),
    errno.EIO: gettext_noop("The disk failed to read or write. Check the disk, then recheck the torrent."),
    errno.ENOENT: gettext_noop("A file is missing on disk. Recheck the torrent to fetch it again."),
    errno.ENOTDIR: gettext_noop(
        "A file is where the torrent's folder should be. Move it away, then start the torrent again."
    ),
    errno.ENAMETOOLONG: gettext_noop("A file's name is too long for this disk. Ask for a torrent with shorter names."),
    errno.EFBIG: gettext_noop("A file is too large for this disk. Use a disk that can hold it."),
    errno.EMFILE: gettext_noop(
        "The node has too many files open. Raise its limit of open files, then start the torrent again."
    ),
    errno.ENODEV: gettext_noop("The disk is gone. Mount it again, then recheck the torrent."),
}

CONFLICT = gettext_noop("This is the same torrent as another one on this node. Remove this one and use the other.")


_MISSING = frozenset({("system", errno.ENOENT), ("system", errno.ENOTDIR), ("libtorrent", _FILE_TOO_SHORT)})


def is_missing(error: lt.error_code) -> bool:
    """Say whether the error means that a file isn't there, or not all of it."""
    return (error.category().name(), error.value()) in _MISSING


def explain(error: lt.error_code, file: str = "") -> str:
    """Say what went wrong, which file it was, and what to do."""
    if error.category().name() == "system" and error.value() in _SYSTEM:
        sentence = _(_SYSTEM[error.value()])
        return _("%(sentence)s File: %(file)s.", {"sentence": sentence, "file": file}) if file else sentence
    where = f"{error.message()} ({file})" if file else error.message()
    return _("The engine stopped this torrent: %(why)s. Recheck it, or remove it and add it again.", {"why": where})
