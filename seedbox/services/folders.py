"""A node's folders on disk: which are there, which can be written, and how much room they have.

A marker file stands in each folder. A mount point whose disk is away looks like an empty folder, but has no marker:
then nothing below it is read, written or deleted until the marker is back. Each folder is looked at in a thread of its
own: a network disk whose server is gone may answer never, and the node has others.
"""

import os
import shutil
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, wait
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from seedbox.domain.folders import (
    MARKER,
    Folder,
    FolderHealth,
    folder_of,
    missing,
    not_configured,
    silent,
)
from seedbox.domain.kept import kept as _
from seedbox.domain.kept import together
from seedbox.models import Node, Torrent

MAX_MARKER_BYTES = 200
PATIENCE_S = 2.0  # with all looks that have just begun; a disk that is well answers at once
SILENT_AFTER = timedelta(seconds=5)  # a look that takes longer: the disk does not answer


class Watch:
    """What is known of one folder. A look that doesn't end is left alone, and no other is begun until it does."""

    def __init__(self, folder: Folder, look: Callable[[], FolderHealth]) -> None:
        self.found = _gone(folder, silent(folder.name))  # until the first answer
        self._folder = folder
        self._look = look
        self._answer: Future[FolderHealth] = Future()
        self._began_at: datetime | None = None

    def begin(self, now: datetime) -> "Future[FolderHealth] | None":
        """Begin a look and return its answer to come; None while the one before is under way."""
        if self._began_at is not None:
            return None
        self._began_at, self._answer = now, Future()
        # A daemon: the process may end while the disk is silent.
        threading.Thread(target=self._run, args=[self._answer], name=f"folder-{self._folder.name}", daemon=True).start()
        return self._answer

    def take(self, now: datetime) -> FolderHealth:
        """Return what the last look found; a look that takes too long has found silence."""
        if self._answer.done():
            self._began_at = None
            self.found = self._answer.result()
        elif self._began_at is not None and not timedelta(0) <= now - self._began_at < SILENT_AFTER:
            self.found = _gone(self._folder, silent(self._folder.name))
        return self.found

    def _run(self, answer: "Future[FolderHealth]") -> None:
        try:
            answer.set_result(self._look())
        except Exception as mistake:
            answer.set_exception(mistake)


class Folders:
    """What one node knows of its folders. Used by the engine's thread, which no disk can keep."""

    def __init__(
        self, *, node_name: str, folders: Sequence[Folder], known: Collection[str], used: Collection[str] = ()
    ) -> None:
        """Begin with the names of the folders that were in use before: only others may be made and marked.

        `used` are those that may be older than markers: one with content is marked, an empty one is not.
        """
        self.found: tuple[FolderHealth, ...] = ()
        self._node_name = node_name
        self._folders = tuple(folders)
        self._known = set(known)
        self._used = frozenset(used)
        self._watches = [Watch(folder, partial(self._look_at, folder)) for folder in folders]
        self._problems: dict[str, str] = {}  # of those that are not there, by name

    @property
    def known(self) -> frozenset[str]:
        return frozenset(self._known)

    def look(self, now: datetime) -> bool:
        """Look at every folder; true: another set of them is there than before."""
        before = self._problems if self.found else None
        begun = [watch.begin(now) for watch in self._watches]
        wait(filter(None, begun), timeout=PATIENCE_S)
        self.found = tuple(watch.take(now) for watch in self._watches)
        self._known |= {each.name for each in self.found if each.is_there}
        self._problems = {each.name: each.problem for each in self.found if not each.is_there}
        return before != self._problems

    def why_not(self, save_path: str) -> str:
        """Return the sentence why a torrent's folder may not be touched now, "" when it may."""
        folder = folder_of(save_path, self._folders)
        return not_configured(save_path) if folder is None else self._problems.get(folder.name, "")

    def problem(self) -> str:
        """Return the sentences about all folders for the health page, "" when all are well."""
        return together(each.problem for each in self.found)

    def _look_at(self, folder: Folder) -> FolderHealth:
        """Look at one folder, in a thread that may be kept for ever."""
        try:
            problem = self._marker_problem(folder)
            if problem:
                return _gone(folder, problem)
            disk = shutil.disk_usage(folder.path)
            problem = "" if os.access(folder.path, os.W_OK | os.X_OK) else _read_only(folder)
        except OSError as error:
            sentence = _(
                "The folder '%(name)s' can't be used (%(strerror)s): mend that; it goes on by itself.",
                {
                    "name": folder.name,
                    "strerror": str(error.strerror),
                },
            )
            return _gone(folder, sentence)
        if not disk.free:
            problem = _(
                "The disk of the folder '%(name)s' is full: free space; it goes on by itself.", {"name": folder.name}
            )
        return FolderHealth(
            folder.name, str(folder.path), is_there=True, problem=problem, free_bytes=disk.free, total_bytes=disk.total
        )

    def _marker_problem(self, folder: Folder) -> str:
        """Read the marker; write it where the folder is truly new."""
        label = f"{self._node_name}/{folder.name}"
        marker = folder.path / MARKER
        try:
            with marker.open("rb") as file:
                text = file.read(MAX_MARKER_BYTES).decode(errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            if folder.name in self._known or (folder.name in self._used and not _has_content(folder.path)):
                return missing(folder.name)
            folder.path.mkdir(parents=True, exist_ok=True)
            text = ""
        if not text:  # new, or a disk that was full while it was written
            marker.write_text(f"{label}\n")
            text = label
        if text != label:
            return _(
                "The disk at %(path)s is not the one of '%(name)s': its file %(marker)s says %(text)s, not "
                "%(label)s. Mount the right one, or mend NODE_FOLDERS.",
                {
                    "path": str(folder.path),
                    "name": folder.name,
                    "marker": MARKER,
                    "text": repr(text[:60]),
                    "label": repr(label),
                },
            )
        return ""


def _gone(folder: Folder, problem: str) -> FolderHealth:
    return FolderHealth(folder.name, str(folder.path), is_there=False, problem=problem)


def _read_only(folder: Folder) -> str:
    return _(
        "The folder '%(name)s' can't be written: make it writable; downloads go on by themselves.",
        {"name": folder.name},
    )


def open_folders(node: Node) -> Folders:
    """Return this install's folders; those are known that the node has used, also before there were markers."""
    known = {entry["name"] for entry in node.folders if entry.get("known")}
    used = [folder.name for folder in settings.NODE_FOLDERS if folder.name not in known and _was_used(node, folder)]
    return Folders(node_name=node.name, folders=settings.NODE_FOLDERS, known=known, used=used)


def _was_used(node: Node, folder: Folder) -> bool:
    inside = Torrent.objects.filter(node=node, save_path__startswith=f"{folder.path}/")
    return inside.filter(Q(observation__done_bytes__gt=0)).exists()


def _has_content(path: Path) -> bool:
    try:
        return any(path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return False
