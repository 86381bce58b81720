"""Progress of single files: partial progress at once, completion after a flush, for somebody will open the file."""

import time

import libtorrent as lt

from seedbox.engine.port import FilesProgress
from seedbox.engine.swarm import Swarm
from seedbox.engine.taken import Taken


def look_at_files(swarm: Swarm, taken: Taken) -> None:
    """Report what changed since the last look.

    This waits for libtorrent's network thread; the alert that would spare it can't be read from Python.
    """
    swarm.due_files.pop(taken.key, None)
    if taken.missing:
        return  # what libtorrent knows now is not what was lost
    taken.files_at_s = time.monotonic()
    done_bytes = taken.handle.file_progress(lt.file_progress_flags_t.piece_granularity)
    changed: dict[int, int] = {}
    for index, size in taken.file_sizes.items():
        done = done_bytes[index]
        if done == taken.file_done.get(index, 0) or index in taken.flushing:
            continue
        if done >= size:
            taken.unflushed.add(index)
        else:
            changed[index] = done
    if changed:
        taken.file_done |= changed
        swarm.report(FilesProgress(taken.key, changed))
    _flush(taken)


def report_flushed(swarm: Swarm, taken: Taken) -> None:
    """Report the files that a flush has brought to disk as complete."""
    if taken.flushing:
        complete = {index: taken.file_sizes[index] for index in sorted(taken.flushing)}
        taken.flushing = set()
        taken.file_done |= complete
        swarm.report(FilesProgress(taken.key, complete))
    _flush(taken)


def _flush(taken: Taken) -> None:
    """Start a flush for files that are complete, unless one is under way: it may have begun too early for them."""
    if taken.unflushed and not taken.flushing:
        taken.flushing, taken.unflushed = taken.unflushed, set()
        taken.handle.flush_cache()
