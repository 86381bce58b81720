"""What is told only once it is on disk: that a file is complete, for somebody will open it, and that a torrent is."""

import errno
import os
import time
from collections.abc import Sequence
from functools import partial

import libtorrent as lt

from seedbox.engine.durable import sync
from seedbox.engine.places import is_there
from seedbox.engine.port import FilesProgress
from seedbox.engine.presence import paths
from seedbox.engine.settings import EngineSettings
from seedbox.engine.swarm import Swarm
from seedbox.engine.taken import Save, Taken

CHECKING = frozenset(
    int(state)
    for state in (
        lt.torrent_status.queued_for_checking,
        lt.torrent_status.checking_files,
        lt.torrent_status.checking_resume_data,
    )
)


def look_at_files(swarm: Swarm, taken: Taken) -> None:
    """Report what changed since the last look.

    This waits for libtorrent's network thread; the alert that would spare it can't be read from Python.
    """
    swarm.due_files.pop(taken.key, None)
    if taken.missing or taken.holed:
        return  # what libtorrent knows now is not what was lost
    taken.files_at_s = time.monotonic()
    knows_all = int(taken.handle.status(0).state) not in CHECKING
    done_bytes = taken.handle.file_progress(lt.file_progress_flags_t.piece_granularity)
    changed: dict[int, int] = {}
    for index, size in taken.file_sizes.items():
        done = done_bytes[index]
        before = taken.file_done.get(index)
        if done == before or index in taken.flushing:
            continue
        # What is empty is told once too: it may be known as complete from before an unclean end. Not while it is still
        # to be looked at, though, nor of a file that was whole: one that is gone is waited for.
        if before is None and not done and size and not (knows_all and index not in taken.had):
            continue
        if done >= size:
            taken.unflushed.add(index)
        else:
            changed[index] = done
    if changed:
        taken.file_done |= changed
        swarm.report(FilesProgress(taken.key, changed))
    _flush(taken)


def save_when_flushed(swarm: Swarm, taken: Taken, save: Save) -> None:
    """Write resume data once everything that libtorrent has of the torrent now is on disk, power cut or not.

    libtorrent calls a torrent complete when every piece has passed its check, written or not, and says so in its resume
    data: were that kept, an engine that is killed before the last blocks are written would take holes for content.
    """
    taken.unflushed_save = save
    _flush(taken)


def report_flushed(swarm: Swarm, taken: Taken) -> None:
    """Report the files that a flush has brought to disk as complete, and write what waited for it."""
    taken.is_flushing = False
    if taken.flush_failed:
        taken.flush_failed, taken.flushing, taken.flushing_save = False, set(), None
        swarm.schedule_files(taken)
    if taken.flushing:
        complete = {index: taken.file_sizes[index] for index in sorted(taken.flushing)}
        taken.flushing = set()
        taken.file_done |= complete
        swarm.report(FilesProgress(taken.key, complete))
    if save := taken.flushing_save:
        taken.flushing_save = None
        contents = [path for _, path, _ in paths(taken, sorted(taken.file_sizes))]
        swarm.write_after(taken, save, partial(_keep, swarm.settings, taken.save_path, contents), _flush)
    _flush(taken)


def _keep(settings: EngineSettings, save_path: str, contents: Sequence[str]) -> None:
    """Bring files to the disk; raises OSError when it can't be said that they are there, as their disk is away."""
    sync(contents)
    if not is_there(settings, save_path):
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


def _flush(taken: Taken) -> None:
    """Start a flush for what waits for one, unless one is under way: it may have begun too early for it.

    A save waits until the disk has kept the one before, which would be in vain otherwise: on a slow disk none came to
    its end.
    """
    save = None if taken.is_syncing else taken.unflushed_save
    if (taken.unflushed or save) and not taken.is_flushing:
        taken.is_flushing = True
        taken.flushing, taken.unflushed = taken.unflushed, set()
        if save:
            taken.flushing_save, taken.unflushed_save = save, None
        taken.handle.flush_cache()
