"""The folders of a node: what is known of each, what to say of it, and which takes new torrents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from seedbox.domain.kept import kept as _

MARKER = ".seedbox-folder"  # in each folder; its absence tells a missing disk from an empty one


@dataclass(frozen=True)
class Folder:
    """A place for torrents, as the operator named it."""

    name: str
    path: Path


@dataclass(frozen=True)
class FolderHealth:
    """How a folder was found."""

    name: str
    path: str
    is_there: bool  # torrents in it may be touched
    problem: str  # one sentence, "" when well
    free_bytes: int = 0
    total_bytes: int = 0


def folder_of(path: str, folders: Iterable[Folder]) -> Folder | None:
    """Return the folder that a torrent's path lies in, the deepest of several."""
    around = [folder for folder in folders if PurePath(path).is_relative_to(folder.path)]
    return max(around, key=lambda folder: len(folder.path.parts), default=None)


def folder_for_new(found: Sequence[FolderHealth]) -> str:
    """Return the path of the folder with the most free space among those that are well, else the first of all."""
    well = [folder for folder in found if folder.is_there and not folder.problem] or list(found)[:1]
    return max(well, key=lambda folder: folder.free_bytes).path


def missing(name: str) -> str:
    return _("The disk for '%(name)s' is not there: mount it; it goes on by itself.", {"name": name})


def silent(name: str) -> str:
    return _(
        "The disk for '%(name)s' does not answer: look at it and the way to it; it goes on by itself.", {"name": name}
    )


def not_configured(path: str) -> str:
    return _(
        "%(path)s lies in no folder of NODE_FOLDERS: add its folder there again and restart the node; nothing is lost.",
        {"path": path},
    )
