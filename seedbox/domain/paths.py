"""Paths of files within a torrent: none may be another's on any disk."""

import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath

MAX_PATH_BYTES = 3_000  # Linux takes 4,096 with the folder that all of it lies in


def clashing(paths: Mapping[int, str]) -> dict[int, str]:
    """Return new paths for those files whose path differs from an earlier one only in case or Unicode form.

    Many disks hold such names for one, and would let the second file overwrite the first. Engines see to ASCII letters
    alone. A file also gives way to a folder of that name.
    """
    if all(path.isascii() for path in paths.values()):
        return {}
    folders = _folders(paths)
    taken: set[str] = set()
    changed = {}
    for index, path in paths.items():
        if (folded := _fold(path)) in taken or folded in folders:
            changed[index] = path = _free_name(path, taken | folders)
            folded = _fold(path)
        taken.add(folded)
    return changed


def _folders(paths: Mapping[int, str]) -> set[str]:
    seen: set[str] = set()
    for path in paths.values():
        folder = path.rpartition("/")[0]
        while folder and folder not in seen:
            seen.add(folder)
            folder = folder.rpartition("/")[0]
    return {_fold(folder) for folder in seen}


def _free_name(path: str, taken: set[str]) -> str:
    whole = PurePosixPath(path)
    number = 1
    while _fold(fresh := str(whole.with_name(f"{whole.stem}.{number}{whole.suffix}"))) in taken:
        number += 1
    return fresh


def _fold(path: str) -> str:
    """Return what all spellings have in common that some disk takes for the same (Unicode 3.13, canonical caseless)."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())
