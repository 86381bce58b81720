"""The end of a removal: resume data and folder go, in a thread of their own; then the torrent is reported as gone."""

from pathlib import Path
from typing import TYPE_CHECKING

from seedbox.engine.deletion import OutsideDownloads, delete_folder
from seedbox.engine.port import Removed, RemoveFailed
from seedbox.engine.swarm import Removal, Swarm

if TYPE_CHECKING:
    from concurrent.futures import Future


def delete_content(swarm: Swarm, removal: Removal) -> None:
    """Delete what libtorrent left, and report the outcome."""
    removal.give_up_at_s = float("inf")  # our own turn now; it has no limit

    def job() -> None:
        swarm.store.forget(removal.key)
        delete_folder(Path(removal.save_path), below=swarm.settings.downloads_folder)

    swarm.delete(job, lambda future: _report(swarm, removal, future))


def _report(swarm: Swarm, removal: Removal, future: "Future[None]") -> None:
    del swarm.removals[removal.key]
    problem = future.exception()
    if problem is None:
        swarm.report(Removed(removal.key))
    else:
        swarm.report(RemoveFailed(removal.key, _sentence(removal, problem)))


def _sentence(removal: Removal, problem: BaseException) -> str:
    if isinstance(problem, OutsideDownloads):
        return f"{removal.save_path} isn't below the node's downloads folder, so it is left alone. Delete it by hand."
    what = problem.strerror if isinstance(problem, OSError) else str(problem)
    return f"Some files in {removal.save_path} could not be deleted ({what}). Mend that; the node tries again."
