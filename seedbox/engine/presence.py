"""Are the files still there? What was complete and is gone, or has another size, stops its torrent: state MISSING.

A stopped torrent serves nothing wrong and fetches nothing that nobody wished. When all its files are whole again, or
look so, they are compared with their hashes, and it goes on.
"""

import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.language import gettext_noop
from seedbox.domain.states import State
from seedbox.engine.places import is_there
from seedbox.engine.taken import Taken

if TYPE_CHECKING:
    from concurrent.futures import Future

    from seedbox.engine.swarm import Swarm

FILES_AT_ONCE = 500  # looked at in one go: nothing beside the reads of seeding
ROUND_PAUSE_S = 5.0  # between two rounds over all files
LOOK_AGAIN_S = 3.0  # at files that are missing
GONE = gettext_noop(
    "%(file)s is gone or has another size. Put it back and it goes on by itself, or press "
    "“Fetch what is missing” to download it again."
)
CHANGED = gettext_noop(
    "%(file)s is not what it was. Put it back and it goes on by itself, or press "
    "“Fetch what is missing” to download it again."
)


@dataclass(frozen=True)
class Expected:
    """Files of one torrent that should be whole."""

    key: str
    save_path: str
    files: tuple[tuple[int, str, int], ...]  # index, path, size


class Presence:
    """Looks at a bounded number of files of one folder at a time, in a thread of its own: its disk may be slow."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._round: Iterator[Expected] = iter(())
        self._next_round_s = 0.0
        self._is_looking = False

    def tick(self, swarm: "Swarm") -> None:
        """Start the next look, unless one is under way."""
        if self._is_looking or swarm.closing:
            return
        expected = [*_missing(swarm, self._root), *self._take(swarm)]
        if not expected:
            return
        self._is_looking = True
        swarm.look_at_disk(self._root, lambda: _look(swarm, expected), lambda future: self._after(swarm, future))

    def _take(self, swarm: "Swarm") -> list[Expected]:
        found: list[Expected] = []
        while sum(len(each.files) for each in found) < FILES_AT_ONCE:
            each = next(self._round, None)
            if each is None:
                break
            found.append(each)
        now_s = time.monotonic()
        if not found and now_s >= self._next_round_s:
            self._next_round_s = now_s + ROUND_PAUSE_S
            self._round = _everything(swarm, self._root)
        return found

    def _after(self, swarm: "Swarm", future: "Future[dict[str, tuple[int, str] | None]]") -> None:
        self._is_looking = False
        for key, wrong in future.result().items():
            taken = swarm.torrents.get(key)
            if taken is None or taken.returning:
                continue
            if wrong is None:
                if taken.missing:
                    files_are_back(swarm, taken)
            elif wrong[0] in should_be_whole(taken):  # still: it may be checked or fetched by now
                _stop_without(swarm, taken, wrong[1])


def files_are_missing(swarm: "Swarm", taken: Taken, file: str) -> None:
    """Stop a torrent whose files can't be served, and say which is the first.

    Where the whole disk is away, the node takes the torrent out instead.
    """
    swarm.look_at_disk(
        taken.root,
        lambda: is_there(swarm.settings, taken.save_path),
        lambda future: _stop_without(swarm, taken, file) if future.result() else None,
    )


def _stop_without(swarm: "Swarm", taken: Taken, file: str, sentence: str = GONE) -> None:
    if taken.missing or swarm.torrents.get(taken.key) is not taken:
        return
    shown = os.path.relpath(file, taken.root) if file else ""
    shown = shown.partition("/")[2] if "/" in shown else shown  # without the folder that is named by the key
    taken.missing = _(sentence, {"file": shown or _("A file")})
    taken.look_at_s = time.monotonic() + LOOK_AGAIN_S
    taken.had = frozenset(should_be_whole(taken))
    taken.handle.unset_flags(lt.torrent_flags.stop_when_ready)
    taken.handle.pause()
    swarm.missing.add(taken.key)
    swarm.tell(taken.key, "error", taken.missing)
    swarm.show(taken, State.MISSING, taken.missing, had_bytes=had_bytes(taken))
    swarm.wants_update = True


def files_are_back(swarm: "Swarm", taken: Taken) -> None:
    """Compare the files with their hashes; the end of that decides."""
    swarm.missing.discard(taken.key)
    swarm.tell(taken.key, "info", _("The missing files are there again: they are compared with their hashes."))
    taken.missing = ""
    taken.returning = True
    taken.holed = taken.unkept = False
    swarm.store.mark_lagging(taken.key)
    taken.handle.clear_error()
    taken.handle.force_recheck()
    taken.handle.resume()  # a paused torrent doesn't check
    taken.handle.set_flags(lt.torrent_flags.stop_when_ready)


def check_has_ended(swarm: "Swarm", taken: Taken) -> None:
    """After files came back: go on if they are what they should be, else wait for the user's word."""
    taken.returning = False
    done = taken.handle.file_progress(lt.file_progress_flags_t.piece_granularity)
    lacks = {index: taken.file_sizes[index] - done[index] for index in taken.had}
    if not any(lacks.values()):
        taken.handle.unset_flags(lt.torrent_flags.stop_when_ready)
        if taken.runs:
            taken.handle.resume()
        return
    worst = max(lacks, key=lambda index: lacks[index])  # its neighbours lack the pieces that they share with it
    _stop_without(swarm, taken, paths(taken, [worst])[0][1], CHANGED)
    taken.look_at_s = float("inf")  # they have the right size and the wrong content: looking again tells nothing


