"""The end of a removal: resume data and folder go, in a thread of their own; then the torrent is reported as gone."""

from pathlib import Path
from typing import TYPE_CHECKING

from seedbox.domain.kept import kept as _
from seedbox.engine.deletion import OutsideDownloads, delete_folder
from seedbox.engine.places import is_there, root_of
from seedbox.engine.port import Removed, RemoveFailed
from seedbox.engine.swarm import Removal, Swarm

if TYPE_CHECKING:
    from concurrent.futures import Future


class DiskAway(Exception):
    """The folder's disk is not there: its files are deleted when it is back."""


def no_disk(root: Path) -> str:
    return _(
        "The disk at %(root)s is not there, so nothing was deleted yet: mount it; the node tries again.",
        {"root": str(root)},
    )


def delete_content(swarm: Swarm, removal: Removal) -> None:
    """Delete what libtorrent left, and report the outcome."""
    removal.give_up_at_s = float("inf")  # our own turn now; it has no limit

    root = root_of(swarm.settings, removal.save_path)

    def job() -> None:
        if not is_there(swarm.settings, removal.save_path):
            raise DiskAway(root)
        swarm.store.forget(removal.key)
        delete_folder(Path(removal.save_path), below=root)

    swarm.delete(root, job, lambda future: _report(swarm, removal, future))


def _report(swarm: Swarm, removal: Removal, future: "Future[None]") -> None:
    del swarm.removals[removal.key]
    problem = future.exception()
    if problem is None:
        swarm.report(Removed(removal.key))
    else:
        swarm.report(RemoveFailed(removal.key, _sentence(removal, problem)))


def _sentence(removal: Removal, problem: BaseException) -> str:
    if isinstance(problem, OutsideDownloads):
        return _(
            "%(save_path)s isn't below the node's downloads folder, so it is left alone. Delete it by hand.",
            {"save_path": removal.save_path},
        )
    if isinstance(problem, DiskAway):
        return no_disk(problem.args[0])
    what = str(problem.strerror if isinstance(problem, OSError) else problem)
    return _(
        "Some files in %(save_path)s could not be deleted (%(what)s). Mend that; the node tries again.",
        {
            "save_path": removal.save_path,
            "what": what,
        },
    )
