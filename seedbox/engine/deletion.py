"""Delete a torrent's folder, and nothing but that folder."""

import os
import shutil
import stat
from pathlib import Path


class OutsideDownloads(Exception):
    """The torrent's folder isn't below the node's downloads folder, so it is left alone. Delete it by hand."""


def delete_folder(path: Path, *, below: Path) -> None:
    """Delete `path` with all that is in it; links are deleted, never followed.

    1. Refuse anything that doesn't lie below `below`, seen without following the last part.
    2. A link, or a file, in place of the folder is deleted itself.
    3. The tree is deleted through descriptors (shutil.rmtree), so a link put in meanwhile leads nowhere.

    Raises OutsideDownloads or OSError; what is gone already is no error.
    """
    root = below.resolve()
    target = path.parent.resolve() / path.name
    if path.name in ("", ".", "..") or root == target or root not in target.parents:
        raise OutsideDownloads(str(path))
    try:
        mode = os.lstat(target).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