def fetch_anyway(swarm: "Swarm", taken: Taken) -> None:
    """Somebody wished for a check: what it does not find may be fetched."""
    taken.missing, taken.returning, taken.had = "", False, frozenset()
    swarm.missing.discard(taken.key)


def had_bytes(taken: Taken) -> int:
    """Return how much was whole: what is gone for a while is no lost progress."""
    return sum(taken.file_sizes.get(index, 0) for index in taken.had)


def paths(taken: Taken, indices: Sequence[int]) -> list[tuple[int, str, int]]:
    """Return index, path and size of files."""
    info = taken.handle.torrent_file()
    if info is None:
        return []
    layout, renamed = info.layout(), taken.handle.get_renamed_files()
    return [(i, renamed.file_path(layout, i, taken.save_path), taken.file_sizes[i]) for i in indices]


def should_be_whole(taken: Taken) -> list[int]:
    """Return the indices of files that were complete."""
    whole = (index for index, size in taken.file_sizes.items() if size and taken.file_done.get(index) == size)
    return sorted({*whole, *(index for index in taken.had if taken.file_sizes.get(index))})


def _missing(swarm: "Swarm", root: Path) -> list[Expected]:
    """Return those files of stopped torrents that are due, some at most."""
    now_s = time.monotonic()
    found: list[Expected] = []
    for key in tuple(swarm.missing):
        taken = swarm.torrents.get(key)
        if taken is None or not taken.missing:
            swarm.missing.discard(key)
        elif taken.root == root and now_s >= taken.look_at_s and len(found) < FILES_AT_ONCE:
            taken.look_at_s = now_s + LOOK_AGAIN_S
            found.append(Expected(key, taken.save_path, tuple(paths(taken, sorted(taken.had)))))
    return found


def _everything(swarm: "Swarm", root: Path) -> Iterator[Expected]:
    for key in [taken.key for taken in swarm.torrents if taken.root == root]:
        taken = swarm.torrents.get(key)
        if taken is None or taken.missing or taken.returning or taken.refusal or taken.snapshot is None:
            continue
        if taken.snapshot.state is State.CHECKING:
            continue
        whole = should_be_whole(taken)
        for start in range(0, len(whole), FILES_AT_ONCE):
            yield Expected(key, taken.save_path, tuple(paths(taken, whole[start : start + FILES_AT_ONCE])))


def _look(swarm: "Swarm", expected: Sequence[Expected]) -> "dict[str, tuple[int, str] | None]":
    """Return index and path of the first file that is not whole by key, None where all are whole.

    Says nothing of disks that are away.
    """
    found: dict[str, tuple[int, str] | None] = {}
    for each in expected:
        wrong = first_missing(each.files)
        if is_there(swarm.settings, each.save_path):
            found[each.key] = found.get(each.key) or wrong
    return found


def first_missing(files: Sequence[tuple[int, str, int]]) -> tuple[int, str] | None:
    """Return index and path of the first of these files that is not there or has another size."""
    return next(((index, path) for index, path, size in files if not _is_whole(path, size)), None)


def _is_whole(path: str, size_bytes: int) -> bool:
    try:
        seen = Path(path).stat()
    except OSError:
        return False
    return stat.S_ISREG(seen.st_mode) and seen.st_size == size_bytes
