"""Where torrents may be: below one of the node's folders, and only while that folder's disk is there."""

from pathlib import Path

from seedbox.domain.folders import MARKER
from seedbox.engine.settings import EngineSettings


def root_of(settings: EngineSettings, save_path: str) -> Path:
    """Return the folder that a save path lies in; the first one when it lies in none."""
    folders = (settings.downloads_folder, *settings.more_folders)
    return next((folder for folder in folders if Path(save_path).is_relative_to(folder)), folders[0])


def is_there(settings: EngineSettings, save_path: str) -> bool:
    """Say whether the folder's marker is there: without it this may be an empty mount point.

    A disk that does not answer keeps the caller, who must not be the engine's thread.
    """
    if not settings.has_markers:
        return True
    try:
        (root_of(settings, save_path) / MARKER).stat()
    except OSError:
        return False
    return True
