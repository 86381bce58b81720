"""A torrent whose disk is in trouble waits for it in state DISK, and goes on by itself.

libtorrent stops writing after a failed write and keeps what it has; what failed is asked of peers again later. Only
when all pieces have passed their check it forgets what is not written: then the files are compared with their hashes.
"""

import time
from functools import partial
from typing import TYPE_CHECKING

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.states import State
from seedbox.engine.sentences import explain
from seedbox.engine.taken import Taken
from seedbox.engine.trouble import ROOM_BYTES, WELL_AGAIN, Fault, kind_of, problem_now

if TYPE_CHECKING:
    from seedbox.engine.swarm import Swarm

FIRST_PAUSE_S = 2.0  # between two looks at a disk in trouble; doubles each time it fails again, against flapping
LONGEST_PAUSE_S = 60.0
CALM_S = 120.0  # a disk that was well for so long begins with the first pause again


def begin(swarm: "Swarm", taken: Taken, error: lt.error_code, file: str) -> None:
    """Note that the disk failed, and say so once. A torrent that rests has nothing to wait for."""
    kind = kind_of(error)
    if kind is None:
        sentence = explain(error, file)
        if sentence != taken.disk_problem:
            taken.disk_problem = sentence
            swarm.tell(taken.key, "error", sentence)
        return
    if not taken.runs:  # a write that was under way when it was stopped
        taken.handle.unset_flags(lt.torrent_flags.upload_mode)
        if not taken.holed:
            return
    if taken.fault and taken.fault.kind is kind:
        return
    now_s = time.monotonic()
    again = now_s - taken.well_since_s < CALM_S
    pause_s = min(taken.fault_pause_s * 2, LONGEST_PAUSE_S) if again else FIRST_PAUSE_S
    taken.fault_pause_s = pause_s
    taken.fault = Fault(kind, error.value(), file, pause_s, now_s + pause_s)
    taken.disk_problem = taken.fault.sentence(taken.save_path)
    swarm.faulty.add(taken.key)
    swarm.tell(taken.key, "error", taken.disk_problem)
    if taken.runs:
        swarm.show(taken, State.DISK, taken.disk_problem)


def note_failed_write(swarm: "Swarm", taken: Taken) -> None:
    """Believe nothing that was to be told once it is on disk: of what failed it may never be.

    Which of two operations failed, a read or a write, Python is not told; but what has no mark was written long ago.
    """
    if not swarm.store.is_lagging(taken.key):
        return
    swarm.store.mark_lagging(taken.key)  # anew: no save of before clears it
    taken.flush_failed = taken.is_flushing
    taken.unflushed = set()
    taken.unflushed_save = taken.syncing_save = None
    taken.holed |= taken.handle.status(0).is_seeding
    swarm.schedule_save(taken, every_s=0)


def note_untold_write(swarm: "Swarm", taken: Taken) -> None:
    """Note a failed write of which the alert was lost."""
    if swarm.store.is_lagging(taken.key):
        status = taken.handle.status(0)
        if status.errc.value() or status.flags & lt.torrent_flags.upload_mode:
            note_failed_write(swarm, taken)


def look_again(swarm: "Swarm") -> None:
    """Let torrents go on whose disk is well again."""
    now_s = time.monotonic()
    for key in tuple(swarm.faulty):
        taken = swarm.torrents.get(key)
        if taken is None or taken.fault is None:
            swarm.faulty.discard(key)
        elif now_s >= taken.fault.look_at_s and not (taken.missing or taken.returning):
            _look_at(swarm, taken, taken.fault)


def _look_at(swarm: "Swarm", taken: Taken, fault: Fault) -> None:
    seen = taken.snapshot
    left_bytes = seen.wanted_bytes - seen.done_bytes if seen and not taken.holed else ROOM_BYTES
    fault.look_at_s = float("inf")  # until this look has ended
    swarm.look_at_disk(
        taken.root,
        partial(problem_now, fault, save_path=taken.save_path, left_bytes=left_bytes),
        lambda future: _after_look(swarm, taken, fault, future.result()),
    )


def _after_look(swarm: "Swarm", taken: Taken, fault: Fault, problem: str) -> None:
    if taken.fault is not fault or swarm.torrents.get(taken.key) is not taken:
        return
    now_s = time.monotonic()
    if not problem:
        swarm.tell(taken.key, "info", _(WELL_AGAIN[fault.kind]))
        taken.well_since_s = now_s
        go_on(swarm, taken)
        return
    fault.look_at_s = now_s + fault.pause_s
    taken.disk_problem = problem
    if taken.runs:
        swarm.show(taken, State.DISK, problem)


def go_on(swarm: "Swarm", taken: Taken) -> None:
    """Let libtorrent write again."""
    if taken.holed:
        text = _(
            "Not everything was written: the files are compared with their hashes, and what is lacking is fetched "
            "again."
        )
        swarm.tell(taken.key, "warning", text)
        check_content(swarm, taken)
        return
    taken.fault = None
    taken.disk_problem = ""
    swarm.store.mark_lagging(taken.key)
    taken.handle.clear_error()
    taken.handle.unset_flags(lt.torrent_flags.stop_when_ready | lt.torrent_flags.upload_mode)
    taken.handle.resume()
    swarm.schedule_save(taken, every_s=0)  # takes the mark away again if the torrent is complete
    swarm.wants_update = True


def check_content(swarm: "Swarm", taken: Taken) -> None:
    """Let libtorrent compare what is on disk with its hashes; it fetches what it does not find."""
    swarm.store.mark_lagging(taken.key)
    taken.fault, taken.disk_problem = None, ""
    taken.holed = taken.unkept = False
    taken.file_done.clear()
    taken.handle.clear_error()
    taken.handle.force_recheck()
    taken.handle.unset_flags(lt.torrent_flags.stop_when_ready | lt.torrent_flags.upload_mode)
    taken.handle.resume()  # a paused torrent doesn't check
    if not taken.runs:
        taken.handle.set_flags(lt.torrent_flags.stop_when_ready)
    swarm.wants_update = True
